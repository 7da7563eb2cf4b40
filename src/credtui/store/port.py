"""What credtui asks of a store."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol, Unpack

from credtui.domain.audit import Action, AuditEvent, What
from credtui.domain.client import Client
from credtui.domain.errors import DoubtError
from credtui.domain.operators import Operators
from credtui.domain.organization import Organization
from credtui.domain.permissions import Actor
from credtui.domain.place import Place
from credtui.domain.secrets import RandomBytes
from credtui.domain.standing import OrganizationStanding, Standing
from credtui.domain.usage import Usage

PAGE = 200
"""Audit events that are read at a time."""


class Transaction(Protocol):
    """What is held alone for a change.

    Decisions about the change rest on what the transaction returns. The store must not be asked
    while one is open.
    """

    @property
    def doubt(self) -> DoubtError | None:
        """What is in doubt about the change, once the context was left; None if it is durable."""
        ...

    def record(self, at: datetime, actor: Actor, action: Action, **what: Unpack[What]) -> None:
        """Add an audit event. It is kept together with the change, or neither is."""
        ...


class OrganizationTransaction(Transaction, Protocol):
    """An organization, held alone for a change.

    Attributes:
        organization: As it is kept; assign to change it.
    """

    organization: Organization

    def standing(self, actor: Actor) -> OrganizationStanding:
        """Return what `OrganizationStore.standing_in` does, for this organization."""
        ...

    def usage(self) -> Mapping[str, Usage]:
        """Return what `UsageStore.usage` does."""
        ...

    def latest_events(self, limit: int) -> Sequence[AuditEvent]:
        """Return the organization's latest audit events, newest first."""
        ...


class OperatorsTransaction(Transaction, Protocol):
    """All operators, held alone for a change. No organization is created meanwhile.

    Attributes:
        operators: As they are kept; assign to change them.
    """

    operators: Operators

    def has_organization(self, organization: str) -> bool:
        """Tell whether an organization exists."""
        ...

    def create_organization(self, place: Place) -> None:
        """Create an organization: its audit log in this place begins with the next event.

        The operators can't be changed in the same transaction.
        """
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


class OrganizationStore(Protocol):
    """Keeps organizations: the credentials of each, apart for each environment.

    An organization exists from its first audit event on, in whichever environment that is.
    """

    def load(self, place: Place) -> Organization:
        """Return an organization as it is kept; one without credentials if it isn't kept yet."""
        ...

    def organizations(self) -> Sequence[str]:
        """Return the names of all organizations that exist, sorted."""
        ...

    def standing_in(self, organization: str, actor: Actor) -> OrganizationStanding:
        """Return what an actor is in an organization.

        The organization is known if it exists, if an operator was given a permission for it, or if
        there are no operators.
        """
        ...

    def transaction(self, place: Place) -> AbstractContextManager[OrganizationTransaction]:
        """Hold an organization alone, within the context.

        On leaving it, the changed organization and its events are durable, or `Transaction.doubt`
        says that they may not be; when it is left by an exception nothing was changed.
        """
        ...

    def version(self, place: Place) -> object:
        """Return a value that is another one after an organization, its usage or operators changed.

        It differs from all values returned before the change by the same store object. It is cheap
        to ask for, several times a second.
        """
        ...


class OperatorStore(Protocol):
    """Keeps operators."""

    def operators(self) -> Operators:
        """Return all operators."""
        ...

    def standing(self, actor: Actor) -> Standing:
        """Return what an actor is among the operators."""
        ...

    def operators_for_key(self, fingerprint: str) -> Sequence[str]:
        """Return the names of the operators whom the key with this fingerprint identifies."""
        ...

    def operators_transaction(self) -> AbstractContextManager[OperatorsTransaction]:
        """Hold all operators alone; otherwise as `OrganizationStore.transaction`."""
        ...


class EventStore(Protocol):
    """Keeps audit events: one log for each place, and one about operators."""

    def events(
        self, place: Place, before: int | None = None, limit: int = PAGE
    ) -> Sequence[AuditEvent]:
        """Return audit events, newest first.

        Args:
            place: The organization and its environment.
            before: Return events with lower numbers only; None to begin with the latest.
            limit: How many to return at most.
        """
        ...

    def verify_events(self, place: Place) -> AuditEvent | None:
        """Check the whole audit log, and return its last event.

        This writes nothing, and no change has to wait for it.

        Raises:
            AuditTamperedError: It doesn't hold together, or lacks its end.
        """
        ...

    def operator_events(self, before: int | None = None, limit: int = PAGE) -> Sequence[AuditEvent]:
        """Return audit events about operators, otherwise as `events`."""
        ...

    def verify_operator_events(self) -> AuditEvent | None:
        """Check the whole audit log about operators, otherwise as `verify_events`.

        Raises:
            AuditTamperedError: It doesn't hold together, or lacks its end.
        """
        ...


class Store(
    OrganizationStore, OperatorStore, EventStore, ClientStore, UsageStore, TokenStore, Protocol
):
    """All that credtui asks of a store.

    All methods raise a `credtui.domain.errors.StoreError` when the store can't be used. They may be
    called from any thread. Those that are coroutines are for an event loop and never block it; all
    others may block on a disk or a lock.

    A store can be pickled: each process of the token endpoint unpickles one, which opens the same
    data anew.
    """

    def close(self) -> None:
        """Let go of files, connections and threads. The store isn't used afterwards."""
        ...
