"""A ledger that is held alone for a change, and the end of the change: made, not made, or unknown.

A commit can end without an answer. Then credtui looks for the change under the lock of the ledger's
row. A session that has the lock knows that the transaction which tried the change has ended.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from typing import Any, Unpack

import psycopg
from psycopg.pq import TransactionStatus

from credtui.domain.audit import Action, AuditEvent, What, next_event
from credtui.domain.errors import DoubtError, OutcomeUnknownError, StoreError
from credtui.domain.permissions import Actor
from credtui.domain.place import Place
from credtui.store.postgres import sql
from credtui.store.postgres.address import where
from credtui.store.postgres.changes import notify
from credtui.store.postgres.connections import Connections, deadline, unconfirmed
from credtui.store.postgres.errors import ConflictError, again, explain, explained, reason
from credtui.store.postgres.rows import Row, event_columns, key_of
from credtui.store.postgres.schema import ensure_usable

COMMIT_PATIENCE = 4.0
"""Seconds after which a commit that got no answer is given up, and its outcome is looked for."""

LOOK_PATIENCE = 4.0
"""Seconds for which the outcome of a commit is looked for. Hosts that hang may take two more."""

_UNKNOWN = ("40003", "08007")
"""The SQLSTATEs of a commit whose outcome the database itself doesn't know."""


class Held:
    """Ledgers that are held in an open transaction of the database.

    Attributes:
        connection: The connection of the transaction.
        url: The database.
        place: Whose audit log the next event is added to.
        events: The audit events that were added.
        doubt: The doubt about the change, after its end. None if the change is durable.
    """

    def __init__(self, connection: psycopg.Connection, url: str, place: Place) -> None:
        self.connection = connection
        self.url = url
        self.doubt: DoubtError | None = None
        self.events: list[AuditEvent] = []
        # The number and the hash of each log's last event when its ledger was held.
        self.ends: dict[Place, tuple[int, str]] = {}
        self._statements: list[tuple[str, Mapping[str, Any]]] = []
        self.networks: Sequence[str] = ()
        self.hold(place)

    def hold(self, place: Place) -> None:
        """Lock the ledger of a place, and add the next events to its audit log.

        If there is no such ledger, make one. It stays if an event is added to it.
        """
        self.place = place
        self.connection.execute(sql.ADD_LEDGER, key_of(place))
        (row,) = self.connection.execute(sql.HOLD_LEDGER, key_of(place))
        self.ends[place], self.networks = (row[0], row[1]), row[2]

    def read(self, statement: str, **values: Any) -> Sequence[Row]:
        """Return what a statement finds within the transaction.

        Raises:
            StoreError: The database can't be reached, or refused.
        """
        with explained(self.url), deadline(self.connection):
            return self.connection.execute(statement, values).fetchall()

    def record(self, at: datetime, actor: Actor, action: Action, **what: Unpack[What]) -> None:
        """Add an audit event."""
        number, previous = self.ends[self.place]
        if self.events:
            number, previous = self.events[-1].number, self.events[-1].hash
        self.events.append(next_event(number, previous, at, actor, action, **what))

    def write(self, statement: str, **values: Any) -> None:
        """Add a statement to the change. It runs when the change is committed.

        Raises:
            RuntimeError: The change has no audit event.
        """
        if not self.events:
            raise RuntimeError("a change needs an audit event")
        self._statements.append((statement, values))

    def run_statements(self) -> None:
        """Do all that was added to the change, but don't commit."""
        with self.connection.pipeline():
            for statement, values in self._statements:
                self.connection.execute(statement, values)
            for event in self.events:
                columns = {**key_of(self.place), **event_columns(event)}
                self.connection.execute(sql.ADD_EVENT, columns)


