"""The usage of credentials, in files of its own: losing one of these loses no credential."""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from credtui.domain.errors import OutcomeUnknownError
from credtui.domain.usage import Usage
from credtui.regular_files import read_file
from credtui.store.port import KEPT_USAGE
from credtui.store.tinydb.files import explained, replacement, write
from credtui.store.tinydb.folders import make_folder
from credtui.store.tinydb.lock import locked
from credtui.store.tinydb.mark_file import MarkFile


class UsageFiles:
    """The folder `.usage` of an environment: a JSON file for each organization.

    Each process adds what it has counted since the last time. Meanwhile it holds a lock that
    operators never wait for.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / ".usage"
        self._mark = MarkFile(folder.parent)

    def path(self, organization: str) -> Path:
        """Return the file of an organization."""
        return self._folder / f"{organization}.json"

    def read(self, organization: str) -> Mapping[str, Usage]:
        """Return the usage of credentials by Client ID; nothing if the file is missing or damaged.

        Raises:
            StoreError: The file can't be read.
        """
        path = self.path(organization)
        missing = FileNotFoundError, NotADirectoryError
        damaged = ValueError, AttributeError, RecursionError
        with explained(path), suppress(*missing, *damaged):
            documents = json.loads(read_file(path))
            return {
                client_id: Usage.model_validate(document)
                for client_id, document in documents.items()
            }
        return {}

    def add(self, organization: str, usage: Mapping[str, Usage]) -> None:
        """Add to an organization's usage.

        Raises:
            StoreError: The usage can't be kept. Nothing was added.
        """
        make_folder(self._folder)
        with locked(self._folder / f"{organization}.lock"):
            self._mark.ensure_in_use()
            kept = dict(self.read(organization))
            for client_id, more in usage.items():
                # The credential that was used last comes last.
                before = kept.pop(client_id, None)
                kept[client_id] = before.merged(more) if before else more
            # An unknown outcome is no error, because the caller would add the usage again, and it
            # could count twice.
            with suppress(OutcomeUnknownError):
                self.put(organization, dict(list(kept.items())[-KEPT_USAGE:]))

    def put(self, organization: str, usage: Mapping[str, Usage]) -> None:
        """Replace an organization's usage. It isn't synced: a power cut may lose the newest.

        The caller must be the only writer.

        Raises:
            StoreError: The usage can't be kept. Nothing was changed.
            OutcomeUnknownError: It is not known whether the usage was replaced.
        """
        make_folder(self._folder)
        content = {client_id: used.model_dump(mode="json") for client_id, used in usage.items()}
        path = self.path(organization)
        with explained(path), replacement(path) as descriptor:
            write(descriptor, json.dumps(content).encode())
