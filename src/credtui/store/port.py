"""What credtui asks of a store."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol, Unpack

from credtui.domain.audit import Action, AuditEvent, What
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

    def watch_organization(self, place: Place) -> Watch:
        """Begin to watch an organization alone. `Watch.changed` may then be asked very often."""
        ...

    def find(self, environment: str, client_id: str) -> Place | None:
        """Return where the credential with this Client ID is kept, None if it is nowhere.

        The time this takes doesn't depend on how many organizations there are. A credential that
        is being deleted at the time may still be found.

        Raises:
            StoreError: The store isn't there.
        """
        ...

    def repair_index(self, environment: str) -> None:
        """Make `find` find every credential, as it may not after a restore from a backup."""
        ...

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

    def token_key(self, make: RandomBytes) -> bytes:
        """Return the key that signs access tokens: the same to every process, made once."""
        ...

    def revoke(self, environment: str, token: str, expires_at: datetime, now: datetime) -> None:
        """Durably revoke the access token of this identity, until it would expire anyhow.

        Raises:
            StoreError: It may not be revoked for good. Revoking it again is no error.
        """
        ...

    def is_revoked(self, environment: str, token: str, expires_at: datetime) -> bool:
        """Tell whether the access token of this identity is revoked. This may be called often."""
        ...
