import io
import os
import pty
from collections.abc import Iterator
from pathlib import Path

import pytest

from credtui.tui.terminal.session import (
    NoTerminal,
    ascii_only,
    require_terminal,
    use_utf8,
    window_size,
)
from tests.terminal import Terminal
from tests.tui.terminal.multiplexers import python


@pytest.fixture
def line() -> Iterator[tuple[int, int]]:
    """The two ends of a pseudo-terminal."""
    ends = pty.openpty()
    yield ends
    for end in ends:
        os.close(end)


class TestRequireTerminal:
    def test_a_terminal(self, line: tuple[int, int]) -> None:
        with open(line[1], closefd=False) as stream:
            require_terminal({"TERM": "xterm"}, stream, stream)

    @pytest.mark.parametrize("stream", [None, io.StringIO()])
    def test_no_terminal(self, stream: io.StringIO | None) -> None:
        with pytest.raises(NoTerminal, match="needs a terminal"):
            require_terminal({"TERM": "xterm"}, stream)

    def test_a_closed_stream(self) -> None:
        stream = io.StringIO()
        stream.close()
        with pytest.raises(NoTerminal):
            require_terminal({"TERM": "xterm"}, stream)

    @pytest.mark.parametrize(
        ("env", "said"),
        [
            ({}, "TERM is not set"),
            ({"TERM": ""}, "TERM is not set"),
            ({"TERM": "dumb"}, "TERM is dumb"),
            ({"TERM": "unknown"}, "TERM is unknown"),
        ],
    )
    def test_a_terminal_that_cannot_show_it(self, env: dict[str, str], said: str) -> None:
        with pytest.raises(NoTerminal, match=said):
            require_terminal(env)


class TestUtf8:
    def test_the_stream_speaks_it(self) -> None:
        written = io.BytesIO()
        stream = io.TextIOWrapper(written, encoding="iso-8859-1")
        use_utf8(stream, None, io.StringIO())
        print("╭─ \udcff", file=stream, flush=True, end="")
        assert written.getvalue() == "╭─ \\udcff".encode()


class TestAscii:
    @pytest.mark.parametrize(
        ("env", "expected"),
        [
            ({}, True),
            ({"LANG": "C"}, True),
            ({"LANG": "POSIX"}, True),
            ({"LANG": "C.UTF-8"}, False),
            ({"LANG": "C.utf8"}, False),
            ({"LANG": "en_GB.UTF-8"}, False),
            ({"LANG": "de_DE.UTF-8@euro"}, False),
            ({"LANG": "de_DE"}, True),
            ({"LANG": "de_DE@euro"}, True),
            ({"LANG": "de_DE.ISO-8859-1"}, True),
            ({"LANG": "x.no-such-encoding"}, True),
            ({"LANG": "C", "LC_CTYPE": "UTF-8"}, False),
            ({"LANG": "en_GB.UTF-8", "LC_CTYPE": "C"}, True),
            ({"LANG": "en_GB.UTF-8", "LC_ALL": "C"}, True),
            ({"LANG": "C", "LC_CTYPE": "C", "LC_ALL": "C.UTF-8"}, False),
            ({"LANG": "en_GB.UTF-8", "LC_ALL": ""}, False),
            ({"LANG": "en_GB.UTF-8", "TERM": "linux"}, False),
            ({"LANG": "en_GB.UTF-8", "TERM": "vt100"}, True),
            ({"LANG": "en_GB.UTF-8", "TERM": "vt220"}, True),
        ],
    )
    def test_what_decides(self, env: dict[str, str], *, expected: bool) -> None:
        assert ascii_only(env) is expected

    def test_python_does_not_hide_the_c_locale(self, tmp_path: Path) -> None:
        script = tmp_path / "locale.py"
        script.write_text(
            "import os\nfrom credtui.tui.terminal.session import ascii_only, first_environment\n"
            "print(ascii_only(first_environment()), os.environ.get('LC_CTYPE'))\n"
        )
        with Terminal(python(script), env={"LANG": "C"}) as terminal:
            terminal.wait_for("True")


def test_a_terminal_that_does_not_know_its_size(line: tuple[int, int]) -> None:
    assert window_size(line[1]) == (80, 24)
