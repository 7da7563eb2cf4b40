"""A program in a pseudo-terminal, and when its bytes arrived.

The tests' terminal draws what it receives, which takes longer than some of what is measured here;
this one only notes.
"""

import fcntl
import os
import pty
import select
import signal
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Self

ROWS, COLUMNS = 24, 80
TIMEOUT = 60.0
QUIET = 0.25
"""Seconds without a byte after which a program has said what it had to say."""
BUSY = 0.02
"""Seconds of CPU time in such a while after which it has more to say: no cursor needs as much."""


class Burst(NamedTuple):
    """What a program wrote until it was quiet.

    Attributes:
        data: What it wrote.
        seconds: From the beginning to the last of it.
        cpu: The seconds of CPU time that the program used meanwhile.
    """

    data: bytes
    seconds: float
    cpu: float


class Program:
    """A program that runs in a terminal of 80 columns and 24 rows."""

    def __init__(self, argv: Sequence[str | Path], env: Mapping[str, str] | None = None) -> None:
        self._master, slave = pty.openpty()
        termios.tcsetwinsize(self._master, (ROWS, COLUMNS))
        self.started = time.perf_counter()
        self._process = subprocess.Popen(
            argv,
            env={
                "PATH": os.environ["PATH"],
                "LANG": "C.UTF-8",
                "TERM": "xterm-256color",
                "COLORTERM": "truecolor",
                **(env or {}),
            },
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509  # one system call, no lock
        )
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._master)

    @property
    def cpu(self) -> float:
        """The seconds of CPU time that it has used so far."""
        # The clock of another process, as clock_getcpuclockid(3) makes it.
        return time.clock_gettime((~self._process.pid << 3) | 2)

    def read_until(self, text: bytes) -> Burst:
        """Return what it writes from its start until it has written a text."""
        received = b""
        while text not in received:
            if not (data := self._read(TIMEOUT)):
                raise RuntimeError(f"it said: {received.decode(errors='replace')[-500:]}")
            received += data
        return Burst(received, time.perf_counter() - self.started, self.cpu)

    def press(self, key: str) -> Burst:
        """Send a key, and return what comes of it."""
        began, cpu = time.perf_counter(), self.cpu
        os.write(self._master, key.encode())
        return self.settle(began, cpu)

    def settle(self, began: float, cpu: float) -> Burst:
        """Return what it writes until it is quiet and idle."""
        received, last, used, patience = b"", began, cpu, 4 * QUIET
        while True:
            while data := self._read(patience):
                patience = QUIET
                received += data
                last = time.perf_counter()
                used = self.cpu
            idle = self.cpu - used < BUSY
            used = self.cpu
            if idle or last - began > TIMEOUT:
                return Burst(received, last - began, used - cpu)

    def rest(self, seconds: float) -> Burst:
        """Return what it writes for some time while nobody does anything."""
        began, cpu = time.perf_counter(), self.cpu
        received = b""
        while (left := began + seconds - time.perf_counter()) > 0:
            received += self._read(left)
        return Burst(received, time.perf_counter() - began, self.cpu - cpu)

    def _read(self, within: float) -> bytes:
        """Return what comes next; nothing where nothing comes, or the program has ended."""
        if not select.select([self._master], [], [], within)[0]:
            return b""
        try:
            return os.read(self._master, 1 << 16)
        except OSError:  # EIO: nobody holds the other end any more
            return b""


def _take_terminal() -> None:
    """Make standard input the controlling terminal."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
