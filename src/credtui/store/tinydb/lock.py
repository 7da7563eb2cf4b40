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
        abandoned: True if the last holder was killed or failed. The disk may lack what it wrote.
        finished: Set to False if this holder fails without an exception.
    """

    abandoned: bool = False
    finished: bool = True


@contextmanager
def locked(path: Path, patience: float = PATIENCE) -> Iterator[Held]:
    """Hold the lock file at `path`.

    The kernel frees the lock when its holder dies, and the file stays. The file names the process
    that holds the lock, for the message that others get. A holder that finishes empties the file.

    Args:
        path: The lock file.
        patience: Seconds to wait for the lock.

    Raises:
        StoreBusyError: Another process held the lock all that time.
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
                f"The store is in use by {_holder(path)}, which doesn't finish. "
                "Try again, or end that process."
            ) from None
    try:
        yield held
        if held.finished:
            with suppress(OSError):
                os.ftruncate(descriptors[-1], 0)
    finally:
        with suppress(OSError):  # the work under the lock is done
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
