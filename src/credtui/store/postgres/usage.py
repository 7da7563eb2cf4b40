"""Adding to how credentials are used."""

from collections.abc import Mapping
from contextlib import suppress

import psycopg
from psycopg.types.json import Json

from credtui.domain.place import Place
from credtui.domain.usage import Usage
from credtui.store.port import KEPT_USAGE
from credtui.store.postgres import sql
from credtui.store.postgres.rows import key_of


def add_usage(place: Place, usage: Mapping[str, Usage], connection: psycopg.Connection) -> None:
    """Add to how credentials are used. A crash of the server may lose the newest usage."""
    key = key_of(place)
    asked = {**key, "client_ids": list(usage)}
    connection.execute(sql.BEGIN)
    connection.execute(sql.SOON)
    connection.execute(sql.MAKE_USAGE, asked)
    merged = dict(usage)
    for client_id, content in connection.execute(sql.HOLD_USAGE, asked):
        with suppress(ValueError):  # damaged usage is lost
            if content is not None:
                merged[client_id] = Usage.model_validate(content).merged(usage[client_id])
    for client_id, used in merged.items():
        kept = Json(used.model_dump(mode="json"))
        connection.execute(sql.SET_USAGE, {**key, "client_id": client_id, "content": kept})
    connection.execute(sql.FORGET_USAGE, {**key, "kept": KEPT_USAGE})
    # An unknown outcome is no error: the caller would add the usage again, and count it twice.
    with suppress(psycopg.OperationalError):
        connection.execute(sql.COMMIT)
