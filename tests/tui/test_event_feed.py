"""Audit events, read only as far as somebody asks."""

from datetime import timedelta

import pytest

from credtui.domain.audit import Action, AuditEvent, Entry
from credtui.domain.permissions import Actor, Operator, Permission
from credtui.domain.refusals import PermissionDeniedError
from credtui.tui.event_feed import EventFeed, outcome
from tests.support import ALICE
from tests.tui.apps import BOB, NOW, Stage
from tests.tui.long_log import lengthen_log


def _numbers(entries: list[Entry]) -> list[int]:
    return [entry.event.number for entry in entries]


def test_batches_follow_each_other_to_the_first_event(demo: Stage) -> None:
    feed = EventFeed(demo.service())
    batches = [(_numbers(feed.more(4)), feed.ended) for _ in range(3)]
    assert batches == [([10, 9, 8, 7], False), ([6, 5, 4, 3], False), ([2, 1], True)]
    assert feed.total == 10


def test_an_empty_log_has_no_events_and_then_newer_ones(empty: Stage) -> None:
    feed = EventFeed(empty.service())
    assert feed.more(5) == []
    assert feed.ended
    empty.add("Payout gateway")
    assert _numbers(feed.newer()) == [2, 1]
    assert feed.newer() == []


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        ("BOB", [10, 7, 6, 5]),
        ("bob delete", [10]),
        ("delete bob", [10]),
        ("refused", [10]),
        ("can't be deleted", [10]),
        ("198.51.100.23 generate", [6]),
        ("2026-10-21", [9, 8]),
        ("treasury", [7, 6]),
        ("checked", [7, 4]),
        ("nothing like this", []),
    ],
)
def test_a_filter_looks_for_every_word_in_everything(
    demo: Stage, words: str, numbers: list[int]
) -> None:
    assert _numbers(EventFeed(demo.service(), words).more(99)) == numbers


def test_a_filter_finds_a_client_id(demo: Stage) -> None:
    client_id = demo.id_of("Treasury sync")
    found = EventFeed(demo.service(), client_id.upper()).more(99)
    assert {entry.event.client_id for entry in found} == {client_id}


def test_a_filter_looks_through_the_whole_log(demo: Stage) -> None:
    lengthen_log(demo, 3000, rare=13)
    feed = EventFeed(demo.service(), "carol")
    assert _numbers(feed.more(50)) == [13]
    assert feed.total == 3000


def test_newer_events_are_filtered_too(demo: Stage) -> None:
    feed = EventFeed(demo.service(), "alice")
    feed.more(99)
    demo.service(BOB).rename(demo.id_of("Treasury sync"), "By Bob")
    demo.service(ALICE).rename(demo.id_of("By Bob"), "By Alice")
    assert [entry.event.name for entry in feed.newer()] == ["By Alice"]
    assert feed.total == 12


def test_an_event_is_compared_with_the_one_before_it_also_where_that_is_filtered_out(
    demo: Stage,
) -> None:
    demo.clock.advance(timedelta(hours=-2))
    client_id = demo.id_of("Treasury sync")
    demo.service(BOB).rename(client_id, "By Bob")
    feed = EventFeed(demo.service(), "by")
    assert feed.more(99) == [Entry(demo.service().events()[0])]
    demo.clock.advance(timedelta(hours=-3))
    demo.service(ALICE).rename(client_id, "By Alice")
    demo.clock.advance(timedelta(seconds=-120))
    demo.service(ALICE).rename(client_id, "By the way")
    assert [entry.clock_back for entry in feed.newer()] == [None, timedelta(hours=3)]
    for words in ("alice clock back", "by went back 3 hours"):
        again = EventFeed(demo.service(), words).more(99)
        assert [entry.event.name for entry in again] == ["By Alice"]


def test_a_stopped_feed_ends_its_search(demo: Stage) -> None:
    feed = EventFeed(demo.service(), "nobody")
    feed.stop()
    assert feed.more(99) == []
    assert not feed.ended


def test_who_loses_access_gets_no_further(demo: Stage) -> None:
    demo.set_operators(
        Operator(name="alice", representative=True),
        Operator(name="bob", permissions={"acme": Permission.CAN_VIEW}),
    )
    feed = EventFeed(demo.service(BOB))
    feed.more(2)
    demo.set_operators(Operator(name="alice", representative=True))
    with pytest.raises(PermissionDeniedError):
        feed.more(2)
    with pytest.raises(PermissionDeniedError):
        feed.newer()


def test_an_outcome_is_told_in_words_that_are_safe_to_draw() -> None:
    event = AuditEvent(
        number=1, at=NOW, actor=Actor(operator="a"), action=Action.DELETE, previous=""
    )
    refused = event.model_copy(update={"outcome": "refused", "detail": "permission_denied"})
    assert outcome(refused) == "Refused. The operator's permission does not allow this."
    assert outcome(event) == "Done"
    assert outcome(event.model_copy(update={"detail": "was \x1b[31m"})) == "Done: was \ufffd[31m"
