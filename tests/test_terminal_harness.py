"""The harness itself, on programs whose behaviour is known."""

import os
import re
import select
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.emulator import Emulator
from tests.support import default_signals_in_children
from tests.terminal import TIMEOUT, Terminal, need_program

TEXTUAL_APP = """
from textual.app import App, ComposeResult
from textual.events import Resize
from textual.widgets import Button, Input, Label

class Sample(App[None]):
    BINDINGS = [("f1", "say('pressed f1')"), ("escape", "say('pressed escape')")]

    def compose(self) -> ComposeResult:
        yield Input(placeholder="Your name")
        yield Button("Greet")
        yield Label("nothing yet")

    def on_button_pressed(self) -> None:
        self.action_say("Hello " + self.query_one(Input).value)

    def on_resize(self, event: Resize) -> None:
        self.action_say(f"{event.size.width}x{event.size.height}")

    def action_say(self, text: str) -> None:
        self.query_one(Label).update(text)

Sample().run()
"""


@pytest.fixture
def app() -> Iterator[Terminal]:
    with Terminal([sys.executable, "-c", TEXTUAL_APP]) as terminal:
        terminal.wait_for("80x24")
        yield terminal


def shell(script: str, **options: object) -> Terminal:
    return Terminal(["sh", "-c", script], **options)  # type: ignore[arg-type]


