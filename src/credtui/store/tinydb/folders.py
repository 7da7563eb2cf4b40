"""Making folders, for one Unix user or for a group."""

import os
from contextlib import suppress
from pathlib import Path

from credtui.store.tinydb.files import explained, opened_folder, sync_folder
from credtui.store.tinydb.owner import give, is_shared


def make_folder(folder: Path) -> None:
    """Durably create a folder and its parents, unless it exists.

    Only its owner can use the new folder; if its parent is shared, the group can too. A folder that
    root creates belongs to the owner of its parent.

    Raises:
        StoreError: The folder can't be created.
    """
    with explained(folder):
        if folder.is_dir():
            return
        make_folder(folder.parent)
        # The folder gets its name last. So a kill can't leave a folder that locks its users out.
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
            if not os.path.lexists(folder):  # another process may have created it
                raise
        try:
            sync_folder(folder.parent)
        except OSError:
            # The next change would take a folder that exists for a durable one.
            with suppress(OSError):
                folder.rmdir()
            raise
