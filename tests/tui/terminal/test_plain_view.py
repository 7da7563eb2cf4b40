import os
import pty
import re
import signal
import termios
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from credtui.tui.terminal.plain_view import HINT, MORE, TOO_SMALL, Left, pages, show_plain
from tests.terminal import TIMEOUT, Terminal
from tests.tui.terminal.multiplexers import Screen, Tmux, python

SECRET = "csk_uat_9fK2mQ8xVb7RtLpW3nYs6HjDz0AcEgUiTo4BqXvMy1N5k"
ENTRIES = [
    ("Audience", "urn:ripplexcurrent-uat:acme"),
    ("Client ID", "cid_7Qm2xV9Kp4Rt8Wb3"),
    ("Secret", SECRET),
]
SHOWN = "\n".join(["", *(f"\n{label}\n{value}" for label, value in ENTRIES)])

# A Textual program that shows the secret on its own screen, as the secret dialog does.
APP = f"""
import os
from textual.app import App
from textual.widgets import Static
from credtui.tui.terminal.plain_view import show_plain

class Portal(App):
    ENABLE_COMMAND_PALETTE = False
    BINDINGS = [("v", "view", "View"), ("c", "close", "Close")]

    def compose(self):
        yield Static("the dialog\\n{SECRET}", id="dialog")

    def action_view(self):
        with self.suspend():
            left = show_plain({ENTRIES!r}, idle=IDLE)
        self.query_one(Static).update(f"left by {{left}}\\n{SECRET}")

    def action_close(self):
        self.query_one(Static).update("closed")

Portal().run()
print("the shell again")
input()
"""


@pytest.fixture
def portal(tmp_path: Path) -> Callable[..., list[str]]:
    def words(idle: float | None = None) -> list[str]:
        script = tmp_path / "portal.py"
        script.write_text(APP.replace("IDLE", repr(idle)))
        # The main screen must show what it showed before, and nothing else.
        return ["sh", "-c", f"echo before; exec {' '.join(python(script))}"]

    return words


def leave_by(terminal: Terminal, key: str) -> None:
    terminal.wait_for("the dialog")
    terminal.press("v")
    terminal.wait_for(HINT)
    terminal.wait_for(SECRET)
    terminal.press(key)
    terminal.wait_for("left by key")


def quit_portal(terminal: Terminal) -> None:
    terminal.press("c")
    terminal.wait_for("closed")
    terminal.wait_gone(SECRET)
    terminal.press("ctrl+q")
    terminal.wait_for("the shell again")


class TestInTextual:
    def test_shows_the_values_alone(self, portal: Callable[..., list[str]]) -> None:
        with Terminal(portal()) as terminal:
            terminal.wait_for("the dialog")
            terminal.press("v")
            terminal.wait_for(SECRET)
            terminal.wait_for(HINT)
            assert "\n".join(terminal.lines).rstrip() == HINT + "\n" + SHOWN.removeprefix("\n")
            assert terminal.private_modes & {1000, 1002, 1003} == set(), (
                "the mouse is the terminal's"
            )
            terminal.press("enter")
            terminal.wait_for("left by key")
            quit_portal(terminal)
            assert SECRET not in terminal.text
            assert "before" in terminal.text
            assert terminal.is_cooked()

    @pytest.mark.parametrize("key", ["enter", "escape", "q", "ctrl+c", "ctrl+z", "ctrl+d"])
    def test_a_key_returns(self, portal: Callable[..., list[str]], key: str) -> None:
        with Terminal(portal()) as terminal:
            leave_by(terminal, key)
            quit_portal(terminal)

    def test_it_is_left_by_itself(self, portal: Callable[..., list[str]]) -> None:
        with Terminal(portal(idle=0.3)) as terminal:
            terminal.wait_for("the dialog")
            terminal.press("v")
            terminal.wait_for("left by idle")

    def test_it_does_not_stop_while_it_shows(self, portal: Callable[..., list[str]]) -> None:
        with Terminal(portal()) as terminal:
            terminal.wait_for("the dialog")
            terminal.press("v")
            terminal.wait_for(HINT)
            os.killpg(terminal.process.pid, signal.SIGTSTP)
            terminal.press("enter")
            terminal.wait_for("left by key")


