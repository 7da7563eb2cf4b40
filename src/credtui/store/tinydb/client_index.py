"""Which organization a Client ID belongs to, found without reading every organization."""

import errno
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from credtui.domain.errors import InvalidOrganizationError
from credtui.domain.names import parse_organization
from credtui.domain.secrets import is_client_id
from credtui.store.tinydb.files import explained, sync_folder
from credtui.store.tinydb.folders import make_folder


class ClientIndex:
    """The folder `.clients` of an environment: a link for each Client ID, naming its organization.

    The organization's own file decides. An entry is there before its credential is, and goes after
    it is gone; so one that a crash left behind names an organization without that credential, which
    whoever looks there sees.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / ".clients"

    def find(self, client_id: str) -> str | None:
        """Return the organization that an entry names."""
        if not is_client_id(client_id):
            return None
        path = self._folder / client_id
        with explained(path):
            try:
                return parse_organization(os.readlink(path))  # noqa: PTH115  # names no file
            except (FileNotFoundError, InvalidOrganizationError):
                return None
            except OSError as error:
                if error.errno == errno.EINVAL:  # no link, such as after a copy that follows links
                    return None
                raise

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
                path = self._folder / client_id
                path.unlink(missing_ok=True)
                with suppress(FileExistsError):
                    path.symlink_to(organization)
            sync_folder(self._folder)

    def remove(self, client_ids: Iterable[str]) -> None:
        """Remove entries; one that stays does no harm."""
        with suppress(OSError):
            for client_id in client_ids:
                (self._folder / client_id).unlink(missing_ok=True)
