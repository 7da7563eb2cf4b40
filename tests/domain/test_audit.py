import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from credtui.domain.audit import (
    FIRST_PREVIOUS,
    Action,
    AuditEvent,
    Outcome,
    check_chain,
    entries,
)
from credtui.domain.errors import AuditTamperedError
from credtui.domain.permissions import Channel
from tests.support import ALICE, START


def make_chain(length: int = 5) -> list[AuditEvent]:
    events: list[AuditEvent] = []
    for number in range(1, length + 1):
        events.append(
            AuditEvent(
                number=number,
                at=START + timedelta(minutes=number),
                actor=ALICE,
                action=Action.RENAME,
                client_id="cid_" + "a" * 16,
                name="Payout",
                detail="was Batch",
                previous=events[-1].hash if events else FIRST_PREVIOUS,
            ).sealed()
        )
    return events


def test_an_untouched_chain_holds() -> None:
    events = make_chain()
    assert list(check_chain(events)) == events
    assert list(check_chain([])) == []
    assert all(event.intact for event in events)


def test_it_holds_after_writing_and_reading() -> None:
    lines = [event.model_dump_json() for event in make_chain()]
    read = [AuditEvent.model_validate_json(line) for line in lines]
    assert list(check_chain(read)) == make_chain()


def test_the_hash_does_not_change_between_versions() -> None:
    """A log that was written yesterday must verify tomorrow."""
    assert make_chain(1)[0].hash == (
        "e3e34e723b84075f87cd7d36cecc8fa03e20b8540309035040d99a32bee4adbe"
    )


def test_the_line_does_not_change_between_versions() -> None:
    """The log's end is compared byte by byte with the events that the store keeps."""
    assert make_chain(1)[0].model_dump_json() == (
        '{"number":1,"at":"2026-03-01T09:31:00Z",'
        '"actor":{"operator":"alice","address":"198.51.100.7","fingerprint":null,"channel":"ssh"},'
        '"action":"rename","outcome":"done","client_id":"cid_aaaaaaaaaaaaaaaa","name":"Payout",'
        f'"detail":"was Batch","previous":"{FIRST_PREVIOUS}",'
        '"hash":"e3e34e723b84075f87cd7d36cecc8fa03e20b8540309035040d99a32bee4adbe"}'
    )


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([], []),
        ([5], [None]),
        ([0, 5, 9], [None, None, None]),
        ([0, -2], [None, None]),
        ([0, -3], [-3, None]),
        ([0, 600, 1, 2], [None, -599, None, None]),
        ([9, 5, 1], [-4, -4, None]),
    ],
)
def test_a_clock_that_went_back_shows(steps: list[int], expected: list[int | None]) -> None:
    """`steps` are minutes, oldest first. `expected` are the minutes back, newest first."""
    chain = make_chain(len(steps))
    moved = [
        event.model_copy(update={"at": START + timedelta(minutes=step)})
        for event, step in zip(chain, steps, strict=True)
    ]
    told = list(entries(reversed(moved)))
    assert [entry.event for entry in told] == moved[::-1]
    assert [
        -entry.clock_back // timedelta(minutes=1) if entry.clock_back else None for entry in told
    ] == expected


