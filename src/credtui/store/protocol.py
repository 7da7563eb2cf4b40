"""What credtui asks of a store."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from typing import NamedTuple, Protocol, Unpack

from credtui.domain.audit import Action, AuditEvent, What
from credtui.domain.organization import Organization
from credtui.domain.permissions import Actor, Operators


class Place(NamedTuple):
    """What a store keeps together: an organization in an environment."""

    environment: str
    organization: str


class Transaction(Protocol):
    """An organization, held alone for a change.

    Attributes:
        organization: As it is kept; assign to change it.
        operators: All operators, as they are now.
    """

    organization: Organization
    operators: Operators

    @property
    def last_event_at(self) -> datetime | None:
        """When the last audit event was; None before the first."""
        ...

    def record(self, at: datetime, actor: Actor, action: Action, **what: Unpack[What]) -> None:
        """Add an audit event. It is kept together with the change, or neither is."""
        ...


class Watch(Protocol):
    """Tells cheaply whether an organization may have changed."""

    def changed(self) -> bool:
        """Tell whether anything changed since this was last asked, or since the watch began."""
        ...

    def close(self) -> None:
        """Stop watching."""
        ...


class Store(Protocol):
    """Keeps organizations, their audit events, and operators.

    All methods raise a `credtui.domain.errors.StoreError` when the store can't be used, and may
    block on a disk or a lock. They may be called from any thread.
    """

    def load(self, place: Place) -> Organization:
        """Return an organization as it is kept; one without credentials if it isn't kept yet."""
        ...

    def operators(self) -> Operators:
        """Return all operators."""
        ...

    def transaction(self, place: Place) -> AbstractContextManager[Transaction]:
        """Hold an organization alone, within the context.

        On leaving it, the changed organization and its events are durable; when it is left by an
        exception nothing was changed.
        """
        ...

    def events(self, place: Place) -> Iterator[AuditEvent]:
        """Yield the audit events, newest first."""
        ...

    def verify_events(self, place: Place) -> AuditEvent | None:
        """Check the whole audit log, and return its last event.

        Raises:
            AuditTamperedError: It doesn't hold together, or lacks its end.
        """
        ...

    def watch(self, place: Place) -> Watch:
        """Begin to watch an organization."""
        ...
