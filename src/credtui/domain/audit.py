"""Audit events: one for each change and each refused attempt, chained so that tampering shows."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any, Literal, NamedTuple, Self, TypedDict, Unpack

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from credtui.domain.errors import AuditTamperedError
from credtui.domain.models import Instant
from credtui.domain.permissions import Actor

FIRST_PREVIOUS = "0" * 64
"""The first event has this in place of the previous event's hash."""

TOLERATED_STEP = timedelta(minutes=2)
"""How far a clock may go back before people are told. Small corrections are usual."""


class Action(StrEnum):
    """What was done or attempted."""

    GENERATE = "generate"
    ROTATE = "rotate"
    RENAME = "rename"
    MAKE_PRIMARY = "make primary"
    DELETE = "delete"
    CONFIRM = "confirm secret"
    VIEW = "view"
    IDENTIFY = "identify secret"
    REPLACE = "replace"
    FINISH_REPLACEMENT = "finish replacement"
    SET_NETWORKS = "set networks"
    CREATE_ORGANIZATION = "create organization"
    ADD_OPERATOR = "add operator"
    SET_OPERATOR = "set operator"
    REMOVE_OPERATOR = "remove operator"
    LIST_OPERATORS = "list operators"
    LIST_ORGANIZATIONS = "list organizations"
    RUN_COMMAND = "run command"


Outcome = Literal["done", "refused"]


class What(TypedDict, total=False):
    """The content of an audit event, apart from who acted and when."""

    outcome: Outcome
    client_id: str | None
    name: str | None
    detail: str
    reason: str


class AuditEvent(BaseModel):
    """One line of the audit log.

    Attributes:
        number: 1 for the first event of an organization in an environment, then one more each.
        at: When, by the clock of the computer that recorded the event. The clock may have been
            wrong, so the order comes from `number`.
        actor: Who acted, and from where.
        action: What was done or attempted.
        outcome: Whether the action was done or refused.
        client_id: The Client ID, if the event is about a credential.
        name: The name of the credential, operator or organization at the time, or the name that
            was attempted.
        detail: Anything else in a few words, such as the previous name. It never holds a secret.
        reason: The code of the refusal. Earlier versions of credtui kept it as `detail`.
        previous: The hash of the previous event.
        hash: The SHA-256 digest of all other fields, in hexadecimal.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int = Field(ge=1)
    at: Instant
    actor: Actor
    action: Action
    outcome: Outcome = "done"
    client_id: str | None = None
    name: str | None = None
    detail: str = ""
    reason: str = ""
    previous: str
    hash: str = ""

    def sealed(self) -> Self:
        """Return the event with its hash."""
        return self.model_copy(update={"hash": self._digest()})

    @property
    def code(self) -> str:
        """The code of the refusal, whichever version recorded it. Empty without a refusal."""
        return self.reason or (self.detail if self.outcome == "refused" else "")

    @model_serializer(mode="wrap")
    def _without_empty_reason(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # An event of an earlier version must keep its line in the log, and its hash.
        content: dict[str, Any] = serialize(self)
        if not self.reason:
            content.pop("reason", None)
        return content

    @property
    def intact(self) -> bool:
        """Whether the hash fits the content."""
        return self.hash == self._digest()

    def _digest(self) -> str:
        content = self.model_dump(mode="json", exclude={"hash"})
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()


def next_event(
    number: int, previous: str, at: datetime, actor: Actor, action: Action, **what: Unpack[What]
) -> AuditEvent:
    """Return the audit event that follows another one.

    Args:
        number: The number of the other event; 0 if there is none.
        previous: The hash of the other event; `FIRST_PREVIOUS` if there is none.
        at: The moment, by the clock of this computer.
        actor: Who acts.
        action: What is done or attempted.
        what: The rest of the content.
    """
    event = AuditEvent(
        number=number + 1, at=at, actor=actor, action=action, previous=previous, **what
    ).sealed()
    # An event that can't be encoded must fail here. After the commit it would stop all changes.
    event.model_dump_json()
    return event


class Entry(NamedTuple):
    """An audit event as the log is read.

    Attributes:
        event: The event.
        clock_back: How far the clock went back since the previous event, if further than
            `TOLERATED_STEP`. The clock was ahead at that event, or behind at this one.
    """

    event: AuditEvent
    clock_back: timedelta | None = None


def all_events(
    read: Callable[[int | None], Sequence[AuditEvent]], before: int | None = None
) -> Iterator[AuditEvent]:
    """Yield audit events, newest first, read a page at a time.

    Args:
        read: Returns a page of events, newest first, whose numbers are lower than its argument.
        before: Yield events with lower numbers only; None to begin with the latest.
    """
    while before != 1 and (page := read(before)):
        yield from page
        before = page[-1].number


def entries(newest_first: Iterable[AuditEvent]) -> Iterator[Entry]:
    """Yield all events, newest first, each compared with the previous one."""
    events = iter(newest_first)
    event = next(events, None)
    while event:
        before = next(events, None)
        back = before.at - event.at if before else timedelta()
        yield Entry(event, back if back > TOLERATED_STEP else None)
        event = before


def check_chain(events: Iterable[AuditEvent]) -> Iterator[AuditEvent]:
    """Yield events, oldest first, until one doesn't follow from the previous one.

    This finds an event that was changed, removed from the middle, or added out of turn. It can't
    find that events were removed from the end: the caller compares the last event with the number
    and hash that the store keeps. A person who can write the files can make a whole new chain. To
    find that too, note a hash elsewhere.

    Raises:
        AuditTamperedError: An event doesn't follow from the previous one.
    """
    previous = FIRST_PREVIOUS
    for number, event in enumerate(events, start=1):
        if event.number != number or event.previous != previous or not event.intact:
            raise not_as_written(number)
        previous = event.hash
        yield event


def are_chained(events: Sequence[AuditEvent]) -> bool:
    """Tell whether events are intact and follow each other, from anywhere in a chain."""
    return (
        bool(events)
        and all(event.intact for event in events)
        and (events[0].number == 1) == (events[0].previous == FIRST_PREVIOUS)
        and all(
            after.number == before.number + 1 and after.previous == before.hash
            for before, after in pairwise(events)
        )
    )


def not_as_written(number: int) -> AuditTamperedError:
    """Return the error that says which event was changed."""
    return AuditTamperedError(
        f"The audit log was tampered with: event {number} is not as it was written."
    )
