"""The driver in a real terminal, with Textual around it."""

from pathlib import Path

import pytest

from tests.terminal import Terminal
from tests.tui.multiplexers import python

# An app that shows what comes, and a driver whose parts fail as told by a key.
APP = """
from textual.app import App
from textual.widgets import Static
from credtui.tui.terminal import driver
from credtui.tui.terminal.driver import CredtuiDriver

class Fails(CredtuiDriver):
    def process_message(self, message):
        if getattr(message, "key", "") == "x":
            raise ValueError("csk_uat_9fK2mQ8xVb7RtLpW3nYs6HjDz0AcEgUiTo4BqXvMy1N5k")
        super().process_message(message)

class Shows(App):
    came = ""

    def compose(self):
        yield Static("ready", markup=False)

    def on_key(self, event):
        self.came += f" {event.key}"
        self.query_one(Static).update(f"came:{self.came}; {self.size.width}x{self.size.height}")
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


def test_a_terminal_that_knows_no_size(script: Path) -> None:
    env = {"COLUMNS": "50", "LINES": "15"}
    with Terminal(python(script), rows=0, cols=0, env=env) as terminal:
        terminal.wait_until(lambda: b"ready" in terminal.bytes_received, "start")
        terminal.send("a")
        terminal.wait_until(lambda: b"80x24" in terminal.bytes_received, "80x24")
