"""Questions to the terminal at the start, its answers, and keys that are typed meanwhile."""

import os
import pty
import select
import termios
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from credtui.tui.terminal.input import InputFilter
from credtui.tui.terminal.keys import ESCAPE
from credtui.tui.terminal.questions import Answers, Multiplexer, Questions
from tests.terminal import TIMEOUT

ASKED = b"\x1b]11;?\x07"
SECONDARY = b"\x1b[>c"
FENCE = b"\x1b[c"
VT220 = b"\x1b[?62;4c"
XTERM = {"TERM": "xterm-256color"}
LIGHT = b"\x1b]11;rgb:ffff/ffff/ffff\x07"


@pytest.fixture
def line() -> Iterator[tuple[int, int]]:
    """The two ends of a pseudo-terminal."""
    ends = pty.openpty()
    yield ends
    for end in ends:
        os.close(end)


def written(master: int) -> bytes:
    """Return what the terminal has to show by now."""
    return os.read(master, 100) if select.select([master], [], [], 0.1)[0] else b""


def ask(
    line: tuple[int, int],
    parts: Sequence[bytes],
    *,
    env: dict[str, str] = XTERM,
    background: bool = True,
    within: float = TIMEOUT,
) -> tuple[bytes, Answers]:
    """Ask a terminal that answers in parts. Return what it was asked, and what is known."""
    master, slave = line
    with Questions(env, background=background, input_fd=slave, output_fd=slave) as questions:
        asked = written(master)

        def answer() -> None:
            for part in parts:
                os.write(master, part)

        other_end = threading.Thread(target=answer)
        other_end.start()
        answers = questions.answers(within)
        other_end.join()
    return asked, answers


class TestBackground:
    @pytest.mark.parametrize(
        ("colour", "light"),
        [
            (b"rgb:ffff/ffff/ffff", True),
            (b"rgb:0000/0000/0000", False),
            (b"rgb:fd/f6/e3", True),
            (b"rgb:0/2/3", False),
            (b"rgb:f/f/f", True),
            (b"rgb:800/800/800", True),
            (b"rgb:7f/7f/7f", False),
            (b"rgb:0000/0000/ffff", False),
            (b"rgb:0000/ffff/0000", True),
            (b"rgb:FFFF/FFFF/DDDD", True),
            (b"rgba:ffff/ffff/ffff/8000", True),
            (b"rgb:1e1e/1e1e/1e1e", False),
            (b"rgb:fffff/ffff/ffff", False),  # no colour
            (b"rgb:ffff/ffff", False),
            (b"#ffffff", False),
        ],
    )
    @pytest.mark.parametrize("end", [b"\x07", b"\x1b\\", b"\x9c"], ids=["BEL", "ST", "C1"])
    def test_the_answer(
        self, line: tuple[int, int], colour: bytes, end: bytes, *, light: bool
    ) -> None:
        asked, answers = ask(line, [b"\x1b]11;" + colour + end + VT220])
        assert asked == ASKED + FENCE
        assert answers.light is light

    @pytest.mark.parametrize("cut", range(1, len(LIGHT + VT220)))
    def test_an_answer_in_two_parts(self, line: tuple[int, int], cut: int) -> None:
        whole = LIGHT + VT220
        _, answers = ask(line, [whole[:cut], whole[cut:]])
        assert answers.light
        assert answers.received == whole

    def test_a_terminal_that_tells_no_background(self, line: tuple[int, int]) -> None:
        """Nothing is waited for: the answer to the last question shows that there is no other."""
        _, answers = ask(line, [VT220])
        assert answers == Answers(received=VT220)

    def test_a_terminal_that_answers_nothing(self, line: tuple[int, int]) -> None:
        _, answers = ask(line, [], within=0.1)
        assert answers == Answers()

    def test_what_came_in_time_counts_though_the_program_was_slow(
        self, line: tuple[int, int]
    ) -> None:
        master, slave = line
        with Questions(XTERM, background=True, input_fd=slave, output_fd=slave) as questions:
            os.write(master, LIGHT + VT220)
            assert questions.answers(within=-1).light

    def test_the_terminal_has_gone(self, line: tuple[int, int]) -> None:
        _, slave = line
        with Questions(XTERM, background=True, input_fd=slave, output_fd=slave) as questions:
            os.dup2(os.open(os.devnull, os.O_RDONLY), slave)
            assert not questions.answers().light

    @pytest.mark.parametrize(
        ("env", "background"),
        [
            (XTERM, False),
            (XTERM | {"NO_COLOR": "1"}, True),
            ({"TERM": "linux"}, True),
            ({"TERM": "vt100"}, True),
        ],
    )
    def test_not_asked(
        self, line: tuple[int, int], env: dict[str, str], *, background: bool
    ) -> None:
        before = termios.tcgetattr(line[1])
        asked, answers = ask(line, [], env=env, background=background)
        assert asked == b""
        assert answers == Answers()
        assert termios.tcgetattr(line[1]) == before

    def test_an_empty_no_color_is_none(self, line: tuple[int, int]) -> None:
        assert ask(line, [VT220], env=XTERM | {"NO_COLOR": ""})[0] == ASKED + FENCE

    def test_no_terminal_to_ask(self, tmp_path: Path) -> None:
        with (tmp_path / "file").open("w+") as file:
            descriptor = file.fileno()
            with Questions(
                XTERM, background=True, input_fd=descriptor, output_fd=descriptor
            ) as questions:
                assert questions.answers() == Answers()
        assert (tmp_path / "file").read_text() == ""


