"""Folders and permission bits: for one Unix user, or for the group where a folder is shared."""

import os
import stat
from contextlib import suppress
from pathlib import Path

from credtui.store.tinydb.files import explained, opened_folder, sync_folder
from credtui.store.tinydb.owner import give


def is_shared(folder: Path) -> bool:
    """Tell whether a folder is set up for several Unix users: setgid and group-writable.

    Raises:
        StoreError: It can't be told.
    """
    with explained(folder), suppress(FileNotFoundError):
        return folder.stat().st_mode & (stat.S_ISGID | stat.S_IWGRP) == stat.S_ISGID | stat.S_IWGRP
    return False


def make_folder(folder: Path) -> None:
    """Durably create a folder and its parents.

    A folder is for its owner alone, or for its group where the one above it is shared. What root
    creates belongs to the owner of the folder around it.

    Raises:
        StoreError: It can't be created.
    """
    with explained(folder):
        if folder.is_dir():
            return
        make_folder(folder.parent)
        # It appears under its name when nothing is left to do: a kill in between locks nobody out.
        from tempfile import mkdtemp

        made = mkdtemp(prefix=f".{folder.name}.", dir=folder.parent)
        try:
            with opened_folder(made) as descriptor:
                give(descriptor, folder)
                if is_shared(folder.parent):
                    os.fchmod(descriptor, 0o2770)
            os.rename(made, folder)  # noqa: PTH104
        except OSError:
            with suppress(OSError):
                os.rmdir(made)  # noqa: PTH106
            if not os.path.lexists(folder):  # which somebody else may have created
                raise
        try:
            sync_folder(folder.parent)
        except OSError:
            with suppress(OSError):  # found there by the next change, it would count as synced
                folder.rmdir()
            raise


def file_mode(*, shared: bool) -> int:
    """Return the permission bits of a file with credentials in it."""
    return 0o660 if shared else 0o600
