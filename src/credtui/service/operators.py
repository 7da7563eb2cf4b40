"""What representatives do: manage operators, and create organizations."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from credtui.domain.audit import Action, AuditEvent, What
from credtui.domain.clock import Clock
from credtui.domain.names import parse_organization, quotable
from credtui.domain.permissions import Actor, Operator, Permission, parse_operator
from credtui.domain.place import Place
from credtui.domain.refusals import (
    NoSuchOrganizationError,
    OrganizationExistsError,
    PermissionDeniedError,
    Refusal,
    refuse,
)
from credtui.domain.ssh_keys import parse_public_keys
from credtui.service.attempts import Attempts
from credtui.store.port import PAGE, OperatorsTransaction, Store


class OperatorService:
    """The operators and organizations of an installation, as one actor may manage them.

    Everybody who runs credtui may manage them while there is no operator; from the first operator
    on, only a representative may. A change is decided inside one transaction of the store, and
    leaves one audit event. Methods raise errors and block as those of
    `credtui.service.credentials.CredentialService` do.
    """

    def __init__(self, store: Store, actor: Actor, *, clock: Clock) -> None:
        self.actor = actor
        self._store = store
        self._attempts = Attempts(store, actor, clock)

    def operators(self) -> Sequence[Operator]:
        """Return all operators."""
        self._ensure_may_look(Action.LIST_OPERATORS)
        return self._store.operators().members

    def add(
        self,
        name: str,
        *,
        keys: Iterable[str] = (),
        permissions: Mapping[str, Permission] | None = None,
        representative: bool = False,
    ) -> Operator:
        """Add an operator.

        Args:
            name: The name, in the form of a Unix user's.
            keys: SSH public keys, each a line as in a file that ends with `.pub`.
            permissions: The permission for each organization.
            representative: The operator works for the API's provider. The first one must.
        """
        with self._change(Action.ADD_OPERATOR, name) as held:
            _ensure_organizations(held, permissions or {})
            operator = Operator(
                name=parse_operator(name),
                keys=parse_public_keys(keys),
                permissions=permissions or {},
                representative=representative,
            )
            held.operators = held.operators.add(operator)
        return operator

    def set(
        self,
        name: str,
        *,
        add_keys: Iterable[str] = (),
        remove_keys: Iterable[str] = (),
        permissions: Mapping[str, Permission] | None = None,
        representative: bool | None = None,
    ) -> Operator:
        """Change an operator. The change counts from the next action in their open sessions on.

        Args:
            name: The operator.
            add_keys: SSH public keys.
            remove_keys: Fingerprints of keys.
            permissions: Permissions for some organizations. Those for other organizations stay.
            representative: None to leave this as it is.
        """
        with self._change(Action.SET_OPERATOR, name) as held:
            _ensure_organizations(held, permissions or {})
            operator = held.operators.get(name).changed(
                add_keys=add_keys,
                remove_keys=remove_keys,
                permissions=permissions or {},
                representative=representative,
            )
            held.operators = held.operators.replace(operator)
        return operator

    def remove(self, name: str) -> Operator:
        """Remove an operator, whose open sessions end at their next action."""
        with self._change(Action.REMOVE_OPERATOR, name) as held:
            operator = held.operators.get(name)
            held.operators = held.operators.remove(name)
        return operator

    def organizations(self) -> Sequence[str]:
        """Return the names of all organizations."""
        self._ensure_may_look(Action.LIST_ORGANIZATIONS)
        operators = self._store.operators().members
        mentioned = (name for operator in operators for name in operator.permissions)
        return sorted({*self._store.organizations(), *mentioned})

    def viewable_organizations(self) -> Sequence[str]:
        """Return the names of the organizations whose credentials the actor may view."""
        standing = self._store.standing(self.actor)
        return self.organizations() if standing.may_manage else standing.organizations

    def create_organization(self, name: str, environment: str) -> str:
        """Create an organization, which can then be used in every environment.

        Args:
            name: The organization.
            environment: The environment whose audit log begins with this.
        """
        organization = parse_organization(name)
        with self._attempts.on_operators(Action.CREATE_ORGANIZATION) as attempt:
            held = attempt.held
            attempt.what = What(name=organization)
            refuse(held.operators.standing(self.actor).why_not_manage())
            if held.has_organization(organization):
                raise OrganizationExistsError(f"There is already an organization {organization}.")
            held.create_organization(Place(environment, organization))
        return organization

    def events(self, before: int | None = None, limit: int = PAGE) -> Sequence[AuditEvent]:
        """Return audit events about operators, newest first.

        Args:
            before: Return events with lower numbers only; None to begin with the latest.
            limit: How many to return at most.
        """
        self._ensure_may_look(Action.VIEW)
        return self._store.operator_events(before, limit)

    def verify_events(self) -> AuditEvent | None:
        """Check the audit log about operators for tampering, and return its last event.

        Raises:
            AuditTamperedError: The log was tampered with.
        """
        self._ensure_may_look(Action.VIEW)
        return self._store.verify_operator_events()

    def ensure_identified(self, command: str) -> None:
        """Refuse a command if the key that the actor came by identifies no such operator.

        Args:
            command: The command, which a refusal records.

        Raises:
            PermissionDeniedError: The actor isn't an operator, or has another key.
        """
        if self._store.standing(self.actor).operator is None:
            denial = PermissionDeniedError(
                f"This key doesn't identify {self.actor.operator} any more."
            )
            self._attempts.refuse(Action.RUN_COMMAND, denial, command)

    def refuse_command(self, refusal: Refusal, command: str) -> None:
        """Record that a command of an SSH client was refused.

        Args:
            refusal: Why it was refused.
            command: The command.
        """
        self._attempts.record_refusal(Action.RUN_COMMAND, refusal, command)

    @contextmanager
    def _change(self, action: Action, name: str) -> Iterator[OperatorsTransaction]:
        """Attempt to change an operator, which takes the right to manage them."""
        with self._attempts.on_operators(action) as attempt:
            held = attempt.held
            attempt.what = What(name=quotable(name))
            refuse(held.operators.standing(self.actor).why_not_manage())
            before = held.operators.find(name)
            yield held
            if after := held.operators.find(name):
                attempt.what["detail"] = after.compared(before)

    def _ensure_may_look(self, action: Action) -> None:
        self._attempts.refuse(action, self._store.standing(self.actor).why_not_manage(), "")


def _ensure_organizations(held: OperatorsTransaction, names: Iterable[str]) -> None:
    for name in names:
        if not held.operators.mention(name) and not held.has_organization(name):
            raise NoSuchOrganizationError(
                f"There is no organization {quotable(name)}. Create it first."
            )