class TestTypedKeys:
    @pytest.mark.parametrize(
        ("parts", "keys"),
        [
            ([b"n", LIGHT, VT220], "n"),
            ([LIGHT, b"n", VT220, b""], "n"),
            ([b"a" + LIGHT + b"\xc3", b"\xa9" + VT220], "aé"),
            ([b"]11;rgb:ffff/ffff/ffff", LIGHT, VT220], "]11;rgb:ffff/ffff/ffff"),
            ([b"\x1b", LIGHT, VT220], ESCAPE),
            ([b"\x1b[A", LIGHT, VT220], "\x1b[A"),
            ([b"\r", LIGHT, VT220], "\r"),
        ],
    )
    def test_they_are_kept_for_the_portal(
        self, line: tuple[int, int], parts: Sequence[bytes], keys: str
    ) -> None:
        _, answers = ask(line, parts)
        assert answers.light
        incoming = InputFilter()
        found = [*incoming.feed(answers.received, 0), *incoming.tick(9)]
        assert "".join(found) == keys

    def test_they_were_typed_before(self, line: tuple[int, int]) -> None:
        """Before the terminal was asked, and without Enter."""
        master, slave = line
        os.write(master, b"n")
        with Questions(XTERM, background=True, input_fd=slave, output_fd=slave) as questions:
            os.write(master, VT220)
            assert questions.answers().received == b"n" + VT220

    def test_they_are_not_shown_meanwhile(self, line: tuple[int, int]) -> None:
        asked, _ = ask(line, [b"n", LIGHT, VT220])
        assert asked == ASKED + FENCE
        assert written(line[0]) == b""

    def test_the_modes_come_back(self, line: tuple[int, int]) -> None:
        before = termios.tcgetattr(line[1])
        with Questions(XTERM, background=True, input_fd=line[1], output_fd=line[1]):
            assert termios.tcgetattr(line[1]) != before
        assert termios.tcgetattr(line[1]) == before

    def test_a_long_paste_ends_the_wait(self, line: tuple[int, int]) -> None:
        _, answers = ask(line, [b"x" * 1000] * 70)
        assert set(answers.received) == {ord("x")}


class TestMultiplexer:
    @pytest.mark.parametrize(
        ("env", "expected"),
        [
            ({"TERM": "screen", "TMUX": "/x,1,0"}, Multiplexer.TMUX),
            ({"TERM": "screen", "STY": "1.x"}, Multiplexer.SCREEN),
            ({"TERM": "xterm-256color", "SSH_CONNECTION": "x"}, None),
            ({}, None),
        ],
    )
    def test_nothing_is_asked_where_it_is_known(
        self, line: tuple[int, int], env: dict[str, str], expected: Multiplexer | None
    ) -> None:
        asked, answers = ask(line, [], env=env, background=False)
        assert asked == b""
        assert answers == Answers(multiplexer=expected)

    @pytest.mark.parametrize(
        ("term", "parts", "expected"),
        [
            ("screen", [b"\x1b[>84;0;0c"], Multiplexer.TMUX),
            ("screen.xterm", [b"\x1b[>83;40900;0c"], Multiplexer.SCREEN),
            ("tmux-256color", [b"typed\x1b[>8", b"4;0;0c"], Multiplexer.TMUX),
            ("screen", [b"\x1b[>41;354;0c"], None),
            ("screen-256color", [], Multiplexer.SCREEN),
            ("tmux-256color", [], Multiplexer.TMUX),
        ],
    )
    def test_the_terminal_is_asked(
        self,
        line: tuple[int, int],
        term: str,
        parts: Sequence[bytes],
        expected: Multiplexer | None,
    ) -> None:
        env = {"TERM": term}
        asked, answers = ask(line, [*parts, VT220], env=env, background=False)
        assert asked == SECONDARY + FENCE
        assert answers.multiplexer is expected

    def test_without_any_answer_the_name_of_the_terminal_decides(
        self, line: tuple[int, int]
    ) -> None:
        _, answers = ask(line, [], env={"TERM": "screen"}, within=0.1)
        assert answers.multiplexer is Multiplexer.SCREEN

    def test_all_is_asked_at_once(self, line: tuple[int, int]) -> None:
        parts = [LIGHT, b"\x1b[>84;0;0c", VT220]
        asked, answers = ask(line, parts, env={"TERM": "screen-256color"})
        assert asked == ASKED + SECONDARY + FENCE
        assert answers.multiplexer is Multiplexer.TMUX
        assert answers.light


class TestLateAnswers:
    """The portal has stopped waiting, and reads keys."""

    @pytest.mark.parametrize("end", [b"\x07", b"\x1b\\", b"\x9c"], ids=["BEL", "ST", "C1"])
    def test_no_piece_is_a_key(self, end: bytes) -> None:
        whole = LIGHT[:-1] + end + b"\x1b[>84;0;0c" + VT220
        for cut in range(1, len(whole)):
            incoming = InputFilter()
            found = incoming.feed(b"a" + whole[:cut], 0)
            found += incoming.tick(0.05)
            found += incoming.feed(whole[cut:] + b"b", 0.08)
            found += incoming.tick(5)
            assert found == ["a", "b"], cut

    def test_an_answer_that_had_begun_in_time(self) -> None:
        """Its first part is among what was received, and the rest comes later."""
        incoming = InputFilter()
        assert incoming.feed(b"a" + LIGHT[:9], 0) == ["a"]
        assert incoming.tick(1.5) == []
        assert incoming.feed(LIGHT[9:] + VT220 + b"b", 1.6) == ["b"]