def test_the_words_in_a_log_do_not_change_between_versions() -> None:
    """A log that was written yesterday must be readable tomorrow, so words are only added."""
    assert {action: action.value for action in Action} == {
        Action.GENERATE: "generate",
        Action.ROTATE: "rotate",
        Action.RENAME: "rename",
        Action.MAKE_PRIMARY: "make primary",
        Action.DELETE: "delete",
        Action.CONFIRM: "confirm secret",
        Action.VIEW: "view",
        Action.IDENTIFY: "identify secret",
        Action.REPLACE: "replace",
        Action.FINISH_REPLACEMENT: "finish replacement",
        Action.SET_NETWORKS: "set networks",
        Action.CREATE_ORGANIZATION: "create organization",
        Action.ADD_OPERATOR: "add operator",
        Action.SET_OPERATOR: "set operator",
        Action.REMOVE_OPERATOR: "remove operator",
        Action.LIST_OPERATORS: "list operators",
        Action.LIST_ORGANIZATIONS: "list organizations",
        Action.RUN_COMMAND: "run command",
    }
    assert get_args(Outcome) == ("done", "refused")
    assert get_args(Channel) == ("portal", "command line", "ssh")


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "number": lambda event: event.update(number=7),
    "at": lambda event: event.update(at="2026-03-01T09:33:00.000001Z"),
    "operator": lambda event: event["actor"].update(operator="bob"),
    "address": lambda event: event["actor"].update(address=None),
    "fingerprint": lambda event: event["actor"].update(fingerprint="SHA256:x"),
    "channel": lambda event: event["actor"].update(channel="portal"),
    "action": lambda event: event.update(action="delete"),
    "outcome": lambda event: event.update(outcome="refused"),
    "client_id": lambda event: event.update(client_id="cid_" + "b" * 16),
    "name": lambda event: event.update(name="Payout "),
    "detail": lambda event: event.update(detail=""),
    "reason": lambda event: event.update(reason="refused"),
    "previous": lambda event: event.update(previous=FIRST_PREVIOUS),
    "hash": lambda event: event.update(hash="0" * 64),
}


def test_every_field_is_among_the_changes() -> None:
    assert set(CHANGES) >= (set(AuditEvent.model_fields) | set(type(ALICE).model_fields)) - {
        "actor"
    }


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_changed_field_is_found(change: Callable[[dict[str, Any]], object]) -> None:
    events = make_chain()
    event = json.loads(events[2].model_dump_json())
    change(event)
    events[2] = AuditEvent.model_validate(event)
    with pytest.raises(AuditTamperedError, match="event 3 is not as it was written"):
        list(check_chain(events))


@pytest.mark.parametrize("add_to", ["event", "actor"])
def test_an_added_field_is_found(add_to: str) -> None:
    event = json.loads(make_chain(1)[0].model_dump_json())
    (event if add_to == "event" else event["actor"])["surplus"] = 1
    with pytest.raises(ValidationError):
        AuditEvent.model_validate(event)


def test_a_changed_event_with_a_new_hash_is_found_at_the_next() -> None:
    events = make_chain()
    events[2] = events[2].model_copy(update={"name": "Other"}).sealed()
    with pytest.raises(AuditTamperedError, match="event 4 "):
        list(check_chain(events))


def test_the_events_before_are_still_given() -> None:
    events = make_chain()
    checked = check_chain([*events[:2], *events[3:]])
    assert [next(checked), next(checked)] == events[:2]
    with pytest.raises(AuditTamperedError, match="event 3 "):
        next(checked)


@given(st.integers(0, 3))
def test_a_removed_event_is_found(position: int) -> None:
    events = make_chain()
    del events[position]
    with pytest.raises(AuditTamperedError):
        list(check_chain(events))


@given(st.permutations(range(5)).filter(lambda order: order != list(range(5))))
def test_another_order_is_found(order: list[int]) -> None:
    events = make_chain()
    with pytest.raises(AuditTamperedError):
        list(check_chain(events[position] for position in order))


def test_an_event_that_is_there_twice_is_found() -> None:
    events = make_chain()
    with pytest.raises(AuditTamperedError):
        list(check_chain([*events, events[-1]]))


def test_an_event_of_another_chain_is_found() -> None:
    events, other = make_chain(), make_chain()
    other[0] = other[0].model_copy(update={"name": "Other"}).sealed()
    other[1] = other[1].model_copy(update={"previous": other[0].hash}).sealed()
    with pytest.raises(AuditTamperedError, match="event 2 "):
        list(check_chain([events[0], other[1], *events[2:]]))
