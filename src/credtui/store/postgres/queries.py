"""Reading models from the database, outside of a transaction and within one."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

from credtui.domain.audit import AuditEvent, check_chain, not_as_written
from credtui.domain.errors import AuditTamperedError, StoreError
from credtui.domain.operators import Operators
from credtui.domain.permissions import Actor
from credtui.domain.place import Place
from credtui.domain.standing import OrganizationStanding, Standing
from credtui.domain.usage import Usage
from credtui.store.postgres import sql
from credtui.store.postgres.rows import (
    Row,
    key_of,
    parsing,
    read_event,
    read_operator,
    read_operators,
)

_NO_LIMIT = 2**62
_PAGE = 1000


class Read(Protocol):
    """A function that reads."""

    def __call__(self, statement: str, **values: Any) -> Sequence[Row]:
        """Return what a statement finds."""
        ...


def operators(read: Read, url: str) -> Operators:
    """Return all operators."""
    rows = read(sql.OPERATORS)
    with parsing(url):
        return read_operators(rows)


def standing(read: Read, actor: Actor) -> Standing:
    """Return what an actor is among the operators, without reading all of them."""
    return _standing(read, "", actor)[0]


def standing_in(read: Read, organization: str, actor: Actor) -> OrganizationStanding:
    """Return what an actor is in an organization."""
    among_operators, exists = _standing(read, organization, actor)
    return among_operators.within(organization, known=among_operators.personal or exists)


def has_organization(read: Read, organization: str) -> bool:
    """Tell whether an organization exists."""
    return bool(read(sql.HAS_ORGANIZATION, organization=organization)[0][0])


def usage(read: Read, place: Place) -> Mapping[str, Usage]:
    """Return how credentials are used, by Client ID. Lost or damaged usage is not an error."""
    used: dict[str, Usage] = {}
    with suppress(StoreError):
        for client_id, content in read(sql.USAGE, **key_of(place)):
            with suppress(ValueError):
                used[client_id] = Usage.model_validate(content)
    return used


def events(read: Read, place: Place, before: int | None, limit: int) -> Sequence[AuditEvent]:
    """Return audit events, newest first."""
    rows = read(
        sql.EVENTS,
        **key_of(place),
        before=_NO_LIMIT if before is None else before,
        limit=limit,
    )
    return [read_event(row) for row in rows]


def verify_events(read: Read, place: Place, url: str) -> AuditEvent | None:
    """Check a whole audit log, and return its last event.

    Raises:
        AuditTamperedError: The log doesn't hold together, or lacks its end.
    """
    found = read(sql.END_OF_LOG, **key_of(place))
    number, hash_ = found[0] if found else (0, "")
    last = None
    with parsing(url):
        for last in check_chain(_oldest_first(read, place)):
            if last.number == number and last.hash != hash_:
                raise not_as_written(number)
    if number > (last.number if last else 0):
        raise AuditTamperedError(
            "The audit log was tampered with: its last events are missing, or are not those of the "
            "last change."
        )
    return last


def _oldest_first(read: Read, place: Place) -> Iterator[AuditEvent]:
    after = 0
    while rows := read(sql.EVENTS_AFTER, **key_of(place), after=after, limit=_PAGE):
        events = [read_event(row) for row in rows]
        yield from events
        after = events[-1].number


def _standing(read: Read, organization: str, actor: Actor) -> tuple[Standing, bool]:
    """Return what an actor is, and whether an organization exists or is in a permission."""
    ((grantor, personal, exists, *found),) = read(
        sql.STANDING, organization=organization, operator=actor.operator
    )
    operator = read_operator(found) if found[0] is not None else None
    if operator and not operator.is_known_as(actor):
        operator = None
    return Standing(actor=actor, operator=operator, personal=personal, grantor=grantor), exists
