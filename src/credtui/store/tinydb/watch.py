"""Noticing cheaply that somebody changed a file."""

import os
from contextlib import suppress
from pathlib import Path

from credtui.store.tinydb.files import open_file


class FileWatch:
    """Notices that files were replaced.

    A file's inode number can be used again as soon as nobody has the file open; so each is held
    open, and then another number means another file.
    """

    def __init__(self, *paths: Path) -> None:
        self._held = {path: _HeldFile(path) for path in paths}

    def changed(self) -> bool:
        """See `Watch.changed`."""
        replaced = [path for path, held in self._held.items() if held.is_replaced()]
        for path in replaced:
            self._held[path].close()
            self._held[path] = _HeldFile(path)
        return bool(replaced)

    def close(self) -> None:
        """See `Watch.close`."""
        for held in self._held.values():
            held.close()


class _HeldFile:
    """A file held open, so that no other gets its identity.

    One that can't be opened is known by its identity alone.
    """

    def __init__(self, path: Path) -> None:
        self._file = None
        with suppress(OSError):
            self._file = os.fdopen(open_file(path), "rb", buffering=0)
        self._path = str(path)
        self._identity = _identity(self._file.fileno() if self._file else self._path)

    def is_replaced(self) -> bool:
        return self._identity != _identity(self._path)

    def close(self) -> None:
        if self._file:
            self._file.close()


def _identity(file: str | int) -> tuple[int, ...] | None:
    """Return what another file, or this one written over by hand, doesn't share."""
    try:
        status = os.stat(file)  # noqa: PTH116  # asked at every request for an access token
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
