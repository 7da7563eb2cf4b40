"""Attempts: each is made in one transaction, and leaves one audit event."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from datetime import datetime
from typing import Generic, TypeVar

from credtui.domain.audit import Action, What
from credtui.domain.clock import Clock
from credtui.domain.errors import StoreError, StoreUnwritableError
from credtui.domain.names import quotable
from credtui.domain.permissions import Actor
from credtui.domain.place import Place
from credtui.domain.refusals import Refusal
from credtui.store.port import (
    OperatorsTransaction,
    OrganizationTransaction,
    Store,
    Transaction,
)

T = TypeVar("T", bound=Transaction)


class Attempt(Generic[T]):
    """One attempt, while the store is held.

    Attributes:
        held: The store's transaction.
        at: The moment of the attempt.
        what: The content of the audit event. Assign to it, or update it.
    """

    def __init__(self, held: T, at: datetime) -> None:
        self.held = held
        self.at = at
        self.what: What = {}


class Attempts:
    """One actor's attempts to do something.

    Each attempt is a context. If a `Refusal` leaves the context, the audit event says that the
    attempt was refused. If another exception leaves it, nothing is changed or recorded. Otherwise
    the change is made, and the event says so.

    Raises:
        Refusal: The attempt was refused.
        StoreError: The store can't be used. The message says that nothing was changed.
        DoubtError: The change may not last, or may not have been made.
    """

    def __init__(self, store: Store, actor: Actor, clock: Clock) -> None:
        self._store = store
        self._actor = actor
        self._clock = clock

    @contextmanager
    def at(
        self, place: Place, action: Action, *, carries_doubt: bool = False
    ) -> Iterator[Attempt[OrganizationTransaction]]:
        """Attempt something that concerns an organization.

        If the organization was never created, the refusal is recorded with the operators. An event
        of the organization itself would create it.

        Args:
            place: The organization and its environment.
            action: What is attempted.
            carries_doubt: Don't raise a `DoubtError`: the caller reports it.
        """
        with unchanged():
            # Ask before the transaction: to open one leaves a lock file behind.
            standing = self._store.standing_in(place.organization, self._actor)
        self.refuse(action, standing.why_not_enter(), place.organization)
        with self._made(
            self._entered(place, action), action, carries_doubt=carries_doubt
        ) as attempt:
            yield attempt

    @contextmanager
    def on_operators(self, action: Action) -> Iterator[Attempt[OperatorsTransaction]]:
        """Attempt something that concerns all operators."""
        with self._made(self._store.operators_transaction(), action) as attempt:
            yield attempt

    def refuse(
        self, action: Action, refusal: Refusal | None, name: str | None, place: Place | None = None
    ) -> None:
        """Record a refusal and raise it, if there is one.

        The arguments are those of `record_refusal`.
        """
        if refusal:
            self.record_refusal(action, refusal, name, place)
            raise refusal

    def record_refusal(
        self, action: Action, refusal: Refusal, name: str | None, place: Place | None = None
    ) -> None:
        """Record a refusal. The attempt stays refused even if the refusal can't be recorded.

        Args:
            action: What was attempted.
            refusal: Why it is refused.
            name: The name that was attempted, if there is one.
            place: Where the refusal is recorded; None to record it with the operators.
        """
        held: AbstractContextManager[Transaction] = (
            self._store.transaction(place) if place else self._store.operators_transaction()
        )
        with suppress(StoreUnwritableError), held as transaction:
            transaction.record(
                self._clock(),
                self._actor,
                action,
                outcome="refused",
                name=name and quotable(name),
                reason=refusal.code,
            )

    @contextmanager
    def _entered(self, place: Place, action: Action) -> Iterator[OrganizationTransaction]:
        """Hold an organization, unless it is unknown by now."""
        with ExitStack() as holding:
            held = holding.enter_context(self._store.transaction(place))
            barred = held.standing(self._actor).why_not_enter()
            if barred:
                holding.close()
            self.refuse(action, barred, place.organization)
            yield held

    @contextmanager
    def _made(
        self,
        transaction: AbstractContextManager[T],
        action: Action,
        *,
        carries_doubt: bool = False,
    ) -> Iterator[Attempt[T]]:
        refusal: Refusal | None = None
        with unchanged(), transaction as held:
            attempt = Attempt(held, self._clock())
            try:
                yield attempt
            except Refusal as error:
                refusal = error
                attempt.what |= What(outcome="refused", detail="", reason=error.code)
            held.record(attempt.at, self._actor, action, **attempt.what)
        if refusal:
            raise refusal
        if held.doubt and not carries_doubt:
            raise held.doubt


@contextmanager
def unchanged() -> Iterator[None]:
    """Add to a store's error that nothing was changed, which a transaction promises.

    Raises:
        StoreError: The error, with that sentence.
    """
    try:
        yield
    except StoreError as error:
        error.args = (*error.args, "Nothing was changed.")
        raise
