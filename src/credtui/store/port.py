"""What credtui asks of a store."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol, Unpack

from credtui.domain.audit import Action, AuditEvent, What
from credtui.domain.client import Client
from credtui.domain.errors import DoubtError
from credtui.domain.lease import Lease
from credtui.domain.operators import Operators
from credtui.domain.organization import Organization
from credtui.domain.permissions import Actor
from credtui.domain.place import Place
from credtui.domain.secrets import RandomBytes
from credtui.domain.standing import OrganizationStanding, Standing
from credtui.domain.usage import Usage

PAGE = 200
"""How many audit events are read at a time."""

TOKEN_KEY_LENGTH = 32
"""Length, in bytes, of the key that signs access tokens."""

KEPT_USAGE = 20
"""How many credentials' usage to keep for an organization: all, and some deleted ones."""


class Transaction(Protocol):
    """Something that is held alone for a change.

    Decisions about the change rest on what the transaction returns. Don't call the store itself
    while a transaction is open.
    """

    @property
    def doubt(self) -> DoubtError | None:
        """The doubt about the change, after the context was left. None if it is durable."""
        ...

    def record(self, at: datetime, actor: Actor, action: Action, **what: Unpack[What]) -> None:
        """Add an audit event. The store keeps both the event and the change, or neither."""
        ...


class OrganizationTransaction(Transaction, Protocol):
    """An organization, held alone for a change.

    Attributes:
        organization: The organization as it is kept. Assign to change it.
    """

    organization: Organization

    def standing(self, actor: Actor) -> OrganizationStanding:
        """Return what an actor is in this organization; see `OrganizationStore.standing_in`."""
        ...

    def usage(self) -> Mapping[str, Usage]:
        """Return how credentials are used; see `UsageStore.usage`."""
        ...

    def hold_lease(self, lease: Lease) -> AbstractContextManager[None]:
        """Tell others, from now on and within the context, that a session shows a new secret.

        The context may outlive the transaction, and ends with the process, whatever ends it. If the
        store can't tell when a process ends, it tells nothing. That is not an error.
        """
        ...

    def latest_events(self, limit: int) -> Sequence[AuditEvent]:
        """Return the organization's latest audit events, newest first."""
        ...


class OperatorsTransaction(Transaction, Protocol):
    """All operators, held alone for a change. No organization is created meanwhile.

    Attributes:
        operators: All operators as they are kept. Assign to change them.
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

        A change that was acknowledged before the call shows in the result, whichever process made
        it. The time that a look-up takes doesn't depend on how many organizations there are. A
        client that came back from a backup may be found some seconds late.

        Raises:
            StoreError: The store can't be read.
        """
        ...


class UsageStore(Protocol):
    """Keeps how credentials are used, apart from the credentials."""

    def usage(self, place: Place) -> Mapping[str, Usage]:
        """Return how credentials are used, by Client ID. Lost usage is not an error."""
        ...

    def add_usage(self, place: Place, usage: Mapping[str, Usage]) -> None:
        """Add to how credentials are used, without holding the organization.

        Raises:
            StoreError: The usage can't be kept, or the store isn't there. Nothing was added.
        """
        ...


class PreferenceStore(Protocol):
    """Keeps what operators prefer. A lost preference is not an error."""

    def theme_of(self, operator: str) -> str | None:
        """Return the theme that was kept last for an operator, None if there is none.

        The operator's name may be any text, and the store needs to know no such operator.
        """
        ...

    def keep_theme(self, operator: str, name: str) -> None:
        """Keep an operator's theme, for all sessions of this operator. No audit event tells of it.

        Raises:
            StoreError: The theme can't be kept.
        """
        ...


