"""The driver in a real terminal, with Textual around it."""

from pathlib import Path

import pytest

from tests.terminal import Terminal
from tests.tui.terminal.multiplexers import python

# An app that shows what it gets, and a driver in which keys make parts fail.
APP = """
from textual.app import App
from textual.widgets import Button
from credtui.tui.terminal import driver
from credtui.tui.terminal.driver import CredtuiDriver

class Fails(CredtuiDriver):
    def process_message(self, message):
        if getattr(message, "key", "") == "x":
            raise ValueError("csk_uat_9fK2mQ8xVb7RtLpW3nYs6HjDz0AcEgUiTo4BqXvMy1N5k")
        super().process_message(message)

class Shows(App):
    CSS = "Button { width: 100%; }"
    came = ""
    times = frozenset()

    def compose(self):
        yield Button("ready")

    def on_key(self, event):
        self.came += f" {event.key}"
        self.times |= {event.time}
        button = self.query_one(Button)
        size = f"{self.size.width}x{self.size.height}"
        came = f"came:{self.came}; {len(self.times)} times"
        button.label = f"{came}; {size}; focus {button.has_focus}"
        if event.key == "q":
            self.exit()

Shows(driver_class=Fails).run()
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    script = tmp_path / "shows.py"
    script.write_text(APP)
    return script


def test_an_error_costs_one_key(script: Path) -> None:
    with Terminal(python(script)) as terminal:
        terminal.wait_for("ready")
        terminal.send("axb")
        terminal.wait_for("came: a b;")
        terminal.wait_for("could not be")
        assert "csk_" not in terminal.text
        terminal.send("xxx\x1b[Aé")
        terminal.wait_for("came: a b up é;")
        terminal.press("q")
        assert terminal.wait_exit() == 0
        assert "csk_" not in terminal.text


def test_keys_cut_into_bytes(script: Path) -> None:
    with Terminal(python(script)) as terminal:
        terminal.wait_for("ready")
        for byte in "é漢\x1bOP".encode():
            terminal.send(bytes([byte]).decode(errors="surrogateescape"))
        terminal.wait_for("came: é 漢 f1;")


def test_keys_that_come_at_once_have_one_time(script: Path) -> None:
    """When the person pressed the later keys, they couldn't see the outcome of the first."""
    with Terminal(python(script)) as terminal:
        terminal.wait_for("ready")
        terminal.send("abcdefghij")
        terminal.wait_for("came: a b c d e f g h i j;")
        terminal.wait_for("; 1 times;")


def test_a_terminal_that_knows_no_size(script: Path) -> None:
    env = {"COLUMNS": "50", "LINES": "15"}
    with Terminal(python(script), rows=0, cols=0, env=env) as terminal:
        terminal.wait_until(lambda: b"ready" in terminal.bytes_received, "start")
        terminal.send("a")
        terminal.wait_until(lambda: b"80x24" in terminal.bytes_received, "80x24")


def test_a_click_where_no_screen_is(script: Path) -> None:
    with Terminal(python(script)) as terminal:
        terminal.wait_for("ready")
        for column, row in ((81, 1), (1, 25), (800, 480), (99999, 99999)):
            terminal.click(column - 1, row - 1)
            terminal.send(f"\x1b[<65;{column};{row}M")
        terminal.send("a")
        terminal.wait_for("came: a; 1 times; 80x24; focus True")
