"""What credtui asks of a store."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol, Unpack

from credtui.domain.audit import Action, AuditEvent, What
from credtui.domain.client import Client
from credtui.domain.errors import DoubtError
from credtui.domain.organization import Organization
from credtui.domain.permissions import Actor, Operators
from credtui.domain.place import Place
from credtui.domain.secrets import RandomBytes
from credtui.domain.usage import Usage


class Transaction(Protocol):
    """An organization, held alone for a change.

    Attributes:
        organization: As it is kept; assign to change it.
        operators: All operators, as they are now.
    """

    organization: Organization
    operators: Operators

    @property
    def is_new(self) -> bool:
        """Whether there is no audit event yet."""
        ...

    @property
    def doubt(self) -> DoubtError | None:
        """What is in doubt about the change, once the context was left; None if it is durable."""
        ...

    def record(self, at: datetime, actor: Actor, action: Action, **what: Unpack[What]) -> None:
        """Add an audit event. It is kept together with the change, or neither is."""
        ...


class OperatorsTransaction(Protocol):
    """All operators, held alone for a change.

    Attributes:
        operators: As they are kept; assign to change them.
    """

    operators: Operators

    @property
    def doubt(self) -> DoubtError | None:
        """What is in doubt about the change, once the context was left; None if it is durable."""
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


class ClientStore(Protocol):
    """Finds clients by Client ID."""

    async def find_client(self, environment: str, client_id: str) -> Client | None:
        """Return a client as it is kept at this very moment, None if there is none.

        What was acknowledged before the call shows in the result, whichever process made the
        change. The time that this takes doesn't depend on how many organizations there are. A
        client that came back from a backup may be found some seconds late.

        Raises:
            StoreError: The store can't be read.
        """
        ...


class UsageStore(Protocol):
    """Keeps how credentials are used, apart from the credentials."""

    def usage(self, place: Place) -> Mapping[str, Usage]:
        """Return how credentials are used, by Client ID. What is lost with it is not an error."""
        ...

    def add_usage(self, place: Place, usage: Mapping[str, Usage]) -> None:
        """Add to how credentials are used, without holding the organization.

        Raises:
            StoreError: It can't be kept, or the store isn't there; nothing was added.
        """
        ...

    def watch_usage(self, place: Place) -> Watch:
        """Begin to watch what `usage` returns."""
        ...


class TokenStore(Protocol):
    """Keeps the key of access tokens, and which of them are revoked."""

    def token_key(self, make: RandomBytes) -> bytes:
        """Return the key that signs access tokens: the same to every process, made once.

        Raises:
            StoreError: It can't be read or made.
        """
        ...

    def revoke(self, environment: str, token: str, expires_at: datetime) -> None:
        """Durably revoke the access token of this identity.

        Raises:
            StoreError: It can't be revoked.
        """
        ...

    async def is_revoked(self, environment: str, token: str, expires_at: datetime) -> bool:
        """Tell whether the access token of this identity is revoked.

        Raises:
            StoreError: That can't be read.
        """
        ...

    def sweep_revocations(self, environment: str, now: datetime) -> None:
        """Make room by forgetting which tokens were revoked among those that have expired.

        The tokens stay revoked all the same, also when the clock is set back after this. Tokens
        that happen to expire at the same times may be revoked with them.

        Raises:
            StoreError: Nothing can be removed.
        """
        ...


class Store(ClientStore, UsageStore, TokenStore, Protocol):
    """Keeps organizations, their audit events, and operators.

    All methods raise a `credtui.domain.errors.StoreError` when the store can't be used. They may be
    called from any thread. Those that are coroutines are for an event loop and never block it; all
    others may block on a disk or a lock.
    """

    def load(self, place: Place) -> Organization:
        """Return an organization as it is kept; one without credentials if it isn't kept yet."""
        ...

    def operators(self) -> Operators:
        """Return all operators."""
        ...

    def operators_transaction(self) -> AbstractContextManager[OperatorsTransaction]:
        """Hold all operators alone, within the context; otherwise as `transaction`."""
        ...

    def operator_events(self) -> Iterator[AuditEvent]:
        """Yield the audit events about operators, newest first."""
        ...

    def verify_operator_events(self) -> AuditEvent | None:
        """Check the whole audit log about operators; otherwise as `verify_events`.

        Raises:
            AuditTamperedError: It doesn't hold together, or lacks its end.
        """
        ...

    def organizations(self) -> Sequence[str]:
        """Return the names of all organizations that are kept in any environment, sorted."""
        ...

    def has_organization(self, organization: str) -> bool:
        """Tell whether an organization is kept in any environment."""
        ...

    def transaction(self, place: Place) -> AbstractContextManager[Transaction]:
        """Hold an organization alone, within the context.

        On leaving it, the changed organization and its events are durable, or `Transaction.doubt`
        says that they may not be; when it is left by an exception nothing was changed.
        """
        ...

    def events(self, place: Place) -> Iterator[AuditEvent]:
        """Yield the audit events, newest first."""
        ...

    def verify_events(self, place: Place) -> AuditEvent | None:
        """Check the whole audit log, and return its last event.

        This writes nothing, and no change has to wait for it.

        Raises:
            AuditTamperedError: It doesn't hold together, or lacks its end.
        """
        ...

    def watch(self, place: Place) -> Watch:
        """Begin to watch an organization, and operators."""
        ...

    def close(self) -> None:
        """Let go of files, connections and threads. The store isn't used afterwards."""
        ...
