"""Leases: a session that shows a new secret keeps a row locked.

The lock ends with the session, whatever ends it, and a stopped session keeps it. A pooler in
transaction mode keeps it too, because the lock is in an open transaction. A failover ends all
leases: the locks end with the server.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple

import psycopg

from credtui.domain.errors import StoreError
from credtui.domain.lease import Lease
from credtui.domain.place import Place
from credtui.store.postgres import sql
from credtui.store.postgres.connections import Connections, deadline
from credtui.store.postgres.rows import key_of


class HeldLease(NamedTuple):
    """A lease that a session holds, with the number of its row, which never comes again."""

    number: int
    lease: Lease


class Leases:
    """The leases of all sessions."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    @contextmanager
    def hold(self, place: Place, lease: Lease) -> Iterator[None]:
        """Hold a lease within the context. If that can't be done, do without: it is no error."""
        connection: psycopg.Connection | None = None
        number = 0
        with suppress(StoreError, psycopg.Error):
            connection = self._connections.open()
            number = _take(connection, place, lease)
        try:
            yield
        finally:
            if connection is not None:
                with suppress(psycopg.Error), deadline(connection):
                    connection.execute(sql.REMOVE_LEASE, {"id": number})
                    connection.execute(sql.COMMIT)
                connection.close()

    def read(self, place: Place) -> Sequence[HeldLease]:
        """Return the leases that sessions hold at this moment, oldest first.

        Raises:
            StoreError: The leases can't be read.
        """
        rows = self._connections.run(
            lambda connection: connection.execute(sql.LEASES, key_of(place)).fetchall()
        )
        found = []
        for number, content in rows:
            with suppress(ValueError):
                found.append(HeldLease(number, Lease.model_validate(content)))
        return found


def _take(connection: psycopg.Connection, place: Place, lease: Lease) -> int:
    """Add a row and lock it, and return its number. Sweep the rows that were left over."""
    columns = {**key_of(place), "content": lease.model_dump_json()}
    with deadline(connection):
        while True:
            connection.execute(sql.BEGIN)
            connection.execute(sql.SOON)
            connection.execute(sql.SWEEP_LEASES, key_of(place))
            (row,) = connection.execute(sql.ADD_LEASE, columns)
            connection.execute(sql.COMMIT)
            connection.execute(sql.BEGIN)
            connection.execute(sql.SOON)
            connection.execute(sql.NO_TIME_LIMIT)
            # Another session may have swept the row before it was locked.
            if connection.execute(sql.HOLD_LEASE, {"id": row[0]}).fetchone():
                return int(row[0])
            connection.execute(sql.ROLLBACK)
