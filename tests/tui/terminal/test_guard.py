import os
import re
import shlex
import signal
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.terminal import TIMEOUT, Terminal
from tests.tui.terminal.multiplexers import python

SECRET = "csk_uat_9fK2mQ8xVb7RtLpW3nYs6HjDz0AcEgUiTo4BqXvMy1N5k"

# A Textual program like the portal, with the guard around it.
APP = """
import asyncio, os, signal, sys, time
from pathlib import Path
from textual.app import App
from textual.widgets import Static
from credtui.tui.terminal.driver import CredtuiDriver
from credtui.tui.terminal.session import forbid_stop, guard_session

folder, behaviour, grace = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])

class Portal(App):
    def get_driver_class(self):
        return CredtuiDriver

    def compose(self):
        yield Static("the dialog SECRET")

    def on_mount(self):
        # As in the portal: without a handler, a signal waits until something else happens.
        asyncio.get_running_loop().add_signal_handler(signal.SIGURG, lambda: None)
        if behaviour == "forced":
            forbid_stop()

def note(what):
    with (folder / "notes").open("a") as file:
        print(what, file=file)

def hangup():
    note("hangup")
    if behaviour == "stuck":
        time.sleep(60)

def terminate(number):
    note(f"terminate {number}")
    if behaviour != "stuck":
        app._loop.call_soon_threadsafe(app.exit)

(folder / "pid").write_text(str(os.getpid()))
app = Portal()
guard_session(0, 2, on_hangup=hangup, on_terminate=terminate, grace=grace)
app.run()
note("normal end")
"""


class Portal:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._script = folder / "portal.py"
        self._script.write_text(APP.replace("SECRET", SECRET))

    def __call__(
        self, behaviour: str = "good", *, grace: float = 600.0, started_by: str = ""
    ) -> Terminal:
        """Start the program in a terminal, after some words of shell."""
        words = [*python(self._script), str(self._folder), behaviour, str(grace)]
        return Terminal(["sh", "-c", f"{started_by} {shlex.join(words)}"])

    @property
    def notes(self) -> list[str]:
        file = self._folder / "notes"
        return file.read_text().splitlines() if file.exists() else []

    @property
    def pid(self) -> int:
        return int((self._folder / "pid").read_text())

    def runs(self) -> bool:
        """Whether the process runs. A zombie doesn't."""
        try:
            return self._stat()[0] not in "ZX"
        except OSError:
            return False

    def state(self) -> str:
        """What the process does, as a letter: T is stopped."""
        return self._stat()[0]

    def cpu_seconds(self) -> float:
        fields = self._stat()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _stat(self) -> list[str]:
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    portal = Portal(tmp_path)
    yield portal
    if portal.runs():
        os.kill(portal.pid, signal.SIGKILL)


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class TestHangUp:
    @pytest.mark.parametrize(
        "started_by",
        ["exec", "trap '' HUP; exec", "setsid --wait"],
        ids=["signal", "signal ignored", "setsid"],
    )
    def test_the_program_ends(self, portal: Portal, started_by: str) -> None:
        with portal(started_by=started_by) as terminal:
            terminal.wait_for("the dialog")
            terminal.hang_up()
            until(lambda: not portal.runs())
            assert "hangup" in portal.notes
            assert "normal end" not in portal.notes

    def test_a_callback_that_is_stuck_does_not_keep_it(self, portal: Portal) -> None:
        with portal("stuck", grace=0.2, started_by="exec") as terminal:
            terminal.wait_for("the dialog")
            terminal.hang_up()
            assert terminal.process.wait(TIMEOUT) == 128 + signal.SIGHUP

    def test_watching_costs_nothing(self, portal: Portal) -> None:
        with portal() as terminal:
            terminal.wait_for("the dialog")
            terminal.wait_quiet(1.0)
            before, began = portal.cpu_seconds(), time.monotonic()
            terminal.send("x")
            until(lambda: time.monotonic() - began > 1)
            assert portal.cpu_seconds() - before < 0.5


