"""Finding operators by their keys: the part of the store that needs no models and no TinyDB."""

import json
from binascii import a2b_base64
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from credtui.regular_files import read_file
from credtui.store.tinydb.schema import SCHEMA

if TYPE_CHECKING:
    from pathlib import Path


class TinyDBOperatorKeys:
    """Finds operators by their keys, in the store's folder.

    sshd starts a process for each key that a client offers, and waits for this. So this module
    reads the file itself, and imports what explains a damaged file only when it meets one.
    """

    def __init__(self, folder: "Path | str") -> None:
        self._operators_file = f"{folder}/operators.json"

    def operators_for_key(self, key: bytes) -> Sequence[str]:
        """Return the names of the operators whom this public key identifies."""
        try:
            tables = json.loads(read_file(self._operators_file))
            (about,) = tables["about"].values()
            if about["schema"] <= SCHEMA:
                return _names(tables, key)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            pass
        from pathlib import Path

        from credtui.store.tinydb.tables import parsing, read_tables

        path = Path(self._operators_file)
        tables = read_tables(path) or {}
        with parsing(path):
            return _names(tables, key)


def _names(tables: Any, key: bytes) -> Sequence[str]:
    """Return the names of the operators with this key.

    Raises:
        ValueError: A name has what no name has. To sshd a line in it would be an entry of its own,
            without the restrictions of the others.
    """
    names = [
        member["name"]
        for member in tables.get("operators", {}).values()
        if any(_data(line) == key for line in member.get("keys", ()))
    ]
    if not all(name.isprintable() for name in names):
        raise ValueError
    return names


def _data(line: str) -> bytes:
    """Return the key of a line, which holds its type, the key and perhaps a comment."""
    return a2b_base64(line.partition(" ")[2].partition(" ")[0])
