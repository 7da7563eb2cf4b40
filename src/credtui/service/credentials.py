"""What people do with credentials: one method for each button and command."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from pydantic import SecretStr

from credtui.domain.audit import Action, What
from credtui.domain.clock import Clock
from credtui.domain.errors import DoubtError
from credtui.domain.lease import Lease
from credtui.domain.models import (
    Credential,
    Environment,
    Handover,
    How,
    IssuedSecret,
    StoredCredential,
)
from credtui.domain.names import parse_name
from credtui.domain.organization import Organization
from credtui.domain.permissions import Actor, Permission
from credtui.domain.refusals import refuse
from credtui.domain.secrets import (
    RandomBytes,
    generate_client_id,
    generate_secret,
    hash_secret,
)
from credtui.service.change import Change
from credtui.service.view import OrganizationView
from credtui.store.port import Store

if TYPE_CHECKING:
    from credtui.domain.identification import Identification
    from credtui.service.token_request import TokenReply


class CredentialService(OrganizationView):
    """The credentials of one organization in one environment, as one actor may use them.

    A method that changes something checks the actor's permission and the rules inside one
    transaction of the store, and leaves one audit event, for a refusal too. It raises a `Refusal`
    if a rule forbids the change, and a `StoreError` if the store can't be used. In both cases
    nothing was changed. It raises a `DoubtError` if the change may not last, or may not have been
    made; a method that returns an `IssuedSecret` puts the doubt in there. Methods block on bcrypt,
    a lock and a disk: never call them on an event loop.
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
        super().__init__(store, environment, organization, actor, clock)
        self._random_bytes = random_bytes
        self._bcrypt_cost = bcrypt_cost

    def generate(self, name: str) -> IssuedSecret:
        """Generate a credential, and return its secret, which is never seen again."""
        return self._generate(Action.GENERATE, name)

    def replace(self, client_id: str, name: str) -> IssuedSecret:
        """Generate a credential that is going to replace another, and return its secret.

        Both credentials work while clients move over. `Page.successor_of` tells of the replacement
        in later sessions, and `finish_replacement` ends it. To give it up, delete the new
        credential.

        Args:
            client_id: The credential to be replaced.
            name: The new credential's name.
        """
        return self._generate(Action.REPLACE, name, replaces=client_id)

    def finish_replacement(self, client_id: str, *, seen: int | None = None) -> Credential:
        """Delete a credential that was replaced. If it was primary, its successor is now.

        This is refused until the credential has been unused for `usage.QUIET_PERIOD`. Its clients
        have no access when the method returns.

        Args:
            client_id: The credential that was replaced.
            seen: The generation that the person saw, to refuse if there was a rotation since.
        """
        with self._change(Action.FINISH_REPLACEMENT, client_id) as change:
            usage = change.held.usage().get(client_id)
            change.organization = change.organization.finish_replacement(
                client_id, usage, change.at, seen=seen
            )
        return change.credential

    def identify(self, secret: SecretStr) -> "Identification":
        """Tell which of the organization's credentials a secret belongs to, or belonged to.

        The answer tells nothing of other organizations' credentials.

        Raises:
            PermissionDeniedError: The actor has no access.
            TooManyAttemptsError: The actor asked too often in the last minute.
        """
        from credtui.domain.identification import find_hash, identify, why_not_identify

        # To compare hashes takes long. The store isn't held meanwhile.
        latest = partial(self._store.events, self._place, None)
        refusal = why_not_identify(self._standing(), latest, self.clock())
        kept = Organization() if refusal else self._store.load(self._place)
        secret_hash = find_hash(secret, kept)
        with self._attempts.at(self._place, Action.IDENTIFY) as attempt:
            held, standing = attempt.held, attempt.held.standing(self.actor)
            refuse(refusal or why_not_identify(standing, held.latest_events, attempt.at))
            found = identify(secret, secret_hash, self.environment, held.organization)
            attempt.what = What(detail=found.summary)
            if credential := found.credential:
                attempt.what |= What(client_id=credential.client_id, name=credential.name)
        return found

    def request_token(self, client_id: str, secret: SecretStr) -> "TokenReply":
        """Request an access token as a client does, to see that a secret works.

        The request goes to the environment's token address over the network. The method blocks
        until there is an answer, for ten seconds at most.
        """
        from credtui.service.token_request import request_token

        return request_token(self.environment.token_url, client_id, secret, self.audience)

    def rotate(self, client_id: str, *, seen: int | None = None) -> IssuedSecret:
        """Replace a credential's secret, and return the new one, which is never seen again.

        The previous secret is invalid when the method returns.

        Args:
            client_id: The credential.
            seen: The generation that the person saw, to refuse if there was a rotation since.
        """
        secret, secret_hash = self._new_secret()
        with ExitStack() as lease:
            with self._change(Action.ROTATE, client_id, carries_doubt=True) as change:
                change.organization = change.organization.rotate(
                    client_id, secret_hash, change.at, seen=seen
                )
                lease.enter_context(self._lease(change, change.credential))
            return self._issued(change.credential, secret, change.held.doubt, lease.pop_all())

    def confirm(self, client_id: str, *, seen: int, how: How) -> None:
        """Note how the secret of this generation was handed over, when that has ended."""
        with self._change(Action.CONFIRM, client_id, detail=how) as change:
            handover = Handover(how=how, at=change.at)
            change.organization = change.organization.confirm(client_id, handover, seen=seen)

    def rename(self, client_id: str, name: str) -> Credential:
        """Give a credential another name."""
        with self._change(Action.RENAME, client_id, attempted_name=name) as change:
            change.organization = change.organization.rename(client_id, parse_name(name))
        return change.credential

    def make_primary(self, client_id: str) -> Credential:
        """Make a credential the primary one."""
        with self._change(Action.MAKE_PRIMARY, client_id) as change:
            change.organization = change.organization.make_primary(client_id)
        return change.credential

    def delete(
        self, client_id: str, *, seen: int | None = None, typed_name: str | None = None
    ) -> Credential:
        """Delete a credential. Its clients have no access when the method returns.

        Args:
            client_id: The credential.
            seen: The generation that the person saw, to refuse if there was a rotation since.
            typed_name: The name that the person typed, to refuse if the credential has another. A
                representative who typed it may delete the primary credential.
        """
        with self._change(Action.DELETE, client_id) as change:
            change.organization = change.organization.delete(
                client_id,
                seen=seen,
                typed_name=typed_name,
                even_primary=change.held.standing(self.actor).is_representative,
            )
        return change.credential

    def set_networks(
        self, networks: Iterable[str], *, seen: Sequence[str] | None = None
    ) -> tuple[str, ...]:
        """Replace the networks from which the credentials may be used, as a representative may.

        Args:
            networks: In CIDR notation. Without any, they may be used from everywhere.
            seen: The networks that the person saw, to refuse if they were set since.
        """
        with self._attempts.at(self._place, Action.SET_NETWORKS) as attempt:
            held = attempt.held
            refuse(held.standing(self.actor).why_not_manage())
            held.organization = held.organization.set_networks(networks, seen=seen)
            attempt.what = What(detail=", ".join(held.organization.networks) or "everywhere")
        return held.organization.networks

    def _generate(self, action: Action, name: str, replaces: str | None = None) -> IssuedSecret:
        secret, secret_hash = self._new_secret()
        client_id = generate_client_id(self._random_bytes)
        with ExitStack() as lease:
            with self._change(
                action,
                replaces or client_id,
                attempted_name="" if replaces else name,
                detail=f"by {client_id}" if replaces else "",
                carries_doubt=True,
            ) as change:
                organization = change.organization
                if replaces:
                    organization.get(replaces)
                refuse(organization.why_not_add())
                credential = StoredCredential(
                    client_id=client_id,
                    name=parse_name(name),
                    created_at=change.at,
                    secret_hash=secret_hash,
                    replaces=replaces,
                )
                change.organization = organization.generate(credential)
                lease.enter_context(self._lease(change, credential))
            return self._issued(credential.public(), secret, change.held.doubt, lease.pop_all())

    def _new_secret(self) -> tuple[SecretStr, SecretStr]:
        # To hash takes long. The store isn't held yet.
        secret = generate_secret(self.environment.tag, self._random_bytes)
        return secret, hash_secret(secret, self._bcrypt_cost)

    def _lease(self, change: Change, credential: Credential) -> AbstractContextManager[None]:
        """Return a lease, which the change must enter before others see the new generation."""
        return change.held.hold_lease(
            Lease(
                client_id=credential.client_id,
                generation=credential.generation,
                operator=self.actor.operator,
                address=self.actor.address,
                since=change.at,
            )
        )

    def _issued(
        self, credential: Credential, secret: SecretStr, doubt: DoubtError | None, lease: ExitStack
    ) -> IssuedSecret:
        return IssuedSecret(
            credential=credential, audience=self.audience, secret=secret, doubt=doubt, lease=lease
        )

    @contextmanager
    def _change(
        self,
        action: Action,
        client_id: str,
        *,
        attempted_name: str = "",
        detail: str = "",
        carries_doubt: bool = False,
    ) -> Iterator[Change]:
        """Attempt to change a credential, which takes the permission to edit."""
        with self._attempts.at(self._place, action, carries_doubt=carries_doubt) as attempt:
            change = Change(attempt, action, client_id)
            try:
                refuse(change.held.standing(self.actor).why_not(Permission.CAN_EDIT))
                yield change
            finally:
                attempt.what = change.what(attempted_name, detail)
