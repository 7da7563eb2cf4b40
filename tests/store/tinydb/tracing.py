"""Changes in processes of their own, with a fault in one system call."""

import re
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from threading import Lock
from typing import NamedTuple

import pytest

from tests.store.tinydb.workers import Workers, command, revoke, sweep

needs_strace = pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")

NO_FAULTS = re.compile(
    r"brk|mmap|munmap|mremap|mprotect|madvise|futex|(rt_)?sig.*|rt_.*|get(p?pid|tid|e?[ug]id)"
    r"|getrandom|clock_.*|gettimeofday|p?select6?|sched_.*|prlimit64|sysinfo|exit_group"
)
"""System calls for memory, time and the process itself. No disk makes them fail."""

WRITING = re.compile(
    r"p?write(64|v)?|f(data)?sync|ftruncate|f?ch(own|mod)(at)?|mkdir(at)?|rmdir|(un)?link(at)?"
    r"|symlink(at)?|rename(at2?)?"
)
"""System calls that change a disk. An `openat` with O_CREAT does too."""

EXPIRY = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)


class Call(NamedTuple):
    """A system call of a change.

    Attributes:
        name: Its name.
        number: Its number among the traced calls of this name, from 1.
        line: Its line in the trace.
    """

    name: str
    number: int
    line: str

    @property
    def writes(self) -> bool:
        """Whether the call changes the disk."""
        return bool(WRITING.fullmatch(self.name)) or "O_CREAT" in self.line

    @property
    def kill(self) -> str:
        """The option of strace that kills the process at this call."""
        return f"{self.name}:signal=KILL:when={self.number}"

    @property
    def faults(self) -> Iterator[str]:
        """The options of strace for each fault that this call may have."""
        here = f"when={self.number}"
        yield f"{self.name}:error=EIO:{here}"
        if self.writes:
            yield f"{self.name}:error=ENOSPC:{here}"
            yield self.kill
        if self.name == "fsync":
            yield f"{self.name}:error=EINVAL:{here}"


class Ran(NamedTuple):
    """The result of a command.

    Attributes:
        status: The exit status; None if the process was killed.
        out: The standard output.
        err: The standard error.
        calls: The system calls of the change.
    """

    status: int | None
    out: str
    err: str
    calls: Sequence[Call]


class Tracer:
    """Runs commands in processes of their own, with faults, on copies of a store."""

    def __init__(self, workers: Workers, template: Path) -> None:
        self.template = template
        self._workers = workers
        self._numbers = count()
        self._starting = Lock()

    def copy(self) -> Path:
        """Return a new copy of the template store."""
        folder = self.template.with_name(f"store{next(self._numbers)}")
        shutil.copytree(self.template, folder, symlinks=True)
        return folder

    def run(self, folder: Path, words: Sequence[str], *faults: str) -> Ran:
        """Run a command on a store, with these faults."""
        out, err, trace = (folder.with_suffix(f".{name}") for name in ("out", "err", "trace"))
        with self._starting:
            if about_tokens := {"revoke": revoke, "sweep": sweep}.get(words[0]):
                worker = self._workers.start(about_tokens, folder, EXPIRY.timestamp())
            else:
                worker = self._workers.start(command, folder, out, err, *words)
        assert worker.receive() == "ready"
        options = [option for fault in faults for option in ("-e", f"inject={fault}")]
        strace = subprocess.Popen(
            ["strace", "-p", str(worker.pid), "-o", trace, *options],
            stderr=subprocess.PIPE,
            text=True,
        )
        assert strace.stderr
        with strace.stderr as said:
            attached = said.readline()
            assert "attached" in attached, attached
            worker.send_signal(signal.SIGUSR1)
            status = worker.receive()
            worker.end()
            strace.wait()
        said_out, said_err = (path.read_text() if path.exists() else "" for path in (out, err))
        return Ran(status, said_out, said_err, _parse(trace.read_text()))


def _parse(trace: str) -> list[Call]:
    """Return the system calls between the two calls of `getppid`."""
    numbers: Counter[str] = Counter()
    calls = []
    for line in trace.splitlines():
        if call := re.match(r"(\w+)\(", line):
            name = call[1]
            numbers[name] += 1
            if numbers["getppid"] == 1 and not NO_FAULTS.fullmatch(name):
                calls.append(Call(name, numbers[name], line))
    return calls
