"""Reading and durably writing files: what was written survives a kill and a power cut."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from credtui.domain.errors import StoreError, StoreUnwritableError

LARGEST = 1 << 26
"""Bytes that a file may have that is read whole; 10,000 operators have a twentieth of that."""

_UNWRITABLE = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk is full",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.EROFS: "the disk is read-only",
}


def is_shared(folder: Path) -> bool:
    """Tell whether a folder is set up for several Unix users: setgid and group-writable."""
    with suppress(FileNotFoundError):
        return folder.stat().st_mode & (stat.S_ISGID | stat.S_IWGRP) == stat.S_ISGID | stat.S_IWGRP
    return False


def make_folder(folder: Path) -> None:
    """Create a folder and its parents: for its owner alone, or for its group where that is shared.

    Raises:
        StoreError: It can't be created.
    """
    with explained(folder):
        if folder.is_dir():
            return
        make_folder(folder.parent)
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            if is_shared(folder.parent):
                folder.chmod(0o2770)


def file_mode(*, shared: bool) -> int:
    """Return the permission bits of a file with credentials in it."""
    return 0o660 if shared else 0o600


def read_file(path: Path) -> bytes:
    """Return a file's content.

    Raises:
        OSError: It can't be read, or is larger than anything credtui writes.
    """
    with os.fdopen(open_file(path), "rb") as file:
        content = file.read(LARGEST + 1)
    _ensure_readable(path, content)
    return content


def open_file(path: Path, flags: int = os.O_RDONLY, mode: int = 0) -> int:
    """Return the descriptor of a file, without ever waiting.

    Whoever may write the folder can put something else in a file's place: a named pipe, which
    nobody may ever write to, or a device without an end.

    Raises:
        OSError: It can't be opened, or isn't a regular file.
    """
    try:
        descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, mode)
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket, or a pipe to write to that nobody reads
            raise _irregular(path) from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _irregular(path)
    return descriptor


def replace_durably(path: Path, content: bytes, mode: int) -> None:
    """Replace a file's content so that a reader, or a crash, sees the old or the new, whole.

    The caller holds the lock that makes it the only writer; so a temporary file that is there was
    left behind by a killed one, perhaps another Unix user's.

    Raises:
        StoreError: The file can't be written; it is as it was.
    """
    temporary = path.with_name(f".{path.name}.new")
    with explained(path):
        _ensure_readable(path, content)
        # Opened before there is no way back: who may write in a folder need not be able to open it.
        with _opened(path.parent) as folder:
            try:
                _write(create_anew(temporary, mode), content, mode)
                temporary.replace(path)
            except OSError:
                with suppress(OSError):
                    temporary.unlink()
                raise
            os.fsync(folder)


def create_anew(path: Path, mode: int) -> int:
    """Return the descriptor of a new file, in the place of one or of a link that is there.

    Raises:
        OSError: It can't be created.
    """
    path.unlink(missing_ok=True)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)


def append_durably(path: Path, content: bytes, mode: int) -> None:
    """Add to a file's end.

    Raises:
        OSError: It could not be added whole; a part may have been.
    """
    new = not path.exists()
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    _write(open_file(path, flags, mode), content, mode if new else None)
    if new:
        sync_folder(path.parent)


def cut_durably(path: Path, length: int) -> None:
    """Drop a file's end.

    Raises:
        OSError: It can't be dropped, or a link is in the file's place: it may lead to any file.
    """
    descriptor = open_file(path, os.O_WRONLY | os.O_NOFOLLOW)
    try:
        os.ftruncate(descriptor, length)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Make what was renamed or created in a folder survive a power cut."""
    with _opened(folder) as descriptor:
        os.fsync(descriptor)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn an operating system's error about a file into a sentence for people.

    Raises:
        StoreError: In place of an OSError.
    """
    try:
        yield
    except OSError as error:
        kind = StoreError
        reason = (error.strerror or str(error)).lower()
        if error.errno in _UNWRITABLE:
            kind, reason = StoreUnwritableError, _UNWRITABLE[error.errno]
        raise kind(f"Can't use {path}: {reason}. Nothing was changed.") from error


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _ensure_readable(path: Path, content: bytes) -> None:
    if len(content) > LARGEST:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))


def _irregular(path: Path) -> OSError:
    return OSError(errno.EINVAL, "not a regular file", str(path))


def _write(descriptor: int, content: bytes, mode: int | None) -> None:
    try:
        if mode is not None:
            with suppress(PermissionError):
                os.fchmod(descriptor, mode)
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