class TestTerminate:
    def test_a_normal_end(self, portal: Portal) -> None:
        with portal(started_by="exec") as terminal:
            terminal.wait_for("the dialog")
            terminal.process.send_signal(signal.SIGTERM)
            assert terminal.wait_exit() == 0
            assert portal.notes == ["terminate 15", "normal end"]
            assert 1049 not in terminal.private_modes
            assert terminal.is_cooked()

    def test_an_end_by_force_puts_the_terminal_in_order(self, portal: Portal) -> None:
        with portal("stuck", grace=0.3, started_by="exec") as terminal:
            terminal.wait_for("the dialog")
            terminal.process.send_signal(signal.SIGTERM)
            assert terminal.wait_exit() == 128 + signal.SIGTERM
            assert terminal.private_modes & {1000, 1003, 1004, 1006, 1049, 2004} == set()
            assert terminal.cursor is not None
            assert terminal.is_cooked()
            assert SECRET not in terminal.text
            erased = terminal.bytes_received.rpartition(b"\x1b[?1049l")[0]
            assert len(re.findall(rb"\x1b\[\d+H\x1b\[2K", erased)) == 24

    def test_an_end_by_force_while_the_terminal_is_stopped(self, portal: Portal) -> None:
        """As after ctrl+s: every write waits, so the program can't put the terminal in order."""
        with portal("stuck", grace=0.3, started_by="exec") as terminal:
            terminal.wait_for("the dialog")
            line = os.open(f"/proc/{portal.pid}/fd/0", os.O_RDWR | os.O_NOCTTY)
            termios.tcflow(line, termios.TCOOFF)
            terminal.process.send_signal(signal.SIGTERM)
            assert terminal.process.wait(TIMEOUT) == 128 + signal.SIGTERM
            assert 1049 in terminal.private_modes
            os.close(line)


ENDING = [
    *(signal.SIGINT, signal.SIGQUIT, signal.SIGTRAP, signal.SIGABRT, signal.SIGUSR1),
    *(signal.SIGUSR2, signal.SIGALRM, signal.SIGVTALRM, signal.SIGPROF, signal.SIGXCPU),
    *(signal.SIGIO, signal.SIGPWR, signal.SIGSTKFLT, signal.SIGSYS),
    *(signal.SIGRTMIN, signal.SIGRTMIN + 1, signal.SIGRTMAX),
]


class TestOtherSignals:
    """Every signal that ends a program by default leaves the terminal as SIGTERM does."""

    def check_in_order(self, terminal: Terminal) -> None:
        assert terminal.private_modes & {1000, 1003, 1004, 1006, 1049, 2004} == set()
        assert terminal.cursor is not None
        assert terminal.is_cooked()
        assert SECRET not in "\n".join([terminal.text, *terminal.scrollback])

    @pytest.mark.parametrize("number", ENDING)
    def test_a_normal_end(self, portal: Portal, number: int) -> None:
        with portal(started_by="exec") as terminal:
            terminal.wait_for("the dialog")
            terminal.process.send_signal(number)
            assert terminal.wait_exit() == 0
            assert portal.notes == [f"terminate {number}", "normal end"]
            self.check_in_order(terminal)

    def test_an_end_by_force(self, portal: Portal) -> None:
        with portal("stuck", grace=0.3, started_by="exec") as terminal:
            terminal.wait_for("the dialog")
            terminal.process.send_signal(signal.SIGQUIT)
            assert terminal.wait_exit() == 128 + signal.SIGQUIT
            self.check_in_order(terminal)
            erased = terminal.bytes_received.rpartition(b"\x1b[?1049l")[0]
            assert len(re.findall(rb"\x1b\[\d+H\x1b\[2K", erased)) == 24


class TestStop:
    def test_a_stop_leaves_blank_rows(self, portal: Portal) -> None:
        with portal(started_by="exec") as terminal:
            terminal.wait_for("the dialog")
            terminal.mark()
            terminal.process.send_signal(signal.SIGTSTP)
            terminal.wait_until(lambda: 1049 not in terminal.private_modes, "main screen")
            erased = terminal.bytes_received.rpartition(b"\x1b[?1049l")[0]
            assert len(re.findall(rb"\x1b\[\d+H\x1b\[2K", erased)) == 24

    @pytest.mark.parametrize("before", [[], [signal.SIGSTOP]], ids=["running", "stopped"])
    def test_continued_after_no_stop_that_it_knows_of(
        self, portal: Portal, before: list[signal.Signals]
    ) -> None:
        with portal(started_by="exec") as terminal:
            terminal.wait_for("the dialog")
            terminal.wait_quiet()
            threads = len(list(Path(f"/proc/{portal.pid}/task").iterdir()))
            for number in before:
                terminal.process.send_signal(number)
                until(lambda: portal.state() == "T")
            for _ in range(3):
                terminal.mark()
                terminal.process.send_signal(signal.SIGCONT)
                terminal.wait_until(lambda: b"1049h" in terminal.bytes_received, "start anew")
            until(lambda: len(list(Path(f"/proc/{portal.pid}/task").iterdir())) <= threads)
            terminal.process.send_signal(signal.SIGTERM)
            assert terminal.wait_exit() == 0
            assert 1049 not in terminal.private_modes
            assert terminal.is_cooked()

    def test_a_forced_command_is_never_stopped(self, portal: Portal) -> None:
        with portal("forced", started_by="exec") as terminal:
            terminal.wait_for("the dialog")
            terminal.process.send_signal(signal.SIGTSTP)
            terminal.process.send_signal(signal.SIGTERM)
            assert terminal.wait_exit() == 0