class TokenStore(Protocol):
    """Keeps the key of access tokens, and the tokens that are revoked."""

    def token_key(self, make: RandomBytes) -> bytes:
        """Return the key that signs access tokens. It is made once, and shared by all processes.

        Raises:
            StoreError: The key can't be read or made.
        """
        ...

    def revoke(self, environment: str, token: str, expires_at: datetime) -> None:
        """Durably revoke the access token of this identity.

        Raises:
            StoreError: The token can't be revoked.
        """
        ...

    async def find_bearer(
        self, environment: str, client_id: str, token: str, expires_at: datetime
    ) -> Client | None:
        """Return the client of an access token, as `ClientStore.find_client` does.

        Args:
            environment: The client's environment.
            client_id: The client's Client ID.
            token: The token's identity.
            expires_at: When the token expires.

        Returns:
            The client. None if there is none, or if the token is revoked.

        Raises:
            StoreError: The client or the revocations can't be read.
        """
        ...

    def sweep_revocations(self, environment: str, now: datetime) -> None:
        """Make room by forgetting revoked tokens that have expired.

        Those tokens stay revoked, even if the clock is set back later. Other tokens that expire at
        the same moments may be revoked with them.

        Raises:
            StoreError: Nothing can be removed.
        """
        ...


class OrganizationStore(Protocol):
    """Keeps organizations, with the credentials of each in each environment.

    An organization exists in all environments once it has an audit event in one of them.
    """

    def load(self, place: Place) -> Organization:
        """Return an organization as it is kept, or an empty one if it isn't kept yet."""
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

        After the context, the changed organization and its events are durable, or
        `Transaction.doubt` says that they may not be. If an exception leaves the context, nothing
        was changed.
        """
        ...

    def leases(self, place: Place) -> Sequence[Lease]:
        """Return the leases that sessions hold at this moment. A stopped process holds its own."""
        ...

    def version(self, place: Place) -> object:
        """Return a value that changes when an organization, its usage, leases or operators do.

        It differs from all values that this store object returned before the change. To ask for it
        is cheap, and may be done several times a second.
        """
        ...

    def changes(self, place: Place) -> AsyncGenerator[None, None]:
        """Yield at once, and then whenever `version` may return another value.

        The generator yields every few seconds at least, also while the store can't be read, so that
        no change stays unseen. It raises nothing. The caller closes it.
        """
        ...


class OperatorKeys(Protocol):
    """Finds operators by their SSH keys. A program that needs only this starts without models."""

    def operators_for_key(self, key: bytes) -> Sequence[str]:
        """Return the names of the operators whom this public key identifies.

        Args:
            key: What stands in Base64 after the key's type.
        """
        ...


class OperatorStore(OperatorKeys, Protocol):
    """Keeps operators."""

    def operators(self) -> Operators:
        """Return all operators."""
        ...

    def standing(self, actor: Actor) -> Standing:
        """Return what an actor is among the operators; see `Operators.standing`."""
        ...

    def operators_transaction(self) -> AbstractContextManager[OperatorsTransaction]:
        """Hold all operators alone. The rest is as in `OrganizationStore.transaction`."""
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

        The check writes nothing, and no change has to wait for it.

        Raises:
            AuditTamperedError: The log doesn't hold together, or lacks its end.
        """
        ...

    def operator_events(self, before: int | None = None, limit: int = PAGE) -> Sequence[AuditEvent]:
        """Return audit events about operators. The rest is as in `events`."""
        ...

    def verify_operator_events(self) -> AuditEvent | None:
        """Check the whole audit log about operators. The rest is as in `verify_events`.

        Raises:
            AuditTamperedError: The log doesn't hold together, or lacks its end.
        """
        ...


class Store(
    OrganizationStore,
    OperatorStore,
    EventStore,
    ClientStore,
    UsageStore,
    PreferenceStore,
    TokenStore,
    Protocol,
):
    """All that credtui asks of a store.

    Every method raises a `credtui.domain.errors.StoreError` if the store can't be used, and may be
    called from any thread. Coroutines are for an event loop and never block it. All other methods
    may block on a disk or a lock.

    A store can be pickled. Each process of the token endpoint unpickles one, which opens the same
    data anew.
    """

    def hazards(self, *, of_changes: bool = False) -> Sequence[str]:
        """Return a sentence about each thing that endangers what is kept, and its cure.

        Nothing is wrong with a store without hazards. A store with some works, until something else
        fails.

        Args:
            of_changes: Return only what may undo a change that was acknowledged.
        """
        ...

    def close(self) -> None:
        """Let go of files, connections and threads. The store isn't used afterwards."""
        ...
