"""Finding operators by their keys: the part of the store that needs no models and no TinyDB."""

from collections.abc import Sequence
from pathlib import Path

from credtui.domain.ssh_keys import parse_public_key
from credtui.store.tinydb.tables import parsing, read_tables


class TinyDBOperatorKeys:
    """Finds operators by their keys, in the store's folder.

    sshd starts a process for each key that a client offers, and waits for this.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def operators_for_key(self, fingerprint: str) -> Sequence[str]:
        """Return the names of the operators whom the key with this fingerprint identifies."""
        path = self._folder / "operators.json"
        tables = read_tables(path) or {}
        with parsing(path):
            return [
                member["name"]
                for member in tables.get("operators", {}).values()
                if any(
                    parse_public_key(key).fingerprint == fingerprint
                    for key in member.get("keys", ())
                )
            ]
