"""The audit events of one credential, read no further than needed."""

import pytest

from credtui.domain.permissions import Operator, Permission
from credtui.domain.refusals import PermissionDeniedError
from credtui.tui.credential_events import REACH, CredentialEvents, read_events
from tests.tui.apps import Stage
from tests.tui.long_log import lengthen_log


def told(events: CredentialEvents) -> list[str]:
    return [f"{event.action} {event.outcome}" for event in events.events]


def test_they_are_its_own_newest_first(demo: Stage) -> None:
    batch = read_events(demo.service(), demo.id_of("Reporting batch"))
    assert told(batch) == ["rename done", "confirm secret done", "generate done"]
    gateway = read_events(demo.service(), demo.id_of("Payout gateway"))
    assert told(gateway)[0] == "delete refused"
    assert told(gateway)[-1] == "generate done"
    assert batch.complete
    assert gateway.complete


def test_later_events_are_added(demo: Stage) -> None:
    client_id = demo.id_of("Treasury sync")
    before = read_events(demo.service(), client_id)
    assert read_events(demo.service(), client_id, before) is before
    demo.service().rename(client_id, "Treasury")
    demo.service().rename(demo.id_of("Reporting batch"), "Reports")
    after = read_events(demo.service(), client_id, before)
    assert told(after) == ["rename done", *told(before)]
    assert after.complete
    assert after == read_events(demo.service(), client_id)


def test_a_replacement_begins_with_the_event_of_the_replaced_one(empty: Stage) -> None:
    empty.add("Payout gateway")
    old = empty.id_of("Payout gateway")
    new = empty.service().replace(old, "Payout gateway new").credential.client_id
    empty.service().confirm(new, seen=1, how="checked")
    events = read_events(empty.service(), new)
    assert told(events) == ["confirm secret done", "replace done"]
    assert events.complete
    assert told(read_events(empty.service(), old)) == [
        "replace done",
        "confirm secret done",
        "generate done",
    ]


def test_a_long_log_is_not_read_whole(demo: Stage) -> None:
    client_id = demo.id_of("Payout gateway")
    lengthen_log(demo, REACH + 50, rare=1)
    demo.service().rename(client_id, "Payouts")
    events = read_events(demo.service(), client_id)
    assert told(events) == ["rename done"]
    assert not events.complete


def test_an_empty_log_has_none(empty: Stage) -> None:
    assert read_events(empty.service(), "cid_0123456789abcdef") == CredentialEvents()


def test_without_access_it_is_refused(demo: Stage) -> None:
    client_id = demo.id_of("Payout gateway")
    demo.set_operators(
        Operator(name="carol", representative=True),
        Operator(name="bob", permissions={"other": Permission.CAN_VIEW}),
    )
    with pytest.raises(PermissionDeniedError):
        read_events(demo.service(), client_id)
