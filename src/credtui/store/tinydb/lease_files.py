"""Leases: who has a new secret on screen, in files that live as long as the session."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from credtui.domain.errors import StoreError
from credtui.domain.lease import Lease
from credtui.regular_files import open_file, read_file
from credtui.store.tinydb.files import write
from credtui.store.tinydb.folders import make_folder
from credtui.store.tinydb.owner import file_mode, give


class LeaseFiles:
    """The folder `.leases/ORGANIZATION` of an environment: a file for each new secret on screen.

    A session keeps its file locked with `flock`, and the system frees the lock when the process
    ends, whatever ends it. A file that isn't locked was left behind, and counts as none.
    """

    def __init__(self, folder: Path, organization: str) -> None:
        self._folder = folder / ".leases" / organization

    @contextmanager
    def hold(self, lease: Lease) -> Iterator[None]:
        """Hold a lease in this context, unless the files don't allow it.

        The caller must hold the organization when it enters the context, and needn't afterwards.
        """
        held = None
        with suppress(StoreError, OSError):
            make_folder(self._folder)
            self._sweep()
            held = self._take(lease)
        try:
            yield
        finally:
            if held:
                path, descriptor = held
                with suppress(OSError):
                    path.unlink()
                os.close(descriptor)

    def live(self) -> tuple[str, ...]:
        """Return the names of the files that sessions hold."""
        try:
            names = os.listdir(self._folder)  # noqa: PTH208  # a Path is too slow for each look
        except OSError:
            return ()
        shown = sorted(name for name in names if not name.startswith("."))
        return tuple(name for name in shown if _is_held(self._folder / name))

    def read(self) -> tuple[Lease, ...]:
        """Return all leases that sessions hold."""
        found = []
        for name in self.live():
            # The session may have ended since, or somebody may have put another file there.
            with suppress(OSError, ValueError):
                found.append(Lease.model_validate_json(read_file(self._folder / name)))
        return tuple(found)

    def _take(self, lease: Lease) -> tuple[Path, int]:
        """Make a file, and return its path and the descriptor that keeps it locked."""
        from tempfile import mkstemp

        # The file is hidden until it is locked, so that no reader locks it first.
        descriptor, temporary = mkstemp(prefix=f".{lease.client_id}.", dir=self._folder)
        path = self._folder / Path(temporary).name.removeprefix(".")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            give(descriptor, path)
            os.fchmod(descriptor, file_mode(path))
            write(descriptor, lease.model_dump_json().encode())
            os.rename(temporary, path)  # noqa: PTH104
        except OSError:
            os.close(descriptor)
            with suppress(OSError):
                os.unlink(temporary)  # noqa: PTH108
            raise
        return path, descriptor

    def _sweep(self) -> None:
        """Remove what killed sessions left behind."""
        for path in self._folder.iterdir():
            if _is_held(path) is False:
                with suppress(OSError):
                    path.unlink()


def _is_held(path: Path) -> bool | None:
    """Tell whether a session holds a file; None if that can't be told."""
    try:
        descriptor = open_file(path)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return False
