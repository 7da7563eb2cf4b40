"""Writing files durably, so that their content survives a kill and a power cut."""

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from credtui.domain.errors import (
    OutcomeUnknownError,
    PerhapsNotDurableError,
    StoreError,
    StoreUnwritableError,
)
from credtui.regular_files import ensure_readable, open_file, read_file
from credtui.store.tinydb.owner import NotGivenError, create_given, file_mode, give

_UNWRITABLE: Mapping[int | None, str] = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk is full",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.EROFS: "the disk is read-only",
}

_NO_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP}
"""Errors of file systems that can't sync folders. Nothing more can be done on these."""


def replace_durably(path: Path, content: bytes) -> None:
    """Replace a file. Readers see the whole old content or the whole new one, also after a crash.

    The caller must hold the lock that makes it the only writer.

    Raises:
        StoreError: The file can't be written, and is unchanged.
        PerhapsNotDurableError: The file is replaced, but a power cut may bring the old one back.
        OutcomeUnknownError: The file may be replaced, but it can't be opened to find out.
    """
    with explained(path):
        ensure_readable(path, content)
        # Some users may write in a folder but not open it. So open it before the rename, while an
        # error still changes nothing.
        with opened_folder(path.parent) as folder:
            with replacement(path) as descriptor:
                write(descriptor, content)
                os.fsync(descriptor)
            try:
                _sync(folder)
            except OSError as error:
                raise PerhapsNotDurableError(_why(path, error)) from error


def set_aside(path: Path, suffix: str) -> None:
    """Durably keep a copy of a file that is about to be replaced, under its name and a suffix.

    Raises:
        StoreError: There may be no such copy.
    """
    with explained(path):
        content = read_file(path)
    copy = path.with_name(path.name + suffix)
    try:
        # The replacement of the file syncs the folder again, or raises the same error.
        with suppress(PerhapsNotDurableError):
            replace_durably(copy, content)
    except OutcomeUnknownError as doubt:
        raise StoreError(f"Can't tell whether {copy} was written ({doubt.args[0]}).") from doubt


@contextmanager
def replacement(path: Path) -> Iterator[int]:
    """Yield the descriptor of a new file, and rename the file to `path` when the context ends.

    The caller must hold the lock that makes it the only writer. So an existing temporary file was
    left behind by a killed writer, perhaps one of another Unix user.

    Raises:
        OSError: The file can't be created or renamed; `path` is unchanged.
        OutcomeUnknownError: The file may have been renamed, but `path` can't be opened to find out.
    """
    temporary = path.with_name(f".{path.name}.new")
    mode = file_mode(path)
    try:
        temporary.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(temporary, flags, mode)
        try:
            give(descriptor, path)
            _set_mode(descriptor, mode)
            yield descriptor
            made = os.fstat(descriptor)
        finally:
            os.close(descriptor)
        _move(temporary, path, made)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise


def append_durably(path: Path, content: bytes) -> None:
    """Append to a file, and create the file if it is missing.

    Raises:
        OSError: The content was not appended whole and durably. A part of it may have been.
    """
    mode = file_mode(path)
    new = not path.exists()
    if new:
        create_given(path)
    with opened(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, mode) as descriptor:
        if new:
            _set_mode(descriptor, mode)
        write(descriptor, content)
        os.fsync(descriptor)
    if new:
        sync_folder(path.parent)


def cut_durably(path: Path, length: int) -> None:
    """Cut a file to a length.

    Raises:
        OSError: The file can't be cut, or is a symbolic link, which could lead to any file.
    """
    with opened(path, os.O_WRONLY | os.O_NOFOLLOW) as descriptor:
        os.ftruncate(descriptor, length)
        os.fsync(descriptor)


def sync_file(path: Path) -> None:
    """Make the content of a file survive a power cut.

    Raises:
        OSError: The content may not survive one.
    """
    with opened(path) as descriptor:
        os.fsync(descriptor)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut.

    Raises:
        OSError: The names may not survive one.
    """
    with opened_folder(folder) as descriptor:
        _sync(descriptor)


def write(descriptor: int, content: bytes) -> None:
    """Write the whole content.

    Raises:
        OSError: Nothing, or only a part, was written.
    """
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn an operating system's error about a file into a sentence for people.

    Raises:
        StoreError: An OSError was raised in the context.
    """
    try:
        yield
    except OSError as error:
        kind = StoreUnwritableError if error.errno in _UNWRITABLE else StoreError
        raise kind(f"Can't use {_why(path, error)}.") from error


def _why(path: Path, error: OSError) -> str:
    reason = error.strerror or str(error)
    if not isinstance(error, NotGivenError):
        reason = _UNWRITABLE.get(error.errno, reason.lower())
    return f"{path}: {reason}"


@contextmanager
def opened(path: Path, flags: int = os.O_RDONLY, mode: int = 0) -> Iterator[int]:
    """Yield the descriptor of a regular file, opened as `open_file` does.

    Raises:
        OSError: The file can't be opened or closed, or isn't a regular file.
    """
    descriptor = open_file(path, flags, mode)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def opened_folder(folder: Path | str) -> Iterator[int]:
    """Yield the descriptor of a folder.

    Raises:
        OSError: The folder can't be opened.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        with suppress(OSError):  # an error here undoes nothing that was done in the folder
            os.close(descriptor)


def _sync(folder: int) -> None:
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise


def _move(temporary: Path, path: Path, made: os.stat_result) -> None:
    try:
        temporary.replace(path)
    except OSError as error:
        # A rename that failed may still have been done, for example by a file server.
        if not _is_at(path, made, error):
            raise


def _is_at(path: Path, made: os.stat_result, error: OSError) -> bool:
    """Tell whether a file is at a path, by opening the path: `stat` may answer from a cache.

    Raises:
        OutcomeUnknownError: The path can't be opened.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        try:
            return os.path.samestat(os.fstat(descriptor), made)
        finally:
            with suppress(OSError):
                os.close(descriptor)
    except FileNotFoundError:
        return False
    except OSError:
        raise OutcomeUnknownError(_why(path, error)) from error


def _set_mode(descriptor: int, mode: int) -> None:
    with suppress(PermissionError):
        os.fchmod(descriptor, mode)
