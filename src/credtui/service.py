"""What the portal, the command line and the token endpoint do: one method for each button."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TypeAlias

from pydantic import BaseModel, ConfigDict, SecretStr

from credtui.domain.audit import Action, AuditEvent
from credtui.domain.errors import ClockWentBackError, PermissionDeniedError, Refusal
from credtui.domain.models import Credential, Environment, IssuedSecret, StoredCredential
from credtui.domain.names import MAX_NAME_LENGTH, parse_name, parse_organization, printable
from credtui.domain.organization import MAX_CREDENTIALS, Organization
from credtui.domain.permissions import Actor, Permission
from credtui.domain.secrets import (
    RandomBytes,
    generate_client_id,
    generate_secret,
    hash_secret,
    is_client_id,
    redact,
)
from credtui.store.protocol import Place, Store, Watch

Clock: TypeAlias = Callable[[], datetime]
"""A source of the present moment, with its time zone."""

TOLERATED_STEP = timedelta(minutes=2)
"""How far a clock may step back, as when it is corrected, without stopping work."""


class Page(BaseModel):
    """What the credentials page shows of an organization, at one moment.

    Attributes:
        permission: What the operator may do. Without access, nothing else is told.
        representative: The operator works for the API's provider.
        credentials: In the order of their generation.
        primary: The Client ID of the primary one.
    """

    model_config = ConfigDict(frozen=True)

    permission: Permission
    representative: bool = False
    credentials: tuple[Credential, ...] = ()
    primary: str | None = None

    @property
    def full(self) -> bool:
        """Whether there are as many credentials as there may be."""
        return len(self.credentials) >= MAX_CREDENTIALS

    def find(self, client_id: str) -> Credential | None:
        """Return the credential with this Client ID, None when it is gone."""
        return next((found for found in self.credentials if found.client_id == client_id), None)


class CredentialService:
    """The credentials of one organization in one environment, as one actor may use them.

    Methods that change something check the actor's permission and the rules inside one
    transaction of the store, and leave one audit event whether they succeed or are refused. They
    raise a `Refusal` for what a rule forbids, and a `StoreError` when the store can't be used; in
    both cases nothing was changed. They block on bcrypt, a lock and a disk: never call them on an
    event loop.
    """

    def __init__(
        self,
        store: Store,
        environment: Environment,
        organization: str,
        actor: Actor,
        *,
        clock: Clock,
        random_bytes: RandomBytes,
        bcrypt_cost: int,
    ) -> None:
        self.environment = environment
        self.organization = parse_organization(organization)
        self.actor = actor
        self.clock = clock
        self._store = store
        self._place = Place(environment.name, organization)
        self._random_bytes = random_bytes
        self._bcrypt_cost = bcrypt_cost

    @property
    def audience(self) -> str:
        """The audience of the organization's access tokens."""
        return self.environment.audience_for(self.organization)

    def page(self) -> Page:
        """Return what the actor may see."""
        operators = self._store.operators()
        permission = operators.permission_for(self.actor, self.organization)
        representative = operators.is_representative(self.actor)
        if permission < Permission.CAN_VIEW:
            return Page(permission=permission)
        organization = self._store.load(self._place)
        return Page(
            permission=permission,
            representative=representative,
            credentials=tuple(credential.public() for credential in organization.credentials),
            primary=organization.primary,
        )

    def watch(self) -> Watch:
        """Begin to watch for changes that anybody makes to what `page` returns."""
        return self._store.watch(self._place)

    def generate(self, name: str) -> IssuedSecret:
        """Generate a credential, and return its secret: this is the only time it is seen."""
        secret, secret_hash = self._new_secret()
        client_id = generate_client_id(self._random_bytes)

        def apply(organization: Organization, at: datetime) -> Organization:
            organization.ensure_room()
            return organization.generate(
                StoredCredential(
                    client_id=client_id,
                    name=parse_name(name),
                    created_at=at,
                    secret_hash=secret_hash,
                )
            )

        credential = self._change(Action.GENERATE, client_id, apply, attempted_name=name)
        return IssuedSecret(credential=credential, audience=self.audience, secret=secret)

    def rotate(self, client_id: str, *, seen: int | None = None) -> IssuedSecret:
        """Replace a credential's secret, and return the new one: this is the only time it is seen.

        The previous secret is invalid when this returns.

        Args:
            client_id: The credential.
            seen: The generation that the person saw, to refuse if somebody rotated it since.
        """
        secret, secret_hash = self._new_secret()
        credential = self._change(
            Action.ROTATE,
            client_id,
            lambda organization, at: organization.rotate(client_id, secret_hash, at, seen=seen),
        )
        return IssuedSecret(credential=credential, audience=self.audience, secret=secret)

    def confirm(self, client_id: str, *, seen: int, how: str) -> None:
        """Note that the dialog with the secret of this generation was closed, and how."""
        self._change(
            Action.CONFIRM,
            client_id,
            lambda organization, _: organization.confirm(client_id, seen=seen),
            detail=how,
        )

    def rename(self, client_id: str, name: str) -> Credential:
        """Give a credential another name."""
        return self._change(
            Action.RENAME,
            client_id,
            lambda organization, _: organization.rename(client_id, parse_name(name)),
            attempted_name=name,
        )

    def make_primary(self, client_id: str) -> Credential:
        """Make a credential the primary one."""
        return self._change(
            Action.MAKE_PRIMARY,
            client_id,
            lambda organization, _: organization.make_primary(client_id),
        )

    def delete(self, client_id: str, *, seen: int | None = None) -> Credential:
        """Delete a credential. Its clients have no access when this returns.

        Args:
            client_id: The credential.
            seen: The generation that the person saw, to refuse if somebody rotated it since.
        """
        return self._change(
            Action.DELETE,
            client_id,
            lambda organization, _: organization.delete(client_id, seen=seen),
        )

    def view(self) -> Page:
        """Return what `page` does, if the actor may see anything.

        Raises:
            PermissionDeniedError: The actor has no access. The attempt leaves an audit event.
        """
        page = self.page()
        if page.permission < Permission.CAN_VIEW:
            with self._store.transaction(self._place) as transaction:
                refusal = self._denial(page.permission, Permission.CAN_VIEW)
                transaction.record(
                    self._moment(transaction.last_event_at),
                    self.actor,
                    Action.VIEW,
                    outcome="refused",
                    detail=refusal.code,
                )
            raise refusal
        return page

    def events(self) -> Iterator[AuditEvent]:
        """Yield the organization's audit events, newest first.

        Raises:
            PermissionDeniedError: The actor has no access.
        """
        self.view()
        return self._store.events(self._place)

    def verify_events(self) -> AuditEvent | None:
        """Check the audit log for tampering, and return its last event, None if there is none.

        Raises:
            PermissionDeniedError: The actor has no access.
            AuditTamperedError: It was tampered with.
        """
        self.view()
        return self._store.verify_events(self._place)

    def _new_secret(self) -> tuple[SecretStr, SecretStr]:
        # Hashing takes long: it is done before the store is held.
        secret = generate_secret(self.environment.tag, self._random_bytes)
        return secret, hash_secret(secret, self._bcrypt_cost)

    def _change(
        self,
        action: Action,
        client_id: str,
        apply: Callable[[Organization, datetime], Organization],
        *,
        attempted_name: str | None = None,
        detail: str = "",
    ) -> Credential:
        """Make a change or refuse it, leaving one audit event.

        Returns:
            The credential after the change; where it was deleted, before.
        """
        refusal: Refusal | None = None
        with self._store.transaction(self._place) as transaction:
            at = self._moment(transaction.last_event_at)
            before = transaction.organization.get(client_id)
            try:
                permission = transaction.operators.permission_for(self.actor, self.organization)
                if permission < Permission.CAN_EDIT:
                    raise self._denial(permission, Permission.CAN_EDIT)
                transaction.organization = apply(transaction.organization, at)
            except Refusal as error:
                refusal = error
            credential = transaction.organization.get(client_id) or before
            if refusal:
                detail = refusal.code
            elif before and credential and before.name != credential.name:
                detail = f"was {before.display_name}"
            about: str | None
            if credential:
                about, name = credential.client_id, credential.name
            else:
                # Neither text need be what it was meant to be: a secret may have been pasted.
                known = is_client_id(client_id) and action is not Action.GENERATE
                about = client_id if known else None
                name = redact(printable(attempted_name or ""))[:MAX_NAME_LENGTH]
            transaction.record(
                at,
                self.actor,
                action,
                outcome="refused" if refusal else "done",
                client_id=about,
                name=name,
                detail=detail,
            )
        if refusal:
            raise refusal
        assert credential is not None  # noqa: S101  # what isn't refused has a credential
        return credential.public()

    def _denial(self, permission: Permission, needed: Permission) -> PermissionDeniedError:
        return PermissionDeniedError(
            f'{self.actor.operator} needs the permission "API Credentials: {needed.label}" for '
            f"{self.organization}, and has {permission.label}."
        )

    def _moment(self, last_event_at: datetime | None) -> datetime:
        """Return the present moment, or that of the last event if the clock is a little behind.

        Raises:
            ClockWentBackError: It is far behind.
        """
        now = self.clock()
        if last_event_at is None or now >= last_event_at:
            return now
        if last_event_at - now <= TOLERATED_STEP:
            return last_event_at
        raise ClockWentBackError(
            f"This computer's clock says {now:%Y-%m-%d %H:%M} UTC, but the last change was at "
            f"{last_event_at:%Y-%m-%d %H:%M} UTC. Nothing was changed; set the clock first."
        )
