"""One writer at a time, among threads and processes."""

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from credtui.domain.errors import StoreBusyError
from credtui.domain.names import printable
from credtui.regular_files import read_file
from credtui.store.tinydb.files import explained
from credtui.store.tinydb.owner import create_given, file_mode

PATIENCE = 5.0
"""Seconds to wait for a lock before saying who holds it."""


@dataclass
class Held:
    """A lock that is held.

    Attributes:
        abandoned: The last holder didn't come to its end: it was killed, or failed. What it wrote
            need not be on the disk.
        finished: Whether this holder comes to its end, if no exception says otherwise.
    """

    abandoned: bool = False
    finished: bool = True


@contextmanager
def locked(path: Path, patience: float = PATIENCE) -> Iterator[Held]:
    """Hold the lock file at `path`.

    The kernel frees the lock when its holder dies; the file stays. The file says who holds the
    lock, for the message that others get. A holder that comes to its end empties the file.

    Raises:
        StoreBusyError: Another holder kept the lock all the while.
        StoreError: The lock file can't be used.
    """
    from filelock import FileLock, Timeout

    held = Held()
    descriptors: list[int] = []

    def sign(descriptor: int) -> None:
        held.abandoned = os.fstat(descriptor).st_size > 0
        _sign(descriptor)
        descriptors.append(descriptor)

    with explained(path):
        create_given(path)
        lock = FileLock(
            path,
            timeout=patience,
            mode=file_mode(path),
            poll_interval=0.01,
            on_acquired=sign,
            thread_local=False,
        )
        try:
            lock.acquire()
        except Timeout:
            raise StoreBusyError(
                f"The credentials are being changed by {_holder(path)}, which doesn't finish. "
                "Try again, or end that process."
            ) from None
    try:
        yield held
        if held.finished:
            with suppress(OSError):
                os.ftruncate(descriptors[-1], 0)
    finally:
        with suppress(OSError):  # what was done under it is done
            lock.release()


def _sign(descriptor: int) -> None:
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        user = str(os.getuid())
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"process {os.getpid()} ({user})".encode(), 0)


def _holder(path: Path) -> str:
    try:
        return printable(read_file(path).decode())[:80] or "another process"
    except (OSError, UnicodeDecodeError):
        return "another process"
