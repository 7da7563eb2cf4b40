"""Whose key it is, as sshd asks."""

from pathlib import Path

import psycopg
import pytest

from credtui.domain.errors import StoreCorruptError
from credtui.store.postgres.operator_keys import PostgresOperatorKeys
from tests.stores import as_application, database_of


@pytest.mark.parametrize("end", ["\n", "\r", "\x1b", "\u2028", "\x85"])
def test_a_name_never_begins_a_line(tmp_path: Path, end: str) -> None:
    """To sshd the rest of the name would be an entry of its own, without restrictions."""
    url = database_of(tmp_path)
    with psycopg.connect(url) as owner:
        name = f"rita{end}ssh-ed25519 AAAA"
        owner.execute(
            "INSERT INTO credtui.operator (name, position, representative) VALUES (%s, 1, true)",
            [name],
        )
        owner.execute(
            "INSERT INTO credtui.operator_key (data, operator, position, line)"
            " VALUES ('key', %s, 0, 'ssh-ed25519 key')",
            [name],
        )
    with pytest.raises(StoreCorruptError, match="is damaged"):
        PostgresOperatorKeys(as_application(url)).operators_for_key(b"key")
