"""How a change is made: permission, rules, and one audit event, in one transaction."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import NamedTuple

from credtui.domain.audit import Action
from credtui.domain.clock import Clock
from credtui.domain.errors import (
    DoubtError,
    NoSuchOrganizationError,
    Refusal,
    StoreError,
    StoreUnwritableError,
    refuse,
)
from credtui.domain.models import Credential
from credtui.domain.names import quotable
from credtui.domain.organization import Organization
from credtui.domain.permissions import Actor, Operators, Permission
from credtui.domain.place import Place
from credtui.domain.secrets import is_client_id
from credtui.store.port import Store


@contextmanager
def unchanged() -> Iterator[None]:
    """Say of a store's failure that it left everything as it was, as a transaction promises.

    Raises:
        StoreError: The same, with that sentence.
    """
    try:
        yield
    except StoreError as error:
        error.args = (*error.args, "Nothing was changed.")
        raise


class Changed(NamedTuple):
    """What came of a change.

    Attributes:
        credential: The credential after the change; where it was deleted, before.
        doubt: What is in doubt about it; None when it is done and durable.
    """

    credential: Credential
    doubt: DoubtError | None

    def ensured(self) -> Credential:
        """Return the credential.

        Raises:
            DoubtError: The change is in doubt.
        """
        if self.doubt:
            raise self.doubt
        return self.credential


class Changes:
    """Makes one actor's changes to one organization in one environment."""

    def __init__(self, store: Store, place: Place, actor: Actor, clock: Clock) -> None:
        self._store = store
        self._place = place
        self._actor = actor
        self._clock = clock

    @unchanged()
    def make(
        self,
        action: Action,
        client_id: str,
        apply: Callable[[Organization, datetime], Organization],
        *,
        attempted_name: str | None = None,
        detail: str = "",
    ) -> Changed:
        """Make a change or refuse it, leaving one audit event."""
        self.ensure_known(action)
        refusal: Refusal | None = None
        with self._store.transaction(self._place) as transaction:
            at = self._clock()
            primary = transaction.organization.primary
            before = transaction.organization.find(client_id)
            try:
                refuse(
                    transaction.operators.why_not(
                        self._actor, self._place.organization, Permission.CAN_EDIT
                    )
                )
                transaction.organization = apply(transaction.organization, at)
            except Refusal as error:
                refusal = error
            credential = transaction.organization.find(client_id) or before
            if refusal:
                detail = refusal.code
            elif before and credential and before.name != credential.name:
                detail = f"was {quotable(before.name)}"
            elif action is Action.DELETE and primary != transaction.organization.primary:
                detail = f"was primary; now {transaction.organization.primary or 'none'} is"
            about: str | None
            if credential:
                about, name = credential.client_id, credential.name
            else:
                # What was given as a Client ID need not be one: a secret may have been pasted.
                known = is_client_id(client_id) and action is not Action.GENERATE
                about = client_id if known else None
                name = quotable(attempted_name or "")
            transaction.record(
                at,
                self._actor,
                action,
                outcome="refused" if refusal else "done",
                client_id=about,
                name=name,
                detail=detail,
            )
        if refusal:
            raise refusal
        assert credential is not None  # noqa: S101  # what isn't refused has a credential
        return Changed(credential.public(), transaction.doubt)

    def is_known(self, operators: Operators) -> bool:
        """Tell whether the organization was created, or needs not be."""
        return (
            not operators.members
            or operators.mention(self._place.organization)
            or self._store.has_organization(self._place.organization)
        )

    def _unknown_organization(self) -> NoSuchOrganizationError:
        return NoSuchOrganizationError(
            f"There is no organization {self._place.organization}. A representative can create it."
        )

    def ensure_known(self, action: Action) -> None:
        """Do nothing if the organization was created.

        A misspelt one must not come into being by what is refused there: so that is recorded with
        the operators.

        Raises:
            NoSuchOrganizationError: It was not.
            PermissionDeniedError: It was not, and the actor isn't one to be told.
        """
        operators = self._store.operators()
        if self.is_known(operators):
            return
        refusal = (
            operators.why_not(self._actor, self._place.organization, Permission.CAN_VIEW)
            or self._unknown_organization()
        )
        with suppress(StoreUnwritableError), self._store.operators_transaction() as transaction:
            transaction.record(
                self._clock(),
                self._actor,
                action,
                outcome="refused",
                name=self._place.organization,
                detail=refusal.code,
            )
        raise refusal
