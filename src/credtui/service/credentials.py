"""What the portal, the command line and the token endpoint do: one method for each button."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from pydantic import SecretStr

from credtui.domain.audit import Action, AuditEvent
from credtui.domain.clock import Clock
from credtui.domain.errors import (
    DoubtError,
    Refusal,
    StoreUnwritableError,
    TooManyAttemptsError,
    refuse,
)
from credtui.domain.models import Credential, Environment, IssuedSecret, StoredCredential
from credtui.domain.names import parse_name, parse_organization
from credtui.domain.organization import Organization
from credtui.domain.page import Page
from credtui.domain.permissions import Actor, Permission
from credtui.domain.place import Place
from credtui.domain.secrets import (
    RandomBytes,
    generate_client_id,
    generate_secret,
    hash_secret,
)
from credtui.service.changes import Changes, unchanged
from credtui.store.port import Store, Transaction, Watch

if TYPE_CHECKING:
    from credtui.domain.identification import Identification
    from credtui.service.token_request import TokenReply

MAX_IDENTIFICATIONS = 10
"""How often an actor may ask within a minute whose a secret is."""

_LOOKED_THROUGH = 1000
"""How many events, the latest ones, are searched for those of the last minute.

An event that seems older doesn't end the search: its clock may have been wrong.
"""


class CredentialService:
    """The credentials of one organization in one environment, as one actor may use them.

    Methods that change something check the actor's permission and the rules inside one
    transaction of the store, and leave one audit event whether they succeed or are refused. They
    raise a `Refusal` for what a rule forbids, and a `StoreError` when the store can't be used; in
    both cases nothing was changed. They raise a `DoubtError` when the change may not last, or may
    not have been made; an `IssuedSecret` carries that instead. They block on bcrypt, a lock and a
    disk: never call them on an event loop.
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
        self._changes = Changes(store, self._place, actor, clock)
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
        usage = self._store.usage(self._place)
        return Page(
            permission=permission,
            representative=representative,
            credentials=tuple(credential.public() for credential in organization.credentials),
            primary=organization.primary,
            networks=organization.networks,
            may_manage=operators.may_manage(self.actor),
            known=self._changes.is_known(operators),
            usage={
                credential.client_id: usage[credential.client_id]
                for credential in organization.credentials
                if credential.client_id in usage
            },
        )

    def watch(self) -> Watch:
        """Begin to watch for changes that anybody makes to what `page` returns.

        Usage changes once a second while a credential is in use.
        """
        return _AnyOf(self._store.watch(self._place), self._store.watch_usage(self._place))

    def generate(self, name: str) -> IssuedSecret:
        """Generate a credential, and return its secret: this is the only time it is seen."""
        secret, secret_hash = self._new_secret()
        client_id = generate_client_id(self._random_bytes)

        def apply(organization: Organization, at: datetime) -> Organization:
            refuse(organization.why_not_add())
            return organization.generate(
                StoredCredential(
                    client_id=client_id,
                    name=parse_name(name),
                    created_at=at,
                    secret_hash=secret_hash,
                )
            )

        changed = self._changes.make(Action.GENERATE, client_id, apply, attempted_name=name)
        return self._issued(changed.credential, secret, changed.doubt)

    def replace(self, client_id: str, name: str) -> IssuedSecret:
        """Generate a credential that is going to replace another, and return its secret.

        Both work while clients move over; `Page.successor_of` tells of it in later sessions, and
        `finish_replacement` ends it. To give it up, delete the new one.

        Args:
            client_id: The credential to be replaced.
            name: The new credential's name.
        """
        secret, secret_hash = self._new_secret()
        successor = generate_client_id(self._random_bytes)
        issued: list[StoredCredential] = []

        def apply(organization: Organization, at: datetime) -> Organization:
            organization.get(client_id)
            refuse(organization.why_not_add())
            credential = StoredCredential(
                client_id=successor,
                name=parse_name(name),
                created_at=at,
                secret_hash=secret_hash,
                replaces=client_id,
            )
            issued.append(credential)
            return organization.generate(credential)

        changed = self._changes.make(Action.REPLACE, client_id, apply, detail=f"by {successor}")
        return self._issued(issued[0].public(), secret, changed.doubt)

    def finish_replacement(self, client_id: str, *, seen: int | None = None) -> Credential:
        """Delete a credential that was replaced; if it was primary, its successor is now.

        It is refused until the credential has been unused for `usage.QUIET_PERIOD`. Its clients
        have no access when this returns.

        Args:
            client_id: The credential that was replaced.
            seen: The generation that the person saw, to refuse if somebody rotated it since.
        """

        def apply(organization: Organization, at: datetime) -> Organization:
            usage = self._store.usage(self._place).get(client_id)
            return organization.finish_replacement(client_id, usage, at, seen=seen)

        return self._changes.make(Action.FINISH_REPLACEMENT, client_id, apply).ensured()

    def identify(self, secret: SecretStr) -> "Identification":
        """Tell which of the organization's credentials a secret belongs to, or belonged to.

        Of other organizations' credentials nothing is told.

        Raises:
            PermissionDeniedError: The actor has no access.
            TooManyAttemptsError: The actor asked too often in the last minute.
        """
        from credtui.domain.identification import find_hash, identify

        self._changes.ensure_known(Action.IDENTIFY)
        with self._store.transaction(self._place) as transaction:
            refusal = self._refuse_identification(transaction)
        if refusal:
            raise refusal
        secret_hash = find_hash(secret, self._store.load(self._place))
        with self._store.transaction(self._place) as transaction:
            if (refusal := self._refuse_identification(transaction)) is None:
                found = identify(secret, secret_hash, self.environment, transaction.organization)
                transaction.record(
                    self.clock(),
                    self.actor,
                    Action.IDENTIFY,
                    client_id=found.credential.client_id if found.credential else None,
                    name=found.credential.name if found.credential else None,
                    detail=found.summary,
                )
        if refusal:
            raise refusal
        return found

    def request_token(self, client_id: str, secret: SecretStr) -> "TokenReply":
        """Request an access token as a client does, to see that a secret works.

        The request goes to the environment's token address over the network; it blocks until
        there is an answer, for ten seconds at most.
        """
        from credtui.service.token_request import request_token

        return request_token(self.environment.token_url, client_id, secret, self.audience)

    def rotate(self, client_id: str, *, seen: int | None = None) -> IssuedSecret:
        """Replace a credential's secret, and return the new one: this is the only time it is seen.

        The previous secret is invalid when this returns.

        Args:
            client_id: The credential.
            seen: The generation that the person saw, to refuse if somebody rotated it since.
        """
        secret, secret_hash = self._new_secret()
        changed = self._changes.make(
            Action.ROTATE,
            client_id,
            lambda organization, at: organization.rotate(client_id, secret_hash, at, seen=seen),
        )
        return self._issued(changed.credential, secret, changed.doubt)

    def confirm(self, client_id: str, *, seen: int, how: str) -> None:
        """Note that the dialog with the secret of this generation was closed, and how."""
        self._changes.make(
            Action.CONFIRM,
            client_id,
            lambda organization, _: organization.confirm(client_id, seen=seen),
            detail=how,
        ).ensured()

    def rename(self, client_id: str, name: str) -> Credential:
        """Give a credential another name."""
        return self._changes.make(
            Action.RENAME,
            client_id,
            lambda organization, _: organization.rename(client_id, parse_name(name)),
            attempted_name=name,
        ).ensured()

    def make_primary(self, client_id: str) -> Credential:
        """Make a credential the primary one."""
        return self._changes.make(
            Action.MAKE_PRIMARY,
            client_id,
            lambda organization, _: organization.make_primary(client_id),
        ).ensured()

    def delete(
        self, client_id: str, *, seen: int | None = None, typed_name: str | None = None
    ) -> Credential:
        """Delete a credential. Its clients have no access when this returns.

        Args:
            client_id: The credential.
            seen: The generation that the person saw, to refuse if somebody rotated it since.
            typed_name: Its name, to refuse if that is another. A representative who typed it may
                delete the primary one.
        """

        def apply(organization: Organization, _: datetime) -> Organization:
            representative = self._store.operators().is_representative(self.actor)
            return organization.delete(
                client_id, seen=seen, typed_name=typed_name, even_primary=representative
            )

        return self._changes.make(Action.DELETE, client_id, apply).ensured()

    @unchanged()
    def set_networks(self, networks: Iterable[str]) -> tuple[str, ...]:
        """Replace the networks from which the credentials may be used, as a representative may.

        Args:
            networks: In CIDR notation; with none, they may be used from everywhere.
        """
        self._changes.ensure_known(Action.SET_NETWORKS)
        refusal: Refusal | None = None
        with self._store.transaction(self._place) as transaction:
            at = self.clock()
            try:
                transaction.operators.ensure_may_manage(self.actor)
                transaction.organization = transaction.organization.set_networks(networks)
            except Refusal as error:
                refusal = error
            kept = transaction.organization.networks
            transaction.record(
                at,
                self.actor,
                Action.SET_NETWORKS,
                outcome="refused" if refusal else "done",
                detail=refusal.code if refusal else ", ".join(kept) or "everywhere",
            )
        if refusal:
            raise refusal
        if transaction.doubt:
            raise transaction.doubt
        return kept

    def view(self) -> Page:
        """Return what `page` does, if the actor may see anything.

        Raises:
            PermissionDeniedError: The actor has no access. The attempt leaves an audit event.
        """
        self._changes.ensure_known(Action.VIEW)
        page = self.page()
        operators = self._store.operators()
        if refusal := operators.why_not(self.actor, self.organization, Permission.CAN_VIEW):
            # It stands where it can't be recorded, too.
            with (
                suppress(StoreUnwritableError),
                self._store.transaction(self._place) as transaction,
            ):
                transaction.record(
                    self.clock(),
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

    def _issued(
        self, credential: Credential, secret: SecretStr, doubt: DoubtError | None
    ) -> IssuedSecret:
        return IssuedSecret(
            credential=credential, audience=self.audience, secret=secret, doubt=doubt
        )

    def _refuse_identification(self, transaction: Transaction) -> Refusal | None:
        at = self.clock()
        refusal: Refusal | None = transaction.operators.why_not(
            self.actor, self.organization, Permission.CAN_VIEW
        )
        if refusal is None and self._count_identifications(at) >= MAX_IDENTIFICATIONS:
            refusal = TooManyAttemptsError(
                f"{self.actor.operator} asked {MAX_IDENTIFICATIONS} times within a minute whose a "
                "secret is. Wait a minute."
            )
        if refusal is None:
            return None
        transaction.record(at, self.actor, Action.IDENTIFY, outcome="refused", detail=refusal.code)
        return refusal

    def _count_identifications(self, at: datetime) -> int:
        """Return how often the actor was told within a minute, in whichever process."""
        latest = islice(self._store.events(self._place), _LOOKED_THROUGH)
        return sum(
            event.action is Action.IDENTIFY
            and event.outcome == "done"
            and event.actor.operator == self.actor.operator
            and abs(at - event.at) < timedelta(minutes=1)
            for event in latest
        )


class _AnyOf:
    """Watches several things."""

    def __init__(self, *watches: Watch) -> None:
        self._watches = watches

    def changed(self) -> bool:
        """See `Watch.changed`."""
        return True in [watch.changed() for watch in self._watches]

    def close(self) -> None:
        """See `Watch.close`."""
        for watch in self._watches:
            watch.close()
