"""Sentences that warn of what a change would cost clients."""

from datetime import UTC, datetime, timedelta
from functools import reduce

import pytest

from credtui.domain.models import Credential
from credtui.domain.page import Page
from credtui.domain.permissions import Permission
from credtui.domain.usage import Caller, Usage, hour_of
from credtui.domain.warnings import loses_access, shuts_out, used_today

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
MINUTE, AN_HOUR, A_DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MOMENT = timedelta.resolution

GATEWAY = Credential(
    client_id="cid_" + "A" * 16, name="Payout gateway", created_at=NOW - 99 * A_DAY
)
BATCH = Credential(client_id="cid_" + "B" * 16, name="Reporting batch", created_at=NOW - 99 * A_DAY)


def called(*uses: tuple[str, timedelta]) -> Usage:
    """Uses from addresses, so long ago, the last one last."""

    def one(address: str, ago: timedelta) -> Usage:
        at = NOW - ago
        issued = {hour_of(at): 1}
        caller = Caller(address=address, generation=1, last_at=at, issued=issued)
        return Usage(last_used_at=at, last_used_from=address, issued=issued, callers=(caller,))

    return reduce(Usage.merged, (one(*use) for use in uses))


def a_page(gateway: Usage | None = None, batch: Usage | None = None, *networks: str) -> Page:
    usage = {GATEWAY.client_id: gateway, BATCH.client_id: batch}
    return Page(
        permission=Permission.CAN_EDIT,
        credentials=(GATEWAY, BATCH),
        networks=networks,
        usage={client_id: used for client_id, used in usage.items() if used},
    )


class TestLosesAccess:
    @pytest.mark.parametrize(
        ("uses", "expected"),
        [
            (
                [("203.0.113.9", 12 * MINUTE)],
                "Used 12 minutes ago from 203.0.113.9: that client loses access at once.",
            ),
            (
                [("203.0.113.1", 40 * MINUTE), ("203.0.113.9", MINUTE)],
                "Used a minute ago from 203.0.113.9 and 1 other address: they lose access at once.",
            ),
            (
                [(f"203.0.113.{ago}", ago * MINUTE) for ago in (90, 70, 60, 30, 0)],
                "Used just now from 203.0.113.0 and 2 other addresses: they lose access at once.",
            ),
            (
                [(f"203.0.113.{ago}", ago * MINUTE) for ago in range(9, 0, -1)],
                (
                    "Used a minute ago from 203.0.113.1 and 7 or more other addresses: "
                    "they lose access at once."
                ),
            ),
            (
                [("unknown", AN_HOUR)],
                "Used an hour ago from an unknown address: that client loses access at once.",
            ),
            (
                [("203.0.113.9", -2 * MINUTE)],
                "Used just now from 203.0.113.9: that client loses access at once.",
            ),
            ([("203.0.113.9", AN_HOUR + MOMENT)], None),
            ([("203.0.113.9", -A_DAY)], None),
        ],
    )
    def test_who_used_it_within_the_hour(
        self, uses: list[tuple[str, timedelta]], expected: str | None
    ) -> None:
        assert loses_access(a_page(called(*uses)), GATEWAY, NOW) == expected

    def test_nobody(self) -> None:
        assert loses_access(a_page(), GATEWAY, NOW) is None
        assert loses_access(a_page(Usage()), GATEWAY, NOW) is None
        assert loses_access(a_page(batch=called(("192.0.2.1", MINUTE))), GATEWAY, NOW) is None

    def test_who_has_not_come_since_a_rotation_has_lost_access_already(self) -> None:
        rotated = GATEWAY.model_copy(update={"rotated_at": NOW - 10 * MINUTE, "generation": 2})
        before = called(("192.0.2.1", 20 * MINUTE))
        assert loses_access(a_page(before), rotated, NOW) is None
        since = before.merged(called(("192.0.2.2", 5 * MINUTE)))
        assert loses_access(a_page(since), rotated, NOW) == (
            "Used 5 minutes ago from 192.0.2.2: that client loses access at once."
        )

    def test_usage_of_an_earlier_version_has_one_address(self) -> None:
        usage = Usage(last_used_at=NOW, last_used_from="192.0.2.1")
        assert loses_access(a_page(usage), GATEWAY, NOW) == (
            "Used just now from 192.0.2.1: that client loses access at once."
        )


@pytest.mark.parametrize(
    ("ago", "expected"), [(MINUTE, True), (A_DAY - MOMENT, True), (A_DAY, False), (-A_DAY, False)]
)
def test_used_today(ago: timedelta, *, expected: bool) -> None:
    page = a_page(called(("192.0.2.1", ago)))
    assert used_today(page, GATEWAY, NOW) is expected
    assert not used_today(page, BATCH, NOW)
    rotated = GATEWAY.model_copy(update={"rotated_at": NOW, "generation": 2})
    assert not used_today(page, rotated, NOW)


class TestShutsOut:
    def test_one_address(self) -> None:
        page = a_page(called(("192.0.2.1", MINUTE), ("203.0.113.44", 2 * AN_HOUR)))
        assert shuts_out(page, ["192.0.2.0/24"], NOW) == (
            "This would shut out 203.0.113.44, which used Payout gateway 2 hours ago."
        )

    def test_an_unknown_address(self) -> None:
        page = a_page(batch=called(("unknown", 20 * MINUTE)))
        assert shuts_out(page, ["0.0.0.0/0", "::/0"], NOW) == (
            "This would shut out an unknown address, which used Reporting batch 20 minutes ago."
        )

    def test_several_of_all_credentials_the_last_first(self) -> None:
        page = a_page(
            called(("203.0.113.1", 3 * AN_HOUR), ("203.0.113.2", 2 * AN_HOUR)),
            called(("203.0.113.3", 4 * AN_HOUR), ("203.0.113.1", 5 * MINUTE)),
        )
        assert shuts_out(page, ["203.0.113.3"], NOW) == (
            "This would shut out 2 addresses: 203.0.113.1 (Reporting batch, 5 minutes ago) and "
            "203.0.113.2 (Payout gateway, 2 hours ago)."
        )

    def test_some_are_counted(self) -> None:
        page = a_page(called(*((f"192.0.2.{ago}", ago * AN_HOUR) for ago in range(8, 0, -1))))
        assert shuts_out(page, ["203.0.113.0/24"], NOW) == (
            "This would shut out 8 addresses: 192.0.2.1 (Payout gateway, an hour ago), "
            "192.0.2.2 (Payout gateway, 2 hours ago), 192.0.2.3 (Payout gateway, 3 hours ago) "
            "and 5 more."
        )

    def test_none(self) -> None:
        page = a_page(called(("192.0.2.1", MINUTE)), called(("203.0.113.1", 2 * A_DAY)))
        assert shuts_out(page, [], NOW) is None
        assert shuts_out(page, ["192.0.2.0/24"], NOW) is None

    def test_an_address_that_is_shut_out_already_does_not_count(self) -> None:
        page = a_page(called(("192.0.2.1", AN_HOUR)), None, "203.0.113.0/24")
        assert shuts_out(page, ["203.0.113.0/28"], NOW) is None
