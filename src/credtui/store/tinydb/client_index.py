"""Which organization a Client ID belongs to, found without reading every organization."""

import errno
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from credtui.domain.errors import InvalidOrganizationError, OutcomeUnknownError, StoreError
from credtui.domain.names import parse_organization
from credtui.domain.secrets import is_client_id
from credtui.store.tinydb.files import explained, opened, replacement, sync_folder
from credtui.store.tinydb.folders import make_folder

_LONGEST = 100
"""Bytes to read of an entry: more than the name of an organization has."""


class ClientIndex:
    """The folder `.clients` of an environment: a small file for each Client ID.

    The file holds the name of the organization that has the credential. Earlier versions wrote
    symbolic links in place of these files, which not every file system has; both are read.

    An entry is written before its credential is, and removed after it. So a crash can leave an
    entry without a credential, but no credential without an entry. Whoever reads an entry must
    look into the organization's file, which decides.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / ".clients"

    def find(self, client_id: str) -> str | None:
        """Return the organization that an entry names, None if there is no legible entry.

        Raises:
            StoreError: The index can't be read.
        """
        if not is_client_id(client_id):
            return None
        path = self._folder / client_id
        with explained(path):
            try:
                return parse_organization(_read(path))
            except (FileNotFoundError, UnicodeError, InvalidOrganizationError):
                return None

    def add(self, organization: str, client_ids: Iterable[str]) -> None:
        """Durably add entries.

        Raises:
            StoreError: They can't be added.
        """
        missing = [client_id for client_id in client_ids if self.find(client_id) != organization]
        if not missing:
            return
        make_folder(self._folder)
        with explained(self._folder):
            for client_id in missing:
                self._write(client_id, organization)
            sync_folder(self._folder)

    def remove(self, client_ids: Iterable[str]) -> None:
        """Remove entries; one that stays does no harm."""
        with suppress(OSError):
            for client_id in client_ids:
                (self._folder / client_id).unlink(missing_ok=True)

    def _write(self, client_id: str, organization: str) -> None:
        # The content isn't synced. A power cut can leave an empty entry, and then the client is
        # found by reading the organizations' files.
        try:
            with replacement(self._folder / client_id) as descriptor:
                os.write(descriptor, organization.encode())
        except OutcomeUnknownError as doubt:  # An entry without its credential changes nothing.
            raise StoreError(f"Can't use {doubt.args[0]}.") from doubt


def _read(path: Path) -> str:
    try:
        with opened(path, os.O_RDONLY | os.O_NOFOLLOW) as descriptor:
            return os.read(descriptor, _LONGEST).decode()
    except OSError as error:
        if error.errno == errno.ELOOP:
            return os.readlink(path)  # noqa: PTH115  # the text is a name, not a path
        raise