class TestPrograms:
    def test_what_is_typed_comes_back(self) -> None:
        with Terminal(["cat"]) as terminal:
            terminal.send("grüße\n")
            terminal.wait_for("grüße\ngrüße")
            terminal.press("ctrl+d")
            assert terminal.wait_exit() == 0

    def test_the_last_words_and_the_status_arrive(self) -> None:
        with shell("echo last words; exit 3") as terminal:
            assert terminal.wait_exit() == 3
            assert terminal.lines[0] == "last words"

    def test_the_program_knows_the_size_and_each_change_of_it(self) -> None:
        with shell("trap 'stty size' WINCH; stty size; while :; do sleep 0.05; done") as terminal:
            terminal.wait_for("24 80")
            terminal.resize(40, 120)
            terminal.wait_for("40 120")
            assert len(terminal.screen_cells()) == 40
            assert len(terminal.screen_cells()[0]) == 120

    def test_keys_send_signals(self) -> None:
        with Terminal(["cat"]) as terminal:
            terminal.send("ready\n")
            terminal.wait_for("ready\nready")
            terminal.press("ctrl+c")
            assert terminal.wait_exit() == -signal.SIGINT

    def test_a_dropped_line_hangs_up(self) -> None:
        with Terminal(["cat"]) as terminal:
            terminal.send("ready\n")
            terminal.wait_for("ready\nready")
            terminal.hang_up()
            assert terminal.wait_exit() == -signal.SIGHUP

    @pytest.mark.parametrize(
        "number", [signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGTSTP]
    )
    def test_what_the_tests_ignore_reaches_the_program(self, number: signal.Signals) -> None:
        before = signal.signal(number, signal.SIG_IGN)
        try:
            with default_signals_in_children(), Terminal(["cat"]) as terminal:
                os.kill(os.getpid(), number)
                status = Path(f"/proc/{terminal.process.pid}/status").read_text()
        finally:
            signal.signal(number, before)
        ignored = int(re.findall(r"SigIgn:\s*(\w+)", status)[0], 16)
        assert not ignored >> (number - 1) & 1

    def test_closing_ends_the_whole_group(self) -> None:
        with shell('sleep 600 & echo "<$!>"; wait') as terminal:
            terminal.wait_for(re.compile(r"<\d+>"))
            child = os.pidfd_open(int(terminal.lines[0].strip("<>")))
        assert terminal.process.returncode == -signal.SIGKILL
        ended, _, _ = select.select([child], [], [], TIMEOUT)
        assert ended == [child]
        os.close(child)

    def test_the_environment_is_what_the_test_gives(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TMUX", "leaks")
        with Terminal(["env"], env={"EXTRA": "given"}, cwd=tmp_path, rows=60) as terminal:
            terminal.wait_exit()
            assert "EXTRA=given" in terminal.lines
            assert "HOME=/nonexistent" in terminal.lines
            assert "TMUX" not in terminal.text

    def test_a_program_that_does_not_exist_fails_at_once(self) -> None:
        with pytest.raises(FileNotFoundError):
            Terminal(["no-such-program"])


class TestWaiting:
    def test_a_failure_shows_the_screen(self) -> None:
        with shell("echo here; cat") as terminal:
            terminal.wait_for("here")
            with pytest.raises(AssertionError, match=r"(?s)still no 'elsewhere'.*\|here +\|"):
                terminal.wait_for("elsewhere", timeout=0.01)
            with pytest.raises(AssertionError, match="still running"):
                terminal.wait_exit(timeout=0.01)
            with pytest.raises(AssertionError, match="'elsewhere' is not on the screen"):
                terminal.find("elsewhere")

    def test_no_use_waiting_for_a_program_that_has_ended(self) -> None:
        with Terminal(["true"]) as terminal, pytest.raises(AssertionError, match="has ended"):
            terminal.wait_for("more")

    def test_gone_and_quiet(self) -> None:
        with shell("echo one; read line; printf '\\033[2J'; echo two; cat") as terminal:
            terminal.wait_for("one")
            terminal.mark()
            terminal.press("enter")
            terminal.wait_gone("one")
            terminal.wait_for("two")
            terminal.wait_quiet(0.05)
            assert terminal.bytes_received == b"\r\n\x1b[2Jtwo\r\n"


class TestTextual:
    def test_by_keyboard(self, app: Terminal) -> None:
        app.send("Ada")
        app.wait_for("Ada")
        row = app.find("Greet").row
        unfocused = app.screen_cells()[row]
        app.press("tab")
        # Until the focus has moved, another key would go to the text field.
        app.wait_until(lambda: app.screen_cells()[row] != unfocused, "focus on the button")
        app.press("enter")
        app.wait_for("Hello Ada")
        app.press("f1")
        app.wait_for("pressed f1")
        app.press("escape")
        app.wait_for("pressed escape")
        app.press("ctrl+q")
        assert app.wait_exit() == 0

    def test_by_mouse(self, app: Terminal) -> None:
        app.paste("Grace")
        app.wait_for("Grace")
        app.click_on("Greet")
        app.wait_for("Hello Grace")

    def test_a_resize_is_drawn(self, app: Terminal) -> None:
        app.resize(30, 100)
        app.wait_for("100x30")

    def test_nothing_but_the_app_is_drawn(self, app: Terminal) -> None:
        words = re.findall(r"\w+", app.text)
        assert words == ["Your", "name", "Greet", "80x24"]

    def test_the_terminal_is_as_it_was_afterwards(self) -> None:
        with Terminal([sys.executable, "-c", f"input('before')\n{TEXTUAL_APP}"]) as terminal:
            terminal.wait_for("before")
            before = terminal.private_modes
            terminal.press("enter")
            terminal.wait_for("80x24")
            assert not terminal.is_cooked()
            assert {1049, 1006, 2004} <= terminal.private_modes
            assert "before" not in terminal.text
            terminal.press("ctrl+q")
            terminal.wait_exit()
            assert terminal.is_cooked()
            assert terminal.private_modes == before
            assert terminal.text.split() == ["before"]


class TestScreen:
    def test_cells_carry_colours_and_attributes(self) -> None:
        with shell("printf '\\033[1;31;44mx\\033[0my'") as terminal:
            terminal.wait_exit()
            red, plain = terminal.screen_cells()[0][:2]
            assert (red.char, red.fg, red.bg, red.bold) == ("x", "red", "blue", True)
            assert (plain.char, plain.fg, plain.bg, plain.bold) == (
                "y",
                "default",
                "default",
                False,
            )

    def test_find_counts_cells_not_characters(self) -> None:
        with shell("printf '\\n漢字 here'") as terminal:
            terminal.wait_exit()
            assert terminal.find("here") == (5, 1)
            assert terminal.cursor == (9, 1)

    def test_what_scrolls_away_is_kept(self) -> None:
        with shell("seq 30") as terminal:
            terminal.wait_exit()
            assert terminal.scrollback == [str(number) for number in range(1, 8)]

    def test_the_alternate_screen_leaves_nothing(self) -> None:
        script = "echo kept; printf '\\033[?1049h'; seq 30; printf '\\033[?1049l'; echo more"
        with shell(script) as terminal:
            terminal.wait_exit()
            assert terminal.text.split() == ["kept", "more"]
            assert terminal.scrollback == []

    def test_queries_are_answered(self) -> None:
        ask = "stty raw -echo; printf '\\033[>c'; head -c 10 | od -An -c"
        with shell(ask, answers={b"\x1b[>c": b"\x1b[>84;0;0c"}) as terminal:
            assert terminal.wait_exit() == 0
            assert terminal.text.split() == ["033", *"[>84;0;0c"]


UNSEEN = [
    b"\x1b[>1u",
    b"\x1b[<u",
    b"\x1b[?u",
    b"\x1b[=1;1u",
    b"\x1b[?2026$p",
    b"\x1b[>4;1m",
    b"\x1b[>0q",
    b"\x1b[4:3m",
    b"\x1b[2 q",
    b"\x1b[!p",
    b"\x1b]52;c;c2VjcmV0\x07",
    b"\x1b]22;pointer\x1b\\",
    b"\x1b]11;?\x1b\\",
    b"\x1b]Palette\x07",
    b"\x1bPtmux;\x1b\x1b]52;c;c2VjcmV0\x07\x1b\\",
    b"\x1bP+q544e\x1b\\",
    b"\x1b_application\x1b\\",
    b"\x1bkname\x1b\\",
]


@pytest.mark.parametrize("sequence", UNSEEN)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_sequences_beyond_pyte_draw_nothing(sequence: bytes, size: int) -> None:
    emulator = Emulator(2, 20, reply=lambda _: None, answers={})
    data = b"\x1b]0;title\x07\x1b[1mA" + sequence + "é".encode() + sequence + b"\x1b[2;3HC"
    for start in range(0, len(data), size):
        emulator.feed(data[start : start + size])
    assert emulator.lines == ["Aé", "  C"]
    assert emulator.title == "title"
    assert {cell.underline for row in emulator.cells for cell in row} == {False}


def test_rows_scroll_by_command_between_the_margins() -> None:
    emulator = Emulator(5, 3, reply=lambda _: None, answers={})
    emulator.feed(b"1\r\n2\r\n3\r\n4\r\n5\x1b[2;4r\x1b[S")
    assert emulator.lines == ["1", "3", "4", "", "5"]
    emulator.feed(b"\x1b[2T")
    assert emulator.lines == ["1", "", "", "3", "5"]


def test_a_missing_program_fails_in_ci_and_skips_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    assert Path(need_program("sh")).is_absolute()
    with pytest.raises(pytest.skip.Exception, match="no-such-program is not installed"):
        need_program("no-such-program")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no-such-program is not installed"):
        need_program("no-such-program")
