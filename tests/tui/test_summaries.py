"""Facts about a credential, in lines that fit."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from credtui.domain.lease import Lease
from credtui.domain.models import Credential, Handover
from credtui.domain.page import Page
from credtui.domain.permissions import Permission
from credtui.domain.usage import PreviousSecretUse, Usage, hour_of
from credtui.tui.phrases import ago, day
from credtui.tui.summaries import (
    age,
    alerts,
    badges,
    facts,
    last_use,
    previous_secret_in_use,
    tokens,
)

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
PERIOD = timedelta(days=90)
AN_HOUR = timedelta(hours=1)
CHECKED = Handover(how="checked", at=NOW - timedelta(days=1000))
LAST = "last an hour ago from 203.0.113.44"
LAST_LONG_AGO = "last 2 days ago from 203.0.113.44"


def a_credential(mark: str = "A", *, age: int = 10, **changes: Any) -> Credential:
    values: dict[str, Any] = {
        "client_id": f"cid_{mark * 16}",
        "name": f"Credential {mark}",
        "created_at": NOW - timedelta(days=age),
        "handover": CHECKED,
    }
    return Credential(**(values | changes))


def a_page(
    *credentials: Credential, primary: str | None = None, usage: Mapping[str, Usage] | None = None
) -> Page:
    return Page(
        permission=Permission.CAN_EDIT,
        credentials=credentials,
        primary=primary,
        usage=usage or {},
    )


def some_use(ago: timedelta = AN_HOUR, tokens: int = 1) -> Usage:
    at = NOW - ago
    return Usage(last_used_at=at, last_used_from="203.0.113.9", issued={hour_of(at): tokens})


def refused(count: int = 3, generation: int = 2, ago: timedelta = AN_HOUR) -> Usage:
    previous = PreviousSecretUse(
        generation=generation, count=count, last_at=NOW - ago, last_from="203.0.113.44"
    )
    return Usage(previous_secret=previous)


def test_a_period_of_one_day() -> None:
    told = age(a_credential(), NOW, timedelta(days=1), 80, ".")
    assert re.match(r"\d+ of 1 day \.", told)


def test_a_moment_ahead_of_the_clock_is_told_as_such() -> None:
    ahead = NOW + timedelta(days=365)
    used = some_use(timedelta(days=-365))
    assert last_use(used, NOW) == (
        "365 days ahead of this clock from 203.0.113.9, 0 tokens in 24 hours"
    )
    credential = a_credential(rotated_at=ahead)
    assert age(credential, NOW, PERIOD, 80, ".") == "0 of 90 days . due 22 Feb 2028"
    assert last_use(some_use(timedelta(minutes=-2)), NOW).startswith("just now from ")


class TestBadges:
    @pytest.mark.parametrize(
        ("age", "expected"),
        [
            (0, []),
            (75, []),
            (76, ["Rotation due in 14 days"]),
            (89, ["Rotation due in 1 day"]),
            (90, ["Rotation due"]),
            (400, ["Rotation due"]),
        ],
    )
    def test_rotation_is_told_of_two_weeks_before(self, age: int, expected: list[str]) -> None:
        credential = a_credential(age=age)
        shown = badges(credential, a_page(credential), NOW, PERIOD)
        assert [text for text, _ in shown] == expected

    def test_the_last_day_is_told_in_hours(self) -> None:
        credential = a_credential(created_at=NOW - PERIOD + timedelta(hours=5))
        shown = badges(credential, a_page(credential), NOW, PERIOD)
        assert shown == [("Rotation due in 5 hours", "$text-warning")]

    def test_a_rotation_begins_the_period_anew(self) -> None:
        credential = a_credential(age=400, rotated_at=NOW - timedelta(days=1), generation=2)
        assert badges(credential, a_page(credential), NOW, PERIOD) == []

    def test_the_most_urgent_is_first(self) -> None:
        credential = a_credential(age=100, handover=None)
        page = a_page(credential, primary=credential.client_id)
        assert badges(credential, page, NOW, PERIOD) == [
            ("Secret never seen", "$text-error"),
            ("Rotation due", "$text-warning"),
            ("Primary", "$text-success"),
        ]

    def test_only_one_is_primary(self) -> None:
        one, other = a_credential("A"), a_credential("B")
        page = a_page(one, other, primary=other.client_id)
        assert badges(one, page, NOW, PERIOD) == []
        assert badges(other, page, NOW, PERIOD) == [("Primary", "$text-success")]


class TestAge:
    @pytest.mark.parametrize(
        ("days", "width", "expected"),
        [
            (0, 80, "0 of 90 days . due 22 Feb"),
            (34, 26, "34 of 90 days . due 19 Jan"),
            (34, 25, "34 of 90 days"),
            (89, 80, "89 of 90 days . due 25 Nov"),
            (90, 80, "90 of 90 days . overdue since 24 Nov"),
            (206, 37, "206 of 90 days . overdue since 31 Jul"),
            (206, 36, "206 of 90 days . overdue"),
            (206, 23, "206 of 90 days"),
            (400, 80, "400 of 90 days . overdue since 18 Jan 2026"),
        ],
    )
    def test_what_fits(self, days: int, width: int, expected: str) -> None:
        assert age(a_credential(age=days), NOW, PERIOD, width, ".") == expected

    def test_it_is_the_present_secret_s(self) -> None:
        credential = a_credential(age=206, rotated_at=NOW - timedelta(days=2), generation=2)
        assert age(credential, NOW, PERIOD, 80, ".") == "2 of 90 days . due 20 Feb"

    def test_the_last_day_there_is(self) -> None:
        end = datetime.max.replace(tzinfo=UTC)
        credential = a_credential(rotated_at=end, generation=2)
        assert age(credential, NOW, PERIOD, 80, ".") == "0 of 90 days . due 31 Dec 9999"

    def test_a_day_has_its_year_where_it_could_be_mistaken(self) -> None:
        assert day(NOW + timedelta(days=182), NOW) == "25 May"
        assert day(NOW + timedelta(days=183), NOW) == "26 May 2027"
        assert day(NOW - timedelta(days=183), NOW) == "25 May 2026"


class TestTokens:
    def test_none_yet(self) -> None:
        assert tokens(None, NOW, 80, "-") == "Not used yet"
        assert tokens(refused(), NOW, 80, "-") == "Not used yet"

    def test_none_in_the_last_day(self) -> None:
        line = tokens(some_use(timedelta(days=3)), NOW, 22, "-")
        assert line == "0 - last 3 days ago"

    @pytest.mark.parametrize(
        ("width", "expected"),
        [
            (80, "1,234 in 24 hours - last 2 hours ago from 203.0.113.9"),
            (52, "1,234 - last 2 hours ago from 203.0.113.9"),
            (40, "1,234 - last 2 hours ago"),
            (23, "1,234 - 2 hours ago"),
            (18, "1,234"),
            (1, "1,234"),
        ],
    )
    def test_what_fits(self, width: int, expected: str) -> None:
        assert tokens(some_use(timedelta(hours=2), 1234), NOW, width, "-") == expected


class TestLastUse:
    def test_none_yet(self) -> None:
        assert last_use(None, NOW) == "not yet"
        assert last_use(refused(), NOW) == "not yet"

    @pytest.mark.parametrize(
        ("tokens", "many"), [(1, "1 token"), (2, "2 tokens"), (12345, "12,345 tokens")]
    )
    def test_how_many(self, tokens: int, many: str) -> None:
        line = last_use(some_use(tokens=tokens), NOW)
        assert line == f"an hour ago from 203.0.113.9, {many} in 24 hours"

    def test_none_in_the_last_day(self) -> None:
        line = last_use(some_use(timedelta(days=3)), NOW)
        assert line == "3 days ago from 203.0.113.9, 0 tokens in 24 hours"


class TestAlerts:
    ROTATED = a_credential(rotated_at=NOW - timedelta(days=1), generation=2)

    def test_none(self) -> None:
        assert alerts(self.ROTATED, a_page(self.ROTATED), NOW, 80) == []
        page = a_page(self.ROTATED, usage={self.ROTATED.client_id: some_use()})
        assert alerts(self.ROTATED, page, NOW, 80) == []

    @pytest.mark.parametrize(
        ("width", "expected"),
        [
            (
                200,
                f"A client still uses the previous secret: 3 refused, {LAST}",
            ),
            (80, f"Previous secret still used: 3 refused, {LAST}"),
            (57, "A client still uses the previous secret: 3 refused"),
            (46, "Previous secret still used: 3 refused"),
        ],
    )
    def test_a_previous_secret_in_use(self, width: int, expected: str) -> None:
        page = a_page(self.ROTATED, usage={self.ROTATED.client_id: refused()})
        assert alerts(self.ROTATED, page, NOW, width) == [(expected, "$text-error")]

    @pytest.mark.parametrize(
        ("width", "expected"),
        [
            (
                200,
                f"A client used the previous secret: 1,234 refused, {LAST_LONG_AGO}",
            ),
            (58, "A client used the previous secret: 1,234 refused"),
            (40, "Previous secret used: 1,234 refused"),
        ],
    )
    def test_nobody_still_uses_what_was_used_days_ago(self, width: int, expected: str) -> None:
        usage = refused(1234, ago=timedelta(days=2))
        page = a_page(self.ROTATED, usage={self.ROTATED.client_id: usage})
        assert alerts(self.ROTATED, page, NOW, width) == [(expected, "$text-error")]

    @pytest.mark.parametrize("generation", [1, 3])
    def test_of_another_generation_it_is_over(self, generation: int) -> None:
        usage = {self.ROTATED.client_id: refused(generation=generation)}
        page = a_page(self.ROTATED, usage=usage)
        assert previous_secret_in_use(self.ROTATED, page, NOW, 80) is None
        assert alerts(self.ROTATED, page, NOW, 80) == []

    @pytest.mark.parametrize(
        ("permission", "width", "expected"),
        [
            (Permission.CAN_EDIT, 80, "Perhaps nobody has its secret: rotate it (r)"),
            (Permission.CAN_EDIT, 40, "If nobody has its secret, rotate it (r)"),
            (Permission.CAN_EDIT, 38, "Perhaps nobody has its secret"),
            (Permission.CAN_VIEW, 80, "Perhaps nobody has its secret"),
        ],
    )
    def test_a_secret_that_was_never_confirmed(
        self, permission: Permission, width: int, expected: str
    ) -> None:
        lost = self.ROTATED.model_copy(update={"handover": None})
        page = a_page(lost).model_copy(update={"permission": permission})
        assert alerts(lost, page, NOW, width) == [(expected, "$text-error")]

    def test_a_secret_that_was_closed_unsaved_until_a_client_uses_it(self) -> None:
        closed_at = NOW - timedelta(days=1)
        handover = Handover(how="closed unsaved", at=closed_at)
        lost = self.ROTATED.model_copy(update={"handover": handover})
        assert alerts(lost, a_page(lost), NOW, 80) == [
            ("Perhaps nobody has its secret: rotate it (r)", "$text-error")
        ]
        used = a_page(lost, usage={lost.client_id: some_use()})
        assert alerts(lost, used, NOW, 80) == []
        assert badges(lost, used, NOW, PERIOD) == []

    @pytest.mark.parametrize(
        ("width", "expected"),
        [
            (80, "On screen at alice (198.51.100.7) since 09:12 UTC"),
            (40, "On screen at alice since 09:12 UTC"),
            (30, "On screen since 09:12 UTC"),
        ],
    )
    def test_a_secret_on_screen(self, width: int, expected: str) -> None:
        shown = self.ROTATED.model_copy(update={"handover": None})
        lease = Lease(
            client_id=shown.client_id,
            generation=2,
            operator="alice",
            address="198.51.100.7",
            since=NOW - timedelta(minutes=18),
        )
        page = a_page(shown).model_copy(update={"leases": (lease,)})
        assert alerts(shown, page, NOW, width) == [(expected, "$text-accent")]
        assert badges(shown, page, NOW, PERIOD) == [("Secret on screen", "$text-accent")]
        assert facts(shown, page, NOW)[0] == (
            "Secret",
            "1 day old, on screen at alice (198.51.100.7) since 09:12 UTC",
        )

    def test_one_replaces_the_other(self) -> None:
        old, new = a_credential("A"), a_credential("B", replaces="cid_" + "A" * 16)
        page = a_page(old, new)
        assert alerts(old, page, NOW, 80) == [("Being replaced by Credential B", "$text-accent")]
        assert alerts(new, page, NOW, 80) == [("Replaces Credential A", "$text-accent")]

    def test_what_is_replaced_may_be_gone(self) -> None:
        new = a_credential("B", replaces="cid_" + "A" * 16)
        assert alerts(new, a_page(new), NOW, 80) == []

    def test_the_most_urgent_is_first(self) -> None:
        new = a_credential("B", replaces=self.ROTATED.client_id)
        page = a_page(self.ROTATED, new, usage={self.ROTATED.client_id: refused()})
        assert [colour for _, colour in alerts(self.ROTATED, page, NOW, 80)] == [
            "$text-error",
            "$text-accent",
        ]


class TestFacts:
    def test_of_one_in_use(self) -> None:
        credential = a_credential(age=206)
        page = a_page(credential, usage={credential.client_id: some_use(tokens=2)})
        assert facts(credential, page, NOW) == [
            ("Secret", "206 days old, in use"),
            ("Last used", "an hour ago from 203.0.113.9, 2 tokens in 24 hours"),
        ]

    def test_of_one_whose_previous_secret_is_used(self) -> None:
        credential = TestAlerts.ROTATED
        page = a_page(credential, usage={credential.client_id: refused(1)})
        assert facts(credential, page, NOW) == [
            ("Secret", "1 day old, checked"),
            ("Last used", "not yet"),
            ("Beware", f"A client still uses the previous secret: 1 refused, {LAST}"),
        ]


@pytest.mark.parametrize(
    ("past", "told"),
    [
        (timedelta(minutes=6, seconds=59), "6 minutes ago"),
        (timedelta(minutes=59, seconds=59), "59 minutes ago"),
        (timedelta(hours=5, minutes=59), "5 hours ago"),
        (timedelta(hours=23, minutes=59), "23 hours ago"),
    ],
)
def test_the_time_since_a_use_is_rounded_down(past: timedelta, told: str) -> None:
    """It is so in the warning beside it, too."""
    assert ago(NOW - past, NOW) == told
