"""The rows of a card that are drawn as charts."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credtui.domain.usage import Usage, hour_of
from credtui.tui.marks import ASCII, UNICODE
from credtui.tui.meters import age_meter, tokens_meter
from tests.tui.test_summaries import NOW, PERIOD, a_credential, some_use

NARROWEST = 36
"""Cells of a row at 60 columns, beside a scrollbar."""

widths = st.integers(NARROWEST, 120)


class TestAge:
    @pytest.mark.parametrize(
        ("days", "width", "row"),
        [
            (34, 56, "Age     #######.............  34 of 90 days - due 19 Jan"),
            (206, 56, "Age     ####################  206 of 90 days - overdue"),
            (206, 73, f"Age     {'#' * 24}  206 of 90 days - overdue since 31 Jul"),
            (34, 38, "Age     ###.....  34 of 90 days"),
            (0, 38, "Age     ........  0 of 90 days"),
        ],
    )
    def test_rows(self, days: int, width: int, row: str) -> None:
        assert age_meter(a_credential(age=days), NOW, PERIOD, width, ASCII).plain == row

    @pytest.mark.parametrize(
        ("days", "colours"),
        [(34, {"$text-accent"}), (80, {"$text-warning"}), (206, {"$text-warning"})],
    )
    def test_what_is_due_has_a_colour(self, days: int, colours: set[str]) -> None:
        row = age_meter(a_credential(age=days), NOW, PERIOD, 56, UNICODE)
        used = {str(span.style) for span in row.spans if span.style}
        assert used - {"$text-muted"} == colours

    @given(days=st.integers(0, 99_999), period=st.integers(1, 3650), width=widths)
    def test_nothing_is_cut(self, days: int, period: int, width: int) -> None:
        row = age_meter(a_credential(age=days), NOW, timedelta(period), width, UNICODE)
        assert f"{days} of {period} day" in row.plain
        assert row.cell_length <= width

    @given(one=st.integers(0, 999), other=st.integers(0, 999), width=widths)
    def test_bars_are_as_long_as_each_other(self, one: int, other: int, width: int) -> None:
        rows = (
            age_meter(a_credential(age=age), NOW, PERIOD, width, ASCII).plain
            for age in (one, other)
        )
        assert len({row.rindex(" ", 0, row.index(" of")) for row in rows}) == 1


class TestTokens:
    @pytest.mark.parametrize(
        ("usage", "width", "row"),
        [
            (None, 56, f"Tokens  {'_' * 24}  Not used yet"),
            (some_use(tokens=412), 56, f"Tokens  {'_' * 22}#_  412 - last an hour ago"),
            (some_use(timedelta(days=3)), 56, f"Tokens  {'_' * 24}  0 - last 3 days ago"),
            (some_use(tokens=412), 38, "Tokens  412 - last an hour ago"),
        ],
    )
    def test_rows(self, usage: Usage | None, width: int, row: str) -> None:
        assert tokens_meter(usage, NOW, width, ASCII).plain == row

    @given(
        counts=st.lists(st.integers(0, 10**7), min_size=24, max_size=24),
        ago=st.integers(0, 10**6),
        address=st.sampled_from(["203.0.113.9", "2001:db8:1111:2222:3333:4444:5555:6666"]),
        width=widths,
    )
    def test_nothing_is_cut_and_the_total_is_shown(
        self, counts: list[int], ago: int, address: str, width: int
    ) -> None:
        usage = Usage(
            last_used_at=NOW - timedelta(minutes=ago),
            last_used_from=address,
            issued={hour_of(NOW) - hour: count for hour, count in enumerate(counts)},
        )
        row = tokens_meter(usage, NOW, width, UNICODE)
        assert row.cell_length <= width
        assert f"  {sum(counts):,}" in row.plain
