"""A program in a real pseudo-terminal, for tests that do what a person does.

    with Terminal(["credtui"], cwd=tmp_path, env={"CREDTUI_HOME": str(tmp_path)}) as terminal:
        terminal.wait_for("API credentials")
        terminal.press("n")
        terminal.wait_for("Credential name")
        terminal.send("Payout gateway")
        terminal.click_on("Save & Generate Key")

Columns and rows count from 0, from the top left. Nothing here sleeps. The program's output wakes
the method that waits for it. A wait that fails shows a picture of the screen.
"""

import fcntl
import math
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import termios
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import pytest

from tests.emulator import Cell, Emulator

TIMEOUT = 60.0 if os.environ.get("CI") == "true" else 20.0
"""Seconds until a wait fails. CI is slow and runs tests side by side. Only a failure costs this."""

KEYS: Mapping[str, str] = {
    "backspace": "\x7f",
    "delete": "\x1b[3~",
    "down": "\x1b[B",
    "end": "\x1b[F",
    "enter": "\r",
    "escape": "\x1b",
    "f1": "\x1bOP",
    "f2": "\x1bOQ",
    "f3": "\x1bOR",
    "f4": "\x1bOS",
    "f5": "\x1b[15~",
    "home": "\x1b[H",
    "insert": "\x1b[2~",
    "left": "\x1b[D",
    "pagedown": "\x1b[6~",
    "pageup": "\x1b[5~",
    "right": "\x1b[C",
    "shift+down": "\x1b[1;2B",
    "shift+left": "\x1b[1;2D",
    "shift+right": "\x1b[1;2C",
    "shift+tab": "\x1b[Z",
    "shift+up": "\x1b[1;2A",
    "space": " ",
    "tab": "\t",
    "up": "\x1b[A",
}


class Position(NamedTuple):
    """A place on the screen."""

    column: int
    row: int


def need_program(name: str) -> str:
    """Return the path of a program. If it isn't installed, skip the test, or fail it in CI."""
    path = shutil.which(name, path=f"{os.environ['PATH']}:/usr/local/sbin:/usr/sbin:/sbin")
    if path is None:
        reason = f"{name} is not installed; scripts/system-tools says what to install"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return path


def restrained() -> list[str]:
    """Return the words to put before a command so that file permissions bind even root."""
    if os.getuid():
        return []
    return [need_program("setpriv"), "--bounding-set=-dac_override,-dac_read_search"]


