"""A program in a pseudo-terminal, and the times at which its bytes arrived.

The terminal of the tests draws what it receives, which takes longer than some of the times that are
measured here. This terminal draws nothing.
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
"""Seconds without a byte after which a program is taken to have finished its output."""
BUSY = 0.02
"""Seconds of CPU time within `QUIET` that mean that more output comes. No cursor needs as many."""


class Burst(NamedTuple):
    """The output of a program until it was quiet.

    Attributes:
        data: The output.
        seconds: The time from the beginning until the last byte.
        cpu: The seconds of CPU time that the program used in that time.
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
        """The seconds of CPU time that the program has used so far."""
        # The clock of another process, as clock_getcpuclockid(3) makes it.
        return time.clock_gettime((~self._process.pid << 3) | 2)

    def read_until(self, text: bytes) -> Burst:
        """Return the output from the program's start until it contains a text."""
        received = b""
        while text not in received:
            if not (data := self._read(TIMEOUT)):
                raise RuntimeError(f"it said: {received.decode(errors='replace')[-500:]}")
            received += data
        return Burst(received, time.perf_counter() - self.started, self.cpu)

    def press(self, key: str) -> Burst:
        """Send a key, and return the output that follows."""
        began, cpu = time.perf_counter(), self.cpu
        os.write(self._master, key.encode())
        return self.settle(began, cpu)

    def settle(self, began: float, cpu: float) -> Burst:
        """Return the output until the program is quiet and idle."""
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
        """Return the output of some seconds in which nobody presses a key."""
        began, cpu = time.perf_counter(), self.cpu
        received = b""
        while (left := began + seconds - time.perf_counter()) > 0:
            received += self._read(left)
        return Burst(received, time.perf_counter() - began, self.cpu - cpu)

    def _read(self, within: float) -> bytes:
        """Return the next output, empty if none comes or the program has ended."""
        if not select.select([self._master], [], [], within)[0]:
            return b""
        try:
            return os.read(self._master, 1 << 16)
        except OSError:  # EIO: no program holds the other end any more
            return b""


def _take_terminal() -> None:
    """Make standard input the controlling terminal."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