class Ledgers:
    """Holds ledgers, and commits changes.

    Args:
        connections: Where connections to the database come from.
        require_synchronous: Refuse a change that no standby has to confirm.
    """

    def __init__(self, connections: Connections, *, require_synchronous: bool) -> None:
        self._connections = connections
        self._require_synchronous = require_synchronous
        self._where = where(connections.url)

    @contextmanager
    def hold(self, place: Place) -> Iterator[Held]:
        """Hold a place's ledger alone within the context, and commit the change at its end.

        Without an audit event nothing is committed. Afterwards the change is durable, or
        `Held.doubt` says why it may not be.

        Raises:
            StoreError: Nothing was changed.
        """
        held = self._connections.run(partial(self._begin, place))
        try:
            yield held
            if held.events:
                try:
                    self._commit(held)
                except ConflictError:
                    again(partial(self._repeat, held))
                for changed in held.ends:
                    notify(held.connection, changed)
        finally:
            self._leave(held.connection)

    def _begin(self, place: Place, connection: psycopg.Connection) -> Held:
        connection.execute(sql.BEGIN)
        (settings,) = connection.execute(sql.SETTINGS)
        # The database may have been migrated since this connection was opened.
        ensure_usable(int(settings[-1]), self._where)
        if self._require_synchronous:
            ((synchronous, _),) = connection.execute(sql.SYNCHRONOUS).fetchall()
            if not synchronous:
                raise StoreError(
                    f"{self._where} would acknowledge a change before a standby has it: its "
                    "setting synchronous_standby_names is empty, and require_synchronous is set."
                )
        return Held(connection, self._connections.url, place)

    def _repeat(self, held: Held) -> None:
        """Make a change again that the database undid, if nothing else was changed meanwhile."""
        self._roll_back(held.connection)
        first, *others = held.ends
        fresh = self._connections.run(partial(self._begin, first))
        self._connections.keep(held.connection)
        held.connection = fresh.connection
        with explained(fresh.url), deadline(fresh.connection):
            for place in others:
                fresh.hold(place)
        if fresh.ends != held.ends:
            raise StoreError(f"Another session has made a change in {self._where}. Look again.")
        self._commit(held)

    def _commit(self, held: Held) -> None:
        connection = held.connection
        with explained(held.url), deadline(connection):
            held.run_statements()
        try:
            with unconfirmed(connection) as missed, deadline(connection, COMMIT_PATIENCE):
                ended = connection.execute(sql.COMMIT).statusmessage
        except psycopg.Error as error:
            if not connection.broken and error.sqlstate not in (None, *_UNKNOWN):
                raise explain(error, held.url) from None
            missed.append(reason(error))
        except KeyboardInterrupt:
            if connection.info.transaction_status == TransactionStatus.INTRANS:
                raise  # the COMMIT was never sent
            # A new secret that may be valid must be shown.
            missed.append("it was interrupted")
        else:
            if ended != sql.COMMIT:
                raise StoreError(f"{self._where} undid the change.")
        if missed:
            held.doubt = self._look(held, missed[0])

    def _look(self, held: Held, why: str) -> DoubtError | None:
        """Look whether a change was made whose commit got no good answer.

        Returns:
            The doubt that remains. None if the change is there, and durable.

        Raises:
            StoreError: The change was not made.
        """
        give_up = time.monotonic() + LOOK_PATIENCE
        while (left := give_up - time.monotonic()) > 0:
            with suppress(StoreError, psycopg.Error):
                if self._find(held, left):
                    return None
                break
            time.sleep(max(0, min(0.1, give_up - time.monotonic())))
        else:
            return OutcomeUnknownError(why)
        raise StoreError(f"{self._where} did not make the change: {why}.")

    def _find(self, held: Held, seconds: float) -> bool:
        """Tell whether a change is there, and make sure that it stays.

        Raises:
            StoreError: The change can't be looked for now.
            psycopg.Error: The same.
        """
        give_up = time.monotonic() + seconds
        connection = self._connections.open(seconds)
        try:
            with deadline(connection, give_up - time.monotonic()):
                connection.execute(sql.BEGIN)
                connection.execute(sql.SETTINGS)
                Held(connection, held.url, held.place)
                last = held.events[-1]
                columns = {**key_of(held.place), "number": last.number}
                row = connection.execute(sql.EVENT_HASH, columns).fetchone()
                if row is None or row[0] != last.hash:
                    return False
                with unconfirmed(connection) as missed:
                    connection.execute(sql.TOUCH_LEDGER, key_of(held.place))
                    connection.execute(sql.COMMIT)
        finally:
            connection.close()
        if missed:
            raise StoreError("A standby has not confirmed the change.")
        return True

    def _leave(self, connection: psycopg.Connection) -> None:
        """End a transaction that wasn't committed, and keep the connection if it is still good."""
        self._roll_back(connection)
        self._connections.keep(connection)

    def _roll_back(self, connection: psycopg.Connection) -> None:
        with suppress(psycopg.Error):
            if connection.info.transaction_status != TransactionStatus.IDLE:
                with deadline(connection):
                    connection.execute(sql.ROLLBACK)
