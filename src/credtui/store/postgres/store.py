"""The store on a PostgreSQL server."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from itertools import count
from threading import Lock
from typing import Any, Self
from weakref import WeakKeyDictionary

import psycopg
from typing_extensions import override

from credtui.domain.audit import AuditEvent
from credtui.domain.client import Client
from credtui.domain.lease import Lease
from credtui.domain.names import is_organization, parse_organization
from credtui.domain.operators import Operators
from credtui.domain.organization import Organization
from credtui.domain.permissions import Actor
from credtui.domain.place import OPERATORS, Place
from credtui.domain.secrets import RandomBytes
from credtui.domain.standing import OrganizationStanding, Standing
from credtui.domain.usage import Usage
from credtui.store.port import PAGE, Store
from credtui.store.postgres import queries, sql
from credtui.store.postgres.address import name_of
from credtui.store.postgres.changes import changes
from credtui.store.postgres.connections import Connections
from credtui.store.postgres.hazards import hazards, hazards_of_changes
from credtui.store.postgres.held import Ledgers
from credtui.store.postgres.leases import Leases
from credtui.store.postgres.lookups import Lookups, Wanted
from credtui.store.postgres.operator_keys import PostgresOperatorKeys
from credtui.store.postgres.rows import Row, key_of, parsing, read_organization
from credtui.store.postgres.tokens import read_or_make_key, revoke, sweep
from credtui.store.postgres.transactions import (
    PostgresOperatorsTransaction,
    PostgresOrganizationTransaction,
)
from credtui.store.postgres.usage import add_usage


class PostgresStore(PostgresOperatorKeys, Store):
    """Keeps organizations in a database, which `credtui store migrate` prepares.

    Args:
        url: The database's address, without a password.
        require_synchronous: Refuse a change that no standby has to confirm.
    """

    def __init__(self, url: str, *, require_synchronous: bool = False) -> None:
        super().__init__(url)
        self._require_synchronous = require_synchronous
        self._connections = Connections(url)
        self._ledgers = Ledgers(self._connections, require_synchronous=require_synchronous)
        self._leases = Leases(self._connections)
        self._lookups: WeakKeyDictionary[asyncio.AbstractEventLoop, Lookups] = WeakKeyDictionary()
        self._versions: dict[Place, tuple[object, int]] = {}
        self._numbers = count()
        self._lock = Lock()

    def __reduce__(self) -> tuple[Callable[[str], Self], tuple[str]]:
        """Pickle only what opens the same data anew."""
        return partial(type(self), require_synchronous=self._require_synchronous), (self._url,)

    @override
    def load(self, place: Place) -> Organization:
        rows = self._read(sql.ORGANIZATION, **key_of(place))
        with parsing(self._url):
            networks = rows[0][15] if rows else ()
            return read_organization(networks, [row for row in rows if row[2]])

    @override
    def organizations(self) -> Sequence[str]:
        names = (row[0] for row in self._read(sql.ORGANIZATIONS))
        return sorted(name for name in names if is_organization(name))

    @override
    def standing_in(self, organization: str, actor: Actor) -> OrganizationStanding:
        return queries.standing_in(self._read, parse_organization(organization), actor)

    @contextmanager
    @override
    def transaction(self, place: Place) -> Iterator[PostgresOrganizationTransaction]:
        parse_organization(place.organization)
        with self._ledgers.hold(place) as held:
            transaction = PostgresOrganizationTransaction(held, partial(self._leases.hold, place))
            yield transaction
            transaction.write()

    @override
    def leases(self, place: Place) -> Sequence[Lease]:
        return [held.lease for held in self._leases.read(place)]

    @override
    def version(self, place: Place) -> int:
        state = (
            self._read(sql.VERSION, **key_of(place)),
            [held.number for held in self._leases.read(place)],
        )
        with self._lock:
            before = self._versions.get(place)
            if before is None or before[0] != state:
                before = self._versions[place] = state, next(self._numbers)
            return before[1]

    @override
    def changes(self, place: Place) -> AsyncGenerator[None, None]:
        return changes(self._url, place, OPERATORS)

    @override
    def operators(self) -> Operators:
        return queries.operators(self._read, self._url)

    @override
    def standing(self, actor: Actor) -> Standing:
        return queries.standing(self._read, actor)

    @contextmanager
    @override
    def operators_transaction(self) -> Iterator[PostgresOperatorsTransaction]:
        with self._ledgers.hold(OPERATORS) as held:
            transaction = PostgresOperatorsTransaction(held)
            yield transaction
            transaction.write()

    @override
    def events(
        self, place: Place, before: int | None = None, limit: int = PAGE
    ) -> Sequence[AuditEvent]:
        return queries.events(self._read, place, before, limit)

    @override
    def verify_events(self, place: Place) -> AuditEvent | None:
        return queries.verify_events(self._read, place, self._url)

    @override
    def operator_events(self, before: int | None = None, limit: int = PAGE) -> Sequence[AuditEvent]:
        return self.events(OPERATORS, before, limit)

    @override
    def verify_operator_events(self) -> AuditEvent | None:
        return self.verify_events(OPERATORS)

    @override
    async def find_client(self, environment: str, client_id: str) -> Client | None:
        return await self._lookups_here().ask(Wanted(environment, client_id))

    @override
    def usage(self, place: Place) -> Mapping[str, Usage]:
        return queries.usage(self._read, place)

    @override
    def add_usage(self, place: Place, usage: Mapping[str, Usage]) -> None:
        self._connections.run(partial(add_usage, place, usage))

    @override
    def theme_of(self, operator: str) -> str | None:
        rows = self._read(sql.THEME, operator=_encoded(operator))
        return rows[0][0] if rows else None

    @override
    def keep_theme(self, operator: str, name: str) -> None:
        self._read(sql.KEEP_THEME, operator=_encoded(operator), theme=name)

    @override
    def token_key(self, make: RandomBytes) -> bytes:
        return self._connections.run(partial(read_or_make_key, name_of(self._url), make))

    @override
    def revoke(self, environment: str, token: str, expires_at: datetime) -> None:
        self._connections.run(partial(revoke, environment, token, expires_at))

    @override
    async def find_bearer(
        self, environment: str, client_id: str, token: str, expires_at: datetime
    ) -> Client | None:
        expiry = int(expires_at.timestamp())
        return await self._lookups_here().ask(Wanted(environment, client_id, token, expiry))

    @override
    def sweep_revocations(self, environment: str, now: datetime) -> None:
        self._connections.run(partial(sweep, environment, now))

    @override
    def hazards(self, *, of_changes: bool = False) -> Sequence[str]:
        found = hazards_of_changes if of_changes else partial(hazards, name_of(self._url))
        return self._connections.run(lambda connection: [*found(connection)])

    @override
    def close(self) -> None:
        self._connections.close()
        for lookups in list(self._lookups.values()):
            lookups.close()

    def _read(self, statement: str, **values: Any) -> Sequence[Row]:
        return self._connections.run(lambda connection: _rows(connection, statement, values))

    def _lookups_here(self) -> Lookups:
        loop = asyncio.get_running_loop()
        lookups = self._lookups.get(loop)
        if lookups is None:
            lookups = self._lookups[loop] = Lookups(self._url)
        return lookups


def _rows(
    connection: psycopg.Connection, statement: str, values: Mapping[str, Any]
) -> Sequence[Row]:
    cursor = connection.execute(statement, values)
    return cursor.fetchall() if cursor.description else ()


def _encoded(operator: str) -> bytes:
    """Return an operator's name, which may be any text, as bytes: a database takes fewer texts."""
    return operator.encode("utf-8", "surrogatepass")
