"""Finding the organization of a Client ID without reading every organization."""

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
"""How many bytes of an entry to read. An organization's name is shorter."""


class ClientIndex:
    """The folder `.clients` of an environment: a small file for each Client ID.

    The file holds the name of the organization that has the credential. Earlier versions wrote
    symbolic links instead, which not every file system has. This class reads both.

    An entry is written before its credential, and removed after it. So a crash can leave an entry
    without a credential, but never a credential without an entry. The reader of an entry must look
    for the credential in the organization's file.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / ".clients"

    def find(self, client_id: str) -> str | None:
        """Return the organization that an entry names; None if there is no readable entry.

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
            StoreError: The entries can't be added.
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
        """Remove entries. Errors are ignored, because an entry that stays does no harm."""
        with suppress(OSError):
            for client_id in client_ids:
                (self._folder / client_id).unlink(missing_ok=True)

    def _write(self, client_id: str, organization: str) -> None:
        # The content isn't synced. If a power cut leaves an empty entry, `ClientFiles` finds the
        # client by reading the organizations' files.
        try:
            with replacement(self._folder / client_id) as descriptor:
                os.write(descriptor, organization.encode())
        except OutcomeUnknownError as doubt:  # an entry alone changes nothing
            raise StoreError(f"Can't use {doubt.args[0]}.") from doubt


def _read(path: Path) -> str:
    try:
        with opened(path, os.O_RDONLY | os.O_NOFOLLOW) as descriptor:
            return os.read(descriptor, _LONGEST).decode()
    except OSError as error:
        if error.errno == errno.ELOOP:
            return os.readlink(path)  # noqa: PTH115  # the text is a name, not a path
        raise
