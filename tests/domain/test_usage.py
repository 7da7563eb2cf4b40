"""What is known of a credential's use."""

from datetime import UTC, datetime, timedelta

from credtui.domain.usage import PreviousSecretUse, Usage, hour_of

NOON = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


def used(at: datetime, address: str = "10.0.0.1", count: int = 1) -> Usage:
    return Usage(last_used_at=at, last_used_from=address, issued={hour_of(at): count})


def refused(generation: int, count: int, at: datetime, address: str) -> Usage:
    return Usage(
        previous_secret=PreviousSecretUse(
            generation=generation, count=count, last_at=at, last_from=address
        )
    )


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
