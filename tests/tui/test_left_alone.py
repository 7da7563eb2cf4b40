"""A secret that nobody watches any more, in a real pseudo-terminal."""

import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from credtui.tui.dialogs.secret import CONCEALED
from credtui.tui.terminal.plain_view import HINT
from tests.stores import CHOSEN
from tests.terminal import Terminal
from tests.tui.terminal.multiplexers import python

ROOT = Path(__file__).parents[2]
IDLE = 3
SECRET = re.compile(r"csk_uat_[A-Za-z0-9]{49}")

# The whole portal. It conceals a secret sooner than the settings allow.
PORTAL = f"""
import os, sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from credtui.tui.app import run_portal
from credtui.tui.terminal.questions import Questions
from tests.support import ALICE
from tests.tui.apps import Stage

stage = Stage(Path(sys.argv[1]), conceal_secret_after=SECONDS)
if not stage.names:
    stage.add("Payout gateway")
with Questions(os.environ, background=False) as questions:
    sys.exit(run_portal(stage.installation, ALICE, stage.page, os.environ, questions))
"""


@contextmanager
def secret_shown(folder: Path, idle: float) -> Iterator[Terminal]:
    """The secret dialog; its secret is hidden after some seconds without a key."""
    script = folder / "portal.py"
    script.write_text(PORTAL.replace("SECONDS", str(idle)))
    words = [*python(script), str(folder / "store")]
    with Terminal(words, env={CHOSEN: os.environ[CHOSEN]}, cols=100, rows=30) as terminal:
        terminal.wait_for("Payout gateway")
        terminal.press("r")
        terminal.wait_for("immediately invalidated")
        terminal.press("y")
        terminal.wait_for(SECRET)
        yield terminal


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[Terminal]:
    with secret_shown(tmp_path, IDLE) as terminal:
        yield terminal


def assert_hidden_until_a_key(terminal: Terminal) -> None:
    """Check that the secret wasn't drawn since the last mark, and that a key draws it."""
    terminal.wait_for(CONCEALED)
    assert not SECRET.search(terminal.text)
    assert not SECRET.search(terminal.bytes_received.decode(errors="replace")), "for a moment"
    terminal.press("x")
    terminal.wait_for(SECRET)


def test_plain_view_comes_back_hidden(shown: Terminal) -> None:
    shown.press("v")
    shown.wait_for(HINT)
    shown.wait_for(SECRET)
    shown.mark()
    shown.wait_gone(HINT)
    assert_hidden_until_a_key(shown)


def test_plain_view_that_a_key_leaves_comes_back_shown(tmp_path: Path) -> None:
    with secret_shown(tmp_path, 600) as terminal:
        terminal.press("v")
        terminal.wait_for(HINT)
        terminal.press("enter")
        terminal.wait_for("Save your secret now")
        terminal.wait_for(SECRET)


@pytest.mark.parametrize(
    ("keys", "title"),
    [
        ("f", "New file, readable"),
        ("?", "Command palette"),
        ("\x10", "Search for commands"),
    ],
    ids=["save", "help", "palette"],
)
def test_under_another_dialog(shown: Terminal, keys: str, title: str) -> None:
    shown.send(keys)
    shown.wait_for(title)
    time.sleep(IDLE)
    shown.mark()
    shown.press("escape")
    assert_hidden_until_a_key(shown)


@pytest.mark.parametrize("how", ["ctrl+z", "SIGTSTP", "SIGSTOP"])
def test_stopped_and_continued(shown: Terminal, how: str) -> None:
    process = shown.process.pid
    if how == "ctrl+z":
        shown.press("ctrl+z")
    else:
        os.kill(process, getattr(signal, how))
    os.waitid(os.P_PID, process, os.WSTOPPED | os.WNOWAIT)
    time.sleep(IDLE)
    shown.mark()
    os.kill(process, signal.SIGCONT)
    assert_hidden_until_a_key(shown)
