"""Cheap checks whether a file has changed."""

import os
from contextlib import suppress
from itertools import count
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from credtui.regular_files import open_file

_MOST_WATCHED = 16
"""How many groups of files are watched at a time."""


class FileWatch:
    """Notices that files were replaced.

    When nobody has a file open any more, a new file can get its inode number. So each watched file
    is held open; then another number means another file.
    """

    def __init__(self, *paths: Path) -> None:
        self._held = {path: HeldFile(path) for path in paths}

    def changed(self) -> bool:
        """Tell whether a file changed since the last call, or since the watch began."""
        replaced = [path for path, held in self._held.items() if held.is_replaced()]
        for path in replaced:
            self._held[path].close()
            self._held[path] = HeldFile(path)
        return bool(replaced)

    def close(self) -> None:
        """Let go of the files."""
        for held in self._held.values():
            held.close()


class _Watched(NamedTuple):
    watch: FileWatch
    number: int
    besides: object


class Versions:
    """Numbers the states of files. The groups of files that were asked for last stay watched."""

    def __init__(self) -> None:
        self._watched: dict[tuple[Path, ...], _Watched] = {}
        self._numbers = count()
        self._lock = Lock()

    def of(self, *paths: Path, besides: object = None) -> int:
        """Return a number for the present state of these files: a new one after each change.

        Args:
            paths: The files.
            besides: What else belongs to their state.
        """
        with self._lock:
            before = self._watched.pop(paths, None)
            watch = before.watch if before else FileWatch(*paths)
            # Ask the watch in any case, or it would tell of the change at the next call.
            changed = watch.changed()
            if before is None or changed or before.besides != besides:
                number = next(self._numbers)
            else:
                number = before.number
            self._watched[paths] = _Watched(watch, number, besides)
            if len(self._watched) > _MOST_WATCHED:
                self._forget(next(iter(self._watched)))
            return number

    def close(self) -> None:
        """Let go of all files."""
        with self._lock:
            for paths in list(self._watched):
                self._forget(paths)

    def _forget(self, paths: tuple[Path, ...]) -> None:
        self._watched.pop(paths).watch.close()


class HeldFile:
    """A file held open, so that no other file gets its identity.

    If the file can't be opened, only its identity is remembered.
    """

    def __init__(self, path: Path) -> None:
        self._file = None
        with suppress(OSError):
            self._file = os.fdopen(open_file(path), "rb", buffering=0)
        self._path = str(path)
        self._identity = identify(self._file.fileno() if self._file else self._path)

    @property
    def is_open(self) -> bool:
        """Whether the file could be opened."""
        return self._file is not None

    def is_replaced(self) -> bool:
        """Tell whether another file is at the path now, or this one was written over."""
        return self._identity != identify(self._path)

    def close(self) -> None:
        """Let go of the file."""
        if self._file:
            self._file.close()


def identify(file: Path | str | int) -> tuple[int, ...] | None:
    """Return the identity of a file, which changes with its content; None if there is no file."""
    try:
        status = os.stat(file)  # noqa: PTH116  # a Path is too slow for every token request
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
