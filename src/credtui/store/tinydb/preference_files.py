"""The preferences of operators, in a file of their own. Losing the file loses no credential."""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from credtui.domain.errors import DoubtError
from credtui.regular_files import read_file
from credtui.store.tinydb.files import explained, replace_durably
from credtui.store.tinydb.folders import make_folder
from credtui.store.tinydb.lock import locked
from credtui.store.tinydb.mark_file import MarkFile

_KEPT = 1000
"""How many operators' preferences to keep: those that were changed last."""


class PreferenceFiles:
    """The file `preferences.json` of a store: `{"OPERATOR": {"theme": "NAME"}}`."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "preferences.json"

    def theme_of(self, operator: str) -> str | None:
        """Return an operator's theme; None if none is kept, or if the file is damaged.

        Raises:
            StoreError: The file can't be read.
        """
        return self.themes().get(operator)

    def keep_theme(self, operator: str, name: str) -> None:
        """Keep an operator's theme. A damaged file is replaced.

        Raises:
            StoreError: The theme can't be kept.
        """
        make_folder(self._path.parent)
        with locked(self._path.with_suffix(".lock")):
            MarkFile(self._path.parent).ensure_in_use()
            kept = dict(self._read())
            before = kept.pop(operator, None)
            # A later version may keep more.
            kept[operator] = {**(before if isinstance(before, dict) else {}), "theme": name}
            self._write(dict(list(kept.items())[-_KEPT:]))

    def themes(self) -> Mapping[str, str]:
        """Return the theme of each operator who has one."""
        return {
            operator: preferences["theme"]
            for operator, preferences in self._read().items()
            if isinstance(preferences, dict) and isinstance(preferences.get("theme"), str)
        }

    def put_themes(self, themes: Mapping[str, str]) -> None:
        """Replace all preferences. The caller must be the only writer.

        Raises:
            StoreError: The preferences can't be kept.
        """
        self._write({operator: {"theme": theme} for operator, theme in themes.items()})

    def _write(self, preferences: Mapping[str, object]) -> None:
        with suppress(DoubtError):  # A theme that comes back after a power cut does no harm.
            replace_durably(self._path, json.dumps(preferences).encode())

    def _read(self) -> Mapping[str, object]:
        missing = FileNotFoundError, NotADirectoryError
        with explained(self._path), suppress(*missing, ValueError, RecursionError):
            documents = json.loads(read_file(self._path))
            if isinstance(documents, dict):
                return documents
        return {}
