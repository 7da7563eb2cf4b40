"""Hazards: settings of the cluster and of the connection that endanger the data."""

from collections.abc import Iterator
from ipaddress import ip_address

import psycopg

from credtui.store.postgres import sql
from credtui.store.postgres.connections import read_mark


def hazards(name: str, connection: psycopg.Connection) -> Iterator[str]:
    """Yield a sentence for each hazard, as the service would tell it to an operator.

    Args:
        name: The database, for the middle of a sentence.
        connection: A connection to it.
    """
    if mark := read_mark(connection):
        yield str(mark.refusal(name))
    yield from hazards_of_server(connection)


def hazards_of_server(connection: psycopg.Connection) -> Iterator[str]:
    """Yield a sentence for each hazard, whatever the database holds."""
    yield from hazards_of_changes(connection)
    mode = parameter(connection, "sslmode")
    if mode != "verify-full" and _is_remote(connection):
        yield (
            "The connection to the database doesn't prove which server answers "
            f"(sslmode={mode}): use sslmode=verify-full."
        )


def hazards_of_changes(connection: psycopg.Connection) -> Iterator[str]:
    """Yield a sentence for each hazard that may undo a change."""
    ((synchronous, standbys),) = connection.execute(sql.SYNCHRONOUS).fetchall()
    if standbys and not synchronous:
        yield (
            "The database acknowledges a change before its standby has it: after a failover, a "
            "rotated or deleted secret may be valid again. Set synchronous_standby_names."
        )


def _is_remote(connection: psycopg.Connection) -> bool:
    """Tell whether the server is on another computer. A Unix socket has no IP address."""
    try:
        return not ip_address(connection.info.hostaddr).is_loopback
    except ValueError:
        return False


def parameter(connection: psycopg.Connection, name: str) -> str:
    """Return a parameter of the connection, wherever libpq found it."""
    for option in connection.pgconn.info:
        if option.keyword.decode() == name and option.val is not None:
            return option.val.decode()
    return ""
