"""Making folders: for one Unix user, or for the group where the folder above is shared."""

import os
from contextlib import suppress
from pathlib import Path

from credtui.store.tinydb.files import explained, opened_folder, sync_folder
from credtui.store.tinydb.owner import give, is_shared


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