class TestScrollback:
    @pytest.mark.parametrize("options", ["", "set -g alternate-screen off"])
    def test_tmux_keeps_nothing(
        self, tmp_path: Path, portal: Callable[..., list[str]], options: str
    ) -> None:
        tmux = Tmux(tmp_path, options)
        with tmux.run(portal()) as terminal:
            leave_by(terminal, "enter")
            quit_portal(terminal)
            assert "the shell again" in tmux("capture-pane", "-p", "-S", "-")
            for extra in ([], ["-a", "-q"]):
                assert SECRET not in tmux("capture-pane", "-p", "-J", "-S", "-", *extra)

    @pytest.mark.parametrize("options", ["", "altscreen on\n"])
    def test_screen_keeps_nothing(
        self, tmp_path: Path, portal: Callable[..., list[str]], options: str
    ) -> None:
        screen = Screen(tmp_path, "defscrollback 1000\n" + options)
        with screen.run(portal()) as terminal:
            leave_by(terminal, "enter")
            quit_portal(terminal)
            everything = screen.everything()
            assert "the shell again" in everything
            assert SECRET not in everything

    @pytest.mark.parametrize("program", ["tmux", "screen"])
    def test_nothing_while_the_window_gets_lower(self, tmp_path: Path, program: str) -> None:
        script = tmp_path / "view.py"
        script.write_text(
            "from credtui.tui.terminal.plain_view import show_plain\n"
            f"show_plain({ENTRIES!r})\nprint('the shell again')\ninput()\n"
        )
        multiplexer = (
            Tmux(tmp_path, "set -g alternate-screen off") if program == "tmux" else Screen(tmp_path)
        )

        def everything() -> str:
            if isinstance(multiplexer, Screen):
                return multiplexer.everything()
            return multiplexer("capture-pane", "-p", "-J", "-S", "-")

        with multiplexer.run(python(script)) as terminal:
            terminal.wait_for(SECRET)
            terminal.resize(rows=6, cols=80)
            terminal.wait_for(MORE)
            assert SECRET not in everything()
            terminal.press("enter")
            terminal.wait_for("the shell again")
            assert SECRET not in everything()


@pytest.fixture
def view(tmp_path: Path) -> list[str]:
    """The words that run the view alone."""
    script = tmp_path / "view.py"
    script.write_text(
        "from credtui.tui.terminal.plain_view import show_plain\n"
        f"print('left by', show_plain({ENTRIES!r}))\n"
    )
    return python(script)


