"""Transactions of the database: an organization, or all operators, held alone for a change."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from functools import cached_property
from typing import Unpack

from typing_extensions import override

from credtui.domain.audit import Action, AuditEvent, What
from credtui.domain.errors import DoubtError
from credtui.domain.lease import Lease
from credtui.domain.names import parse_organization
from credtui.domain.operators import Operators
from credtui.domain.permissions import Actor
from credtui.domain.place import OPERATORS, Place
from credtui.domain.standing import OrganizationStanding
from credtui.domain.usage import Usage
from credtui.store.port import OperatorsTransaction, OrganizationTransaction, Transaction
from credtui.store.postgres import queries, sql
from credtui.store.postgres.connections import deadline
from credtui.store.postgres.errors import explained
from credtui.store.postgres.held import Held
from credtui.store.postgres.rows import key_of, parsing, read_organization
from credtui.store.postgres.statements import additions, changes


class PostgresTransaction(Transaction):
    """A transaction of the database."""

    def __init__(self, held: Held) -> None:
        self._held = held

    @property
    @override
    def doubt(self) -> DoubtError | None:
        return self._held.doubt

    @override
    def record(self, at: datetime, actor: Actor, action: Action, **what: Unpack[What]) -> None:
        self._held.record(at, actor, action, **what)


class PostgresOrganizationTransaction(PostgresTransaction, OrganizationTransaction):
    """An organization that is held for a change."""

    def __init__(
        self, held: Held, hold_lease: Callable[[Lease], AbstractContextManager[None]]
    ) -> None:
        super().__init__(held)
        self._place = held.place
        self._hold_lease = hold_lease
        self._rows = held.read(sql.CREDENTIALS, **key_of(self._place))
        with parsing(held.url):
            self._before = self.organization = read_organization(held.networks, self._rows)

    @override
    def standing(self, actor: Actor) -> OrganizationStanding:
        return queries.standing_in(self._held.read, self._place.organization, actor)

    @override
    def usage(self) -> Mapping[str, Usage]:
        return queries.usage(self._held.read, self._place)

    @override
    def hold_lease(self, lease: Lease) -> AbstractContextManager[None]:
        return self._hold_lease(lease)

    @override
    def latest_events(self, limit: int) -> Sequence[AuditEvent]:
        return queries.events(self._held.read, self._place, None, limit)

    def write(self) -> None:
        """Add the statements for what changed."""
        organization, before = self.organization, self._before
        if organization == before:
            return
        for statement, values in changes(self._place, self._rows, before, organization):
            self._held.write(statement, **values)


class PostgresOperatorsTransaction(PostgresTransaction, OperatorsTransaction):
    """All operators, held for a change."""

    def __init__(self, held: Held) -> None:
        super().__init__(held)
        self._changed: Operators | None = None

    @property
    def operators(self) -> Operators:
        """All operators as they are kept. Assign to change them."""
        return self._changed or self._before

    @operators.setter
    def operators(self, operators: Operators) -> None:
        self._changed = operators

    @override
    def has_organization(self, organization: str) -> bool:
        return queries.has_organization(self._held.read, parse_organization(organization))

    @override
    def create_organization(self, place: Place) -> None:
        with explained(self._held.url), deadline(self._held.connection):
            self._held.hold(place)

    @cached_property
    def _before(self) -> Operators:
        return queries.operators(self._held.read, self._held.url)

    def write(self) -> None:
        """Add the statements for what changed.

        Raises:
            RuntimeError: The change has no audit event of its own.
        """
        if self._changed is None or self._changed == self._before:
            return
        if self._held.place != OPERATORS:
            raise RuntimeError("a change needs an audit event")
        write = self._held.write
        before = {operator.name: operator for operator in self._before.members}
        after = {operator.name: operator for operator in self._changed.members}
        for name, operator in before.items():
            if after.get(name) != operator:
                write(sql.REMOVE_OPERATOR, name=name)
        # New operators come last. The others keep their order.
        positions: dict[str, int] = {
            row[0]: row[1] for row in self._held.read(sql.POSITIONS_OF_OPERATORS)
        }
        last = max(positions.values(), default=0)
        for number, (name, operator) in enumerate(after.items(), start=1):
            if before.get(name) != operator:
                position = positions.get(name, last + number)
                for statement, values in additions(operator, position):
                    write(statement, **values)
