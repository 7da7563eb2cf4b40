"""Copying a store to another one, of the same kind or not.

The first pass copies while the source is in use. Then the source is frozen: a mark makes it refuse
all changes and all look-ups for clients. The second pass copies what has changed, and compares
everything. Last, the mark of the target goes, and the target is in use. The mark of the source
stays. So at each moment one store at most is in use.

Whatever ends a copy, the same command goes on with it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple, TypeAlias

from credtui.domain.audit import FIRST_PREVIOUS, AuditEvent
from credtui.domain.errors import (
    AuditTamperedError,
    CopyDiffersError,
    CopyRefusedError,
    CredtuiError,
    DoubtError,
    StoreError,
)
from credtui.domain.place import OPERATORS, Place
from credtui.service.comparison import compare
from credtui.store.copying import Copyable, End
from credtui.store.marks import Mark

Progress: TypeAlias = Callable[[str, int, int], None]
"""Shows what is done, such as "Copying", and how many places of how many are done."""


class Copied(NamedTuple):
    """A finished copy.

    Attributes:
        now: False if the copy was finished before.
        compared: How many things of each kind were compared, and are equal. Nothing is compared if
            the copy was finished before.
    """

    now: bool
    compared: Mapping[str, int]


def copy_store(source: Copyable, target: Copyable, progress: Progress) -> Copied:
    """Copy a store, or go on with an unfinished copy. Afterwards the target takes its place.

    If the copy fails or is interrupted, the source goes on being used, except where the error says
    something else.

    Raises:
        CopyRefusedError: One of the stores can't be used for this copy. Nothing was changed.
        CopyDiffersError: The copy is not like the source.
        StoreError: One of the stores can't be used, or the source is damaged.
        DoubtError: The copy may be finished, or not. The source stays frozen.
    """
    if source.name == target.name:
        raise CopyRefusedError(f"Name two stores: both are {source.name}.")
    with source.held(make=False), target.held(make=True):
        if _is_finished(source, target):
            return Copied(now=False, compared={})
        _ensure_suitable(source, target)
        if source.mark() is None:
            _catch_up(source, target, progress, "Copying", verify=True)
        try:
            if source.mark() is None:
                source.set_mark(Mark("moved", target.name))
            compared = _complete(source, target, progress)
        except BaseException as error:
            _thaw(source, error)
            raise
        try:
            target.clear_mark()
        except StoreError as error:
            raise type(error)(f"{error} {_stays_frozen(source)}") from None
        except DoubtError as doubt:
            # Its sentence has the reason in brackets.
            reason = f"{doubt.args[0]}. {_stays_frozen(source)}".rstrip(".")
            raise type(doubt)(reason) from None
        return Copied(now=True, compared=compared)


def _is_finished(source: Copyable, target: Copyable) -> bool:
    """Tell whether the target is a finished copy of the source.

    Raises:
        StoreError: The source is another store's unfinished copy, or was copied elsewhere.
    """
    mark = source.mark()
    if mark is None:
        return False
    if mark != Mark("moved", target.name):
        raise mark.refusal(source.name)
    return target.mark() is None and not target.is_empty()


def _ensure_suitable(source: Copyable, target: Copyable) -> None:
    """Refuse a source without anything, and a target with something else than this copy.

    Raises:
        CopyRefusedError: One of them isn't suitable.
    """
    if source.places() == [OPERATORS] and source.end(OPERATORS) is None:
        raise CopyRefusedError(
            f"There is nothing to copy in {source.name}. Name the folder that holds the data, such "
            "as HOME/store, or a database."
        )
    ours, mark = Mark("unfinished", source.name), target.mark()
    if mark is None:
        if not target.is_empty():
            raise CopyRefusedError(
                f"Copy to an empty database or a new folder: {target.name} is not empty."
            )
        target.set_mark(ours)
        if source.mark() == ours:
            target.clear_mark()
            raise CopyRefusedError(f"Name two stores: {source.name} and {target.name} are one.")
        if not target.is_empty():
            target.clear_mark()
            raise CopyRefusedError(f"Somebody has begun to use {target.name}.")
    elif mark.kind == "moved":
        raise CopyRefusedError(
            f"Copy to an empty database or a new folder: {target.name} still holds what was copied "
            f"to {mark.other}."
        )
    elif mark != ours:
        raise CopyRefusedError(
            f"Copy to an empty database or a new folder: {target.name} is an unfinished copy of "
            f"{mark.other}."
        )


def _complete(source: Copyable, target: Copyable, progress: Progress) -> Mapping[str, int]:
    """Copy what has changed in a source that is frozen, and compare everything."""
    _catch_up(source, target, progress, "Copying changes", verify=False)
    total, done = len(source.places()), iter(range(1, 1 << 62))
    return compare(source, target, lambda: progress("Comparing", next(done), total))


def _catch_up(
    source: Copyable, target: Copyable, progress: Progress, step: str, *, verify: bool
) -> None:
    """Copy what the target lacks.

    Args:
        source: The store that is copied.
        target: Its unfinished copy.
        progress: Shows how far this has come.
        step: What to show.
        verify: Check each audit log of the source before it is copied.
    """
    places = source.places()
    for number, place in enumerate(places, start=1):
        if verify:
            _verify(source, place)
        there = target.end(place)
        if source.end(place) != there and (kept := source.read(place)).end is not None:
            events = source.events(place, there.number if there else 0, kept.end.number)
            target.put(place, kept, _following(events, there, place))
        if place != OPERATORS and (used := source.usage(place)) != target.usage(place):
            target.put_usage(place, used)
        progress(step, number, len(places))
    if (rest := source.rest()) != target.rest():
        target.put_rest(rest)


def _verify(source: Copyable, place: Place) -> None:
    try:
        source.verify(place)
    except AuditTamperedError as error:
        raise AuditTamperedError(
            f"{source.name[:1].upper()}{source.name[1:]} is damaged"
            f"{f' at {place.organization} in {place.environment}' if any(place) else ''}: {error}"
        ) from None


def _following(
    events: Iterator[AuditEvent], there: End | None, place: Place
) -> Iterator[AuditEvent]:
    """Yield events that follow the end of a log.

    Raises:
        CopyDiffersError: They don't follow it: the source was restored from a backup meanwhile.
    """
    previous = there.hash if there else FIRST_PREVIOUS
    first = next(events, None)
    if first is None or first.previous != previous:
        raise CopyDiffersError(
            f"The unfinished copy has other audit events than the source ({place.organization} "
            f"in {place.environment}). Remove the unfinished copy, and begin again."
        )
    yield first
    yield from events


def _thaw(source: Copyable, error: BaseException) -> None:
    """Let a source be used again after an error. If that can't be done, the error says so.

    The target is still an unfinished copy. Nobody else can have finished it, because this copy
    holds the source.
    """
    with suppress(CredtuiError):
        source.clear_mark()
        return
    if isinstance(error, StoreError):
        raise type(error)(f"{error} {_stays_frozen(source)}") from None


def _stays_frozen(source: Copyable) -> str:
    return (
        f"{source.name[:1].upper()}{source.name[1:]} stays frozen: run `credtui store copy` again "
        "with the same two names."
    )


def names(compared: Mapping[str, int]) -> Sequence[tuple[str, int]]:
    """Return what was compared in words, with the counts."""
    return [(kind.replace("_", " ").capitalize(), count) for kind, count in compared.items()]
