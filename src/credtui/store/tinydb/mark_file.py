"""The mark of a folder that isn't in use: an unfinished copy, or a folder that was copied."""

import json
import os
from contextlib import suppress
from pathlib import Path

from credtui.domain.errors import DoubtError, StoreCorruptError, StoreError
from credtui.regular_files import read_file
from credtui.store.marks import Mark
from credtui.store.tinydb.files import explained, replace_durably, sync_folder
from credtui.store.tinydb.lock import locked

COPY_LOCK = "copy.lock"
"""The name of the lock file that `credtui store copy` holds in both folders."""


class MarkFile:
    """The file `copy.json` of a store. Most folders have none.

    A change looks for the file while it holds a lock of its own. So whoever has made the file, and
    then has held each lock once, knows that no change is under way and that none will be made.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.path = folder / "copy.json"
        self._name = str(self.path)

    def ensure_in_use(self) -> None:
        """Refuse a store that is marked. Without a mark this costs one `stat`.

        Raises:
            StoreError: The store is marked.
        """
        try:
            os.stat(self._name)  # noqa: PTH116  # a Path is too slow for every token request
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError:
            with explained(self.path):
                raise
        if mark := self.read():
            raise mark.refusal(f"the folder {self._folder}")

    def ensure_finished(self) -> None:
        """Refuse an unfinished copy.

        Raises:
            StoreUnfinishedError: The store is one.
        """
        mark = self.read()
        if mark and mark.kind == "unfinished":
            raise mark.refusal(f"the folder {self._folder}")

    def read(self) -> Mark | None:
        """Return the mark, None if there is none.

        Raises:
            StoreError: The mark can't be read.
        """
        with explained(self.path):
            try:
                content = read_file(self._name)
            except (FileNotFoundError, NotADirectoryError):
                return None
        with suppress(ValueError, RecursionError):
            match json.loads(content):
                case {"kind": "moved" | "unfinished" as kind, "other": str(other)}:
                    return Mark(kind, other)
        raise StoreCorruptError(f"{self.path} is damaged: it doesn't hold what credtui wrote.")

    def write(self, mark: Mark) -> None:
        """Mark the store, and wait until the changes that are under way have ended.

        Raises:
            StoreError: The store can't be marked, or a change doesn't end. The mark may be there.
        """
        try:
            replace_durably(self.path, json.dumps(mark._asdict()).encode())
        except DoubtError as doubt:
            raise StoreError(f"Can't use {doubt.args[0]}.") from doubt
        for path in self._folder.rglob("*.lock"):
            if path.name != COPY_LOCK:
                with locked(path) as held:
                    held.finished = not held.abandoned  # the next change must know

    def remove(self) -> None:
        """Durably remove the mark.

        Raises:
            StoreError: The mark is still there, or may come back after a power cut.
        """
        with explained(self.path):
            self.path.unlink(missing_ok=True)
            sync_folder(self._folder)
