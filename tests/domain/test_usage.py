"""What is known of a credential's use."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from credtui.domain.usage import (
    MAX_CALLERS,
    Caller,
    PreviousSecretUse,
    Usage,
    hour_of,
    shut_out,
)

NOON = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


def used(at: datetime, address: str = "10.0.0.1", count: int = 1) -> Usage:
    return Usage(last_used_at=at, last_used_from=address, issued={hour_of(at): count})


def refused(generation: int, count: int, at: datetime, address: str) -> Usage:
    return Usage(
        previous_secret=PreviousSecretUse(
            generation=generation, count=count, last_at=at, last_from=address
        )
    )


def called(address: str, at: datetime = NOON, generation: int = 1, count: int = 1) -> Usage:
    issued = {hour_of(at): count}
    caller = Caller(address=address, generation=generation, last_at=at, issued=issued)
    return Usage(last_used_at=at, last_used_from=address, issued=issued, callers=(caller,))


def merge(batches: Iterable[Usage]) -> Usage:
    return reduce(Usage.merged, batches)


def sum_of_callers(usage: Usage) -> Counter[int]:
    return sum((Counter(caller.issued) for caller in usage.callers), Counter[int]())


def addresses(usage: Usage) -> list[str]:
    return [caller.address for caller in usage.callers]


ADDRESSES = st.one_of(
    st.integers(1, 12).map("192.0.2.{}".format), st.integers(1, 12).map("2001:db8::{:x}".format)
)


def uses_at(hours: st.SearchStrategy[int]) -> st.SearchStrategy[list[Usage]]:
    moments = hours.map(lambda number: NOON + timedelta(hours=number))
    use = st.builds(called, ADDRESSES, moments, st.integers(1, 3), st.integers(1, 3))
    return st.lists(use, min_size=1, max_size=30)


USES = uses_at(st.integers(-23, 0))
"""Uses within a day, in any order: the clocks of two processes differ."""

WRONG_USES = uses_at(st.integers(-100_000, 100_000))
"""Uses by clocks that are years apart."""


def test_merging_adds_counts_and_keeps_the_last_use() -> None:
    earlier = used(NOON - timedelta(hours=2), "10.0.0.1", 3)
    later = used(NOON, "10.0.0.2", 4)
    merged = earlier.merged(later)
    assert merged.last_used_at == NOON
    assert merged.last_used_from == "10.0.0.2"
    assert merged.issued_lately(NOON) == 7
    assert used(NOON).merged(used(NOON)).issued_lately(NOON) == 2


def test_hours_are_numbered_as_in_files_of_before() -> None:
    assert hour_of(NOON) == 492_324
    assert hour_of(NOON + timedelta(minutes=30)) == 492_325


def test_only_the_last_day_is_counted_and_kept() -> None:
    merged = used(NOON - timedelta(hours=23)).merged(used(NOON))
    assert merged.issued_lately(NOON) == 2
    merged = used(NOON - timedelta(hours=24)).merged(used(NOON))
    assert merged.issued_lately(NOON) == 1
    assert list(merged.issued) == [hour_of(NOON)]
    assert used(NOON).issued_lately(NOON + timedelta(days=2)) == 0


def test_each_hour_has_its_number_oldest_first() -> None:
    uses = [(24, 9), (23, 4), (1, 3), (0, 2), (-1, 9)]
    issued = {hour_of(NOON - timedelta(hours=ago)): count for ago, count in uses}
    usage = Usage(issued=issued)
    assert usage.issued_hourly(NOON) == (4, *[0] * 21, 3, 2)
    assert sum(usage.issued_hourly(NOON)) == usage.issued_lately(NOON)
    assert Usage().issued_hourly(NOON) == (0,) * 24


def test_a_clock_that_ran_ahead_counts_nothing_now() -> None:
    assert used(NOON + timedelta(hours=5)).issued_lately(NOON) == 0


def test_uses_of_the_previous_secret_add_up_within_a_generation() -> None:
    one = refused(2, 3, NOON, "10.0.0.1")
    other = refused(2, 4, NOON + timedelta(seconds=9), "10.0.0.2")
    assert one.merged(other).previous_secret == PreviousSecretUse(
        generation=2, count=7, last_at=NOON + timedelta(seconds=9), last_from="10.0.0.2"
    )


def test_a_rotation_begins_anew() -> None:
    before, after = refused(2, 9, NOON, "10.0.0.1"), refused(3, 1, NOON, "10.0.0.2")
    for merged in (before.merged(after), after.merged(before)):
        assert merged.previous_secret == after.previous_secret
    for merged in (before.merged(used(NOON)), used(NOON).merged(before)):
        assert merged.previous_secret == before.previous_secret


def test_what_was_counted_later_is_later_whatever_the_clock_said() -> None:
    ahead = used(NOON + timedelta(days=365), "10.0.0.1", 3)
    merged = ahead.merged(used(NOON, "10.0.0.2")).merged(used(NOON, "10.0.0.3"))
    assert (merged.last_used_at, merged.last_used_from) == (NOON, "10.0.0.3")
    assert merged.issued == {hour_of(NOON): 2}
    assert merged.merged(refused(1, 1, NOON, "10.0.0.4")).last_used_from == "10.0.0.3"
    assert merged.merged(ahead).issued == ahead.issued


def test_quiet_is_the_time_since_the_last_use() -> None:
    assert Usage().is_quiet(NOON)
    assert not used(NOON).is_quiet(NOON + timedelta(hours=23))
    assert used(NOON).is_quiet(NOON + timedelta(hours=24))
    assert not used(NOON).is_quiet(NOON - timedelta(hours=23))
    assert used(NOON).is_quiet(NOON - timedelta(hours=24))


class TestCallers:
    """The addresses that access tokens were issued to."""

    def test_a_caller_s_counts_add_up_and_the_last_use_is_kept(self) -> None:
        before = called("10.0.0.1", NOON - timedelta(hours=1), generation=1, count=3)
        merged = before.merged(called("10.0.0.1", NOON, generation=2, count=4))
        assert merged.callers == (
            Caller(
                address="10.0.0.1",
                generation=2,
                last_at=NOON,
                issued={hour_of(NOON) - 1: 3, hour_of(NOON): 4},
            ),
        )

    def test_the_caller_that_was_used_last_comes_last(self) -> None:
        assert addresses(called("a").merged(called("b"))) == ["a", "b"]
        assert addresses(called("a").merged(called("b")).merged(called("a"))) == ["b", "a"]

    def test_the_least_recently_used_goes_first_and_its_tokens_stay_in_the_total(self) -> None:
        usage = merge(called(f"10.0.0.{number}") for number in range(MAX_CALLERS))
        usage = merge((usage, called("10.0.0.0"), called("10.0.0.99")))
        assert addresses(usage) == [f"10.0.0.{number}" for number in (*range(2, 8), 0, 99)]
        assert usage.issued_lately(NOON) == MAX_CALLERS + 2

    def test_a_client_that_changes_its_address_in_a_network_pushes_out_no_other(self) -> None:
        usage = merge((called("192.0.2.1"), called("2001:db8:0:1::1"), called("192.0.2.2")))
        usage = merge((usage, *(called(f"2001:db8::{number:x}") for number in range(1, 40))))
        assert addresses(usage) == [
            *("192.0.2.1", "2001:db8:0:1::1", "192.0.2.2"),
            *(f"2001:db8::{number:x}" for number in range(35, 40)),
        ]
        usage = merge((usage, *(called(f"192.0.2.{number}") for number in range(3, 7))))
        assert addresses(usage) == [
            *("192.0.2.1", "2001:db8:0:1::1", "192.0.2.2", "2001:db8::27"),
            *(f"192.0.2.{number}" for number in range(3, 7)),
        ]

    def test_only_the_last_day_is_counted(self) -> None:
        usage = called("10.0.0.1", NOON - timedelta(hours=24)).merged(called("10.0.0.2"))
        assert [caller.issued for caller in usage.callers] == [{}, {hour_of(NOON): 1}]

    def test_use_of_a_generation(self) -> None:
        usage = called("10.0.0.1", NOON, generation=2)
        assert usage.used_since(2, NOON - timedelta(seconds=1))
        assert not usage.used_since(2, NOON)
        assert not usage.used_since(1, NOON - timedelta(seconds=1))
        assert not usage.used_since(3, NOON - timedelta(seconds=1))
        assert not Usage().used_since(1, NOON)
        assert not used(NOON).used_since(1, NOON - timedelta(days=1))

    def test_use_of_a_generation_is_not_forgotten_when_there_are_many_callers(self) -> None:
        usage = merge(
            called(f"10.0.0.{number}", NOON + timedelta(seconds=number)) for number in range(20)
        )
        last = NOON + timedelta(seconds=19)
        assert usage.used_since(1, last - timedelta(microseconds=1))
        days_later = last + timedelta(days=3)
        usage = usage.merged(called("10.0.1.1", days_later, generation=2))
        assert usage.used_since(1, last - timedelta(microseconds=1))
        assert usage.used_since(2, last)

    def test_a_batch_that_comes_late_hides_no_later_generation(self) -> None:
        """A process wrote its uses of the previous secret after another wrote those of the new."""
        late = NOON - timedelta(milliseconds=200)
        new = called("10.0.0.1", NOON, generation=2)
        assert new.merged(called("10.0.0.2", late, generation=1)).used_since(2, late)

    @given(uses=USES, first=st.integers(1, 29))
    def test_batches_change_nothing(self, uses: list[Usage], first: int) -> None:
        one_by_one = merge(uses)
        in_batches = merge(merge(batch) for batch in (uses[:first], uses[first:]) if batch)
        assert [(caller.address, caller.last_at) for caller in in_batches.callers] == [
            (caller.address, caller.last_at) for caller in one_by_one.callers
        ]
        assert in_batches.issued == one_by_one.issued

    @given(mine=USES, others=USES)
    def test_counts_are_the_same_whichever_process_writes_first(
        self, mine: list[Usage], others: list[Usage]
    ) -> None:
        one = merge((merge(mine), merge(others)))
        other = merge((merge(others), merge(mine)))
        assert one.issued == other.issued
        if len({use.last_used_from for use in (*mine, *others)}) <= MAX_CALLERS:
            assert {caller.address: caller.issued for caller in one.callers} == {
                caller.address: caller.issued for caller in other.callers
            }
            assert sum_of_callers(one) == one.issued

    @given(uses=st.one_of(USES, WRONG_USES))
    def test_callers_are_few_and_agree_with_the_rest(self, uses: list[Usage]) -> None:
        usage = merge(uses)
        assert len(usage.callers) <= MAX_CALLERS
        last = usage.callers[-1]
        assert (last.address, last.last_at) == (usage.last_used_from, usage.last_used_at)
        assert sum_of_callers(usage) <= Counter(usage.issued)
        assert usage.used_since(last.generation, last.last_at - timedelta.resolution)

    def test_the_callers_of_the_last_day_newest_first(self) -> None:
        usage = merge(
            (
                called("10.0.0.1", NOON - timedelta(hours=24)),
                called("10.0.0.2", NOON - timedelta(hours=23), count=5),
                called("10.0.0.3", NOON - timedelta(hours=1)),
                called("10.0.0.2", NOON - timedelta(minutes=1), count=2),
            )
        )
        lately = usage.callers_lately(NOON)
        assert [(caller.address, caller.issued_lately(NOON)) for caller in lately] == [
            ("10.0.0.2", 7),
            ("10.0.0.3", 1),
        ]
        an_hour_later = usage.callers_lately(NOON + timedelta(hours=1))
        assert [caller.issued_lately(NOON + timedelta(hours=1)) for caller in an_hour_later] == [
            2,
            1,
        ]
        assert usage.callers_lately(NOON + timedelta(days=1)) == ()
        assert usage.callers_lately(NOON - timedelta(days=1)) == ()

    def test_which_would_be_shut_out_by_networks(self) -> None:
        usage = merge(
            map(called, ("192.0.2.7", "198.51.100.1", "2001:db8::1", "2001:db8::2", "unknown"))
        )

        def shut_out_by(*networks: str) -> list[str]:
            return [caller.address for caller in shut_out(usage.callers, networks)]

        assert shut_out_by() == []
        assert shut_out_by("0.0.0.0/0", "::/0") == ["unknown"]
        assert shut_out_by("192.0.2.0/24", "2001:db8::1/128") == [
            *("198.51.100.1", "2001:db8::2", "unknown")
        ]
        assert shut_out_by("::ffff:192.0.2.0/120", "2001:db8::/32", "198.51.100.2/32") == [
            *("198.51.100.1", "unknown")
        ]
        assert shut_out((), ["192.0.2.0/24"]) == ()