def seal(folder: Path) -> None:
    """Make a folder and its contents read-only. The folder's owner can still remove it."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o500 if path.is_dir() else 0o400)


class Terminal:
    """A program and the terminal it runs in.

    The program gets PATH, a UTF-8 locale and TERM=xterm-256color. `env` adds variables or replaces
    them. The program gets no home, so that it can't read or write the files of the person who runs
    the tests.

    `answers` maps the exact bytes of a query to the terminal's reply. Without `answers`, the
    terminal says where the cursor is and that it is a VT100. Like an old terminal, it answers no
    other query.

    `lag` is the number of seconds after which an answer arrives, as over a slow line. With an
    infinite lag the terminal answers nothing at all.
    """

    def __init__(
        self,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        rows: int = 24,
        cols: int = 80,
        answers: Mapping[bytes, bytes] | None = None,
        lag: float = 0,
    ) -> None:
        self._lag = lag
        self._late: deque[bytes] = deque()
        self._emulator = Emulator(rows, cols, reply=self._reply, answers=answers or {})
        self._news = threading.Condition()
        self._received = bytearray()
        self._mark = 0
        self._ended = False
        self._hung_up = False
        self._stirred_at = time.monotonic()

        self._master, slave = pty.openpty()
        self._wake_reader, self._wake = os.pipe()
        termios.tcsetwinsize(self._master, (rows, cols))
        os.set_blocking(self._master, False)
        try:
            self.process = subprocess.Popen(
                [str(word) for word in argv],
                env={
                    "PATH": os.environ["PATH"],
                    "HOME": "/nonexistent",
                    "LANG": "C.UTF-8",
                    "TERM": "xterm-256color",
                    **(env or {}),
                },
                cwd=cwd,
                stdin=slave,
                stdout=slave,
                stderr=slave,
                start_new_session=True,
                preexec_fn=_take_terminal,  # noqa: PLW1509  # one system call, no lock
            )
        except BaseException:
            for descriptor in (self._master, self._wake_reader, self._wake):
                os.close(descriptor)
            raise
        finally:
            os.close(slave)
        self._reader = threading.Thread(target=self._read, name="terminal", daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # What a person does

    def send(self, text: str) -> None:
        """Type text as it is, control characters included."""
        self._write(text.encode(errors="surrogateescape"))

    def press(self, *keys: str) -> None:
        """Press keys by name: "tab", "ctrl+q", "alt+x", "f1", or the character itself.

        After "escape", wait for its effect before you press another key. A terminal program takes
        an escape and a key that arrive together for alt and that key.
        """
        self.send("".join(map(_key, keys)))

    def paste(self, text: str) -> None:
        """Paste text as a terminal does for a program that asked for bracketed paste."""
        self.send(f"\x1b[200~{text}\x1b[201~")

    def click(self, column: int, row: int) -> None:
        """Press and release the left mouse button on a cell."""
        self.send(f"\x1b[<0;{column + 1};{row + 1}M\x1b[<0;{column + 1};{row + 1}m")

    def click_on(self, text: str, *, timeout: float = TIMEOUT) -> None:
        """Wait for a text and click in the middle of it."""
        self.wait_for(text, timeout=timeout)
        column, row = self.find(text)
        self.click(column + len(text) // 2, row)

    def resize(self, rows: int, cols: int) -> None:
        """Give the terminal another size. SIGWINCH tells the program."""
        with self._news:
            self._emulator.resize(rows, cols)
            termios.tcsetwinsize(self._master, (rows, cols))

    def hang_up(self) -> None:
        """Take the terminal away, as when a line drops. SIGHUP tells the program."""
        if not self._hung_up:
            self._hung_up = True
            os.close(self._wake)
            self._reader.join()
            os.close(self._master)
            os.close(self._wake_reader)

    # What a person sees

    @property
    def lines(self) -> list[str]:
        """The rows of the screen, without blanks at their ends."""
        with self._news:
            return self._emulator.lines

    @property
    def text(self) -> str:
        """The whole screen."""
        return "\n".join(self.lines)

    @property
    def scrollback(self) -> list[str]:
        """The rows that have left the main screen at its top, oldest first."""
        with self._news:
            return self._emulator.scrollback

    @property
    def cursor(self) -> Position | None:
        """The position of the cursor, or None while it is hidden."""
        with self._news:
            place = self._emulator.cursor
        return place and Position(*place)

    @property
    def private_modes(self) -> frozenset[int]:
        """The DEC private modes that are set, such as 1049 (alternate screen) and 1006 (mouse)."""
        with self._news:
            return self._emulator.private_modes

    def is_cooked(self) -> bool:
        """Tell whether the line echoes and edits, as it does when a shell starts a program."""
        wanted = termios.ICANON | termios.ECHO
        return bool(termios.tcgetattr(self._master)[3] & wanted == wanted)

    def screen_cells(self) -> list[list[Cell]]:
        """Return every cell with its colours and attributes, row by row, to compare two screens."""
        with self._news:
            return self._emulator.cells

    @property
    def title(self) -> str:
        """The title that the program gave the window."""
        with self._news:
            return self._emulator.title

    def find(self, text: str) -> Position:
        """Return the position at which a text begins. The text must be on the screen."""
        with self._news:
            place = self._emulator.find(text)
        if place is None:
            raise AssertionError(self._picture(f"{text!r} is not on the screen"))
        return Position(*place)

    # What the line carries

    def mark(self) -> None:
        """Let `bytes_received` begin here."""
        with self._news:
            self._mark = len(self._received)

    @property
    def bytes_received(self) -> bytes:
        """The raw bytes that the program has written since the last `mark`."""
        with self._news:
            return bytes(self._received[self._mark :])

    # Waiting

    def wait_until(self, holds: Callable[[], bool], what: str, *, timeout: float = TIMEOUT) -> None:
        """Wait until `holds` returns True. It is called again whenever the program has written."""
        with self._news:
            held = self._news.wait_for(lambda: holds() or self._ended, timeout) and holds()
        if not held:
            state = "the program has ended" if self._ended else f"{timeout:g} s have passed"
            raise AssertionError(self._picture(f"{state}, and still no {what}"))

    def wait_for(self, wanted: str | re.Pattern[str], *, timeout: float = TIMEOUT) -> None:
        """Wait until a text, or a match of a compiled pattern, is on the screen."""
        self.wait_until(lambda: self._shows(wanted), _name(wanted), timeout=timeout)

    def wait_gone(self, unwanted: str | re.Pattern[str], *, timeout: float = TIMEOUT) -> None:
        """Wait until a text, or every match of a compiled pattern, has left the screen."""
        self.wait_until(
            lambda: not self._shows(unwanted), f"end of {_name(unwanted)}", timeout=timeout
        )

    def wait_quiet(self, seconds: float = 0.3, *, timeout: float = TIMEOUT) -> None:
        """Wait until nothing was typed and the program wrote nothing for some seconds."""
        deadline = time.monotonic() + timeout
        with self._news:
            while not self._ended and (left := self._stirred_at + seconds - time.monotonic()) > 0:
                if time.monotonic() > deadline:
                    raise AssertionError(self._picture(f"no {seconds:g} s of quiet"))
                self._news.wait(left)

    def wait_exit(self, *, timeout: float = TIMEOUT) -> int:
        """Wait for the program's end. Return its exit status, or minus the signal that ended it."""
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            message = self._picture(f"still running after {timeout:g} s")
            raise AssertionError(message) from None
        with self._news:
            # The program's last output may still be on its way. The line ends only when the
            # programs that it left running have closed the line too, so wait for a short time only.
            self._news.wait_for(lambda: self._ended, 1.0)
        return status

    def close(self) -> None:
        """End the program and everything else in its process group."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.hang_up()

    # The line

    def _read(self) -> None:
        try:
            while data := self._read_once():
                with self._news:
                    self._received += data
                    self._emulator.feed(data)
                    self._stirred_at = time.monotonic()
                    self._news.notify_all()
        finally:
            with self._news:
                self._ended = True
                self._news.notify_all()

    def _read_once(self) -> bytes:
        readable, _, _ = select.select([self._master, self._wake_reader], [], [])
        if self._wake_reader in readable:
            return b""
        try:
            return os.read(self._master, 65536)
        except OSError:  # EIO: no program holds the other end any more
            return b""

    def _write(self, data: bytes) -> None:
        """Write all of the data. Fail, rather than hang, if the program doesn't read."""
        while data:
            _, writable, _ = select.select([], [self._master], [], TIMEOUT)
            if not writable:
                raise AssertionError(self._picture("the program does not take what is typed"))
            data = data[os.write(self._master, data) :]
        self._stirred_at = time.monotonic()

    def _reply(self, data: bytes) -> None:
        if self._lag == 0:
            self._answer(data)
        elif self._lag < math.inf:
            self._late.append(data)
            threading.Timer(self._lag, lambda: self._answer(self._late.popleft())).start()

    def _answer(self, data: bytes) -> None:
        # The program may have asked and ended before it read the answer.
        with suppress(OSError):
            os.write(self._master, data)

    def _shows(self, wanted: str | re.Pattern[str]) -> bool:
        text = self.text
        return wanted in text if isinstance(wanted, str) else wanted.search(text) is not None

    def _picture(self, message: str) -> str:
        edge = "+" + "-" * self._emulator.cols + "+"
        rows = [f"|{line.ljust(self._emulator.cols)}|" for line in self.lines]
        return "\n".join([message, edge, *rows, edge])


def _take_terminal() -> None:
    """Make standard input the controlling terminal, so that its signals reach the program."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _key(name: str) -> str:
    if name in KEYS:
        return KEYS[name]
    modifier, _, key = name.rpartition("+")
    match modifier:
        case "ctrl" if len(key) == 1:
            return chr(ord(key.upper()) & 0x1F)
        case "alt":
            return f"\x1b{_key(key)}"
        case _ if len(name) == 1:
            return name
    raise ValueError(f"no key is named {name!r}")


def _name(wanted: str | re.Pattern[str]) -> str:
    return repr(wanted if isinstance(wanted, str) else wanted.pattern)