class TestKeys:
    def test_nothing_is_padded_or_wrapped(self, view: list[str]) -> None:
        with Terminal(view) as terminal:
            terminal.wait_for(SECRET)
            texts = [text for entry in ENTRIES for text in entry]
            # The program may be ending already.
            terminal.wait_until(
                lambda: all(
                    re.search(rf"\x1b\[\d+H{text}\x1b".encode(), terminal.bytes_received)
                    for text in texts
                ),
                "each text alone between two movements of the cursor",
            )

    def test_an_arrow_or_a_late_answer_does_not_return(self, view: list[str]) -> None:
        with Terminal(view) as terminal:
            terminal.wait_for(SECRET)
            terminal.press("up")
            terminal.send("\x1b[?2026;2$y")
            terminal.wait_quiet()
            assert SECRET in terminal.text
            terminal.press("escape")
            terminal.wait_for("left by key")

    def test_a_long_answer_in_pieces_does_not_return(self, view: list[str]) -> None:
        with Terminal(view) as terminal:
            terminal.wait_for(HINT)
            # More bytes than one read takes, from a terminal whose text isn't UTF-8.
            for piece in ("\x1b]52;c;", "qqqq" * 300, "q\r\x03", "\x07", "\udce4\udc9b"):
                terminal.send(piece)
                terminal.wait_quiet(0.2)
                assert HINT in terminal.text
            terminal.press("enter")
            terminal.wait_for("left by key")

    def test_pages_in_a_low_window(self, view: list[str]) -> None:
        with Terminal(view, rows=4) as terminal:
            terminal.wait_for(MORE)
            for label, value in [*ENTRIES, ENTRIES[0]]:
                terminal.wait_for(label)
                terminal.wait_for(value)
                terminal.press("space")
            terminal.press("q")
            terminal.wait_for("left by key")

    def test_resizing_loses_nothing(self, view: list[str]) -> None:
        with Terminal(view) as terminal:
            terminal.wait_for(SECRET)
            terminal.resize(rows=4, cols=60)
            terminal.wait_for(MORE)
            terminal.resize(rows=30, cols=100)
            terminal.wait_for(SECRET)
            terminal.press("enter")
            terminal.wait_for("left by key")
            assert SECRET not in terminal.text

    def test_the_line_drops(self, view: list[str]) -> None:
        with Terminal(["sh", "-c", f"trap '' HUP; exec {' '.join(view)}"]) as terminal:
            terminal.wait_for(SECRET)
            terminal.hang_up()
            terminal.wait_exit()


class TestPages:
    def test_all_on_one(self) -> None:
        assert pages(ENTRIES, 80, 24) == [[text for entry in ENTRIES for text in ("", *entry)]]

    @pytest.mark.parametrize("columns", [1, 5, 20, 53, 54, 80])
    @pytest.mark.parametrize("rows", range(1, 13))
    def test_none_is_higher_than_the_window(self, columns: int, rows: int) -> None:
        for page in pages(ENTRIES, columns, rows):
            assert sum(max(1, -(-len(line) // columns)) for line in page) <= max(rows - 1, 0)

    def test_a_value_goes_before_its_label(self) -> None:
        assert pages([("Secret", SECRET)], 80, 2) == [[SECRET]]

    def test_a_value_is_never_shown_in_part(self) -> None:
        assert pages([("Secret", SECRET)], 20, 3) == [[TOO_SMALL]]

    def test_wide_characters_take_two_columns(self) -> None:
        value = "漢" * 41
        assert pages([("Audience", value)], 80, 4) == [[value]]
        assert pages([("Audience", value)], 80, 5) == [["", "Audience", value]]


class TestRestores:
    def test_the_terminal_is_as_it_was(self) -> None:
        """This terminal doesn't know its size."""
        master, slave = pty.openpty()
        before = termios.tcgetattr(slave)
        os.write(master, b"q")
        assert show_plain(ENTRIES, input_fd=slave, output_fd=slave) is Left.KEY
        assert termios.tcgetattr(slave) == before
        written = b""
        while not written.endswith(b"\x1b[?1049l"):
            written += os.read(master, 65536)
        assert written.endswith(b"\x1b[24H\x1b[2K\x1b[H\x1b[?25h\x1b[?1049l")
        os.close(slave)
        os.close(master)

    def test_nothing_is_shown_without_a_terminal(self, tmp_path: Path) -> None:
        with (tmp_path / "file").open("w") as file, pytest.raises(OSError, match="ioctl"):
            show_plain(ENTRIES, input_fd=0, output_fd=file.fileno())
        assert (tmp_path / "file").read_text() == ""

    def test_from_another_thread(self) -> None:
        master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (24, 80))
        left: list[Left] = []
        thread = threading.Thread(
            target=lambda: left.append(show_plain(ENTRIES, input_fd=slave, output_fd=slave))
        )
        thread.start()
        seen = b""
        while SECRET.encode() not in seen:
            seen += os.read(master, 65536)
        os.write(master, b"\r")
        thread.join(TIMEOUT)
        assert left == [Left.KEY]
        os.close(slave)
        os.close(master)
