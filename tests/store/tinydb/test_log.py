from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from credtui.domain.audit import FIRST_PREVIOUS, Action, AuditEvent
from credtui.domain.errors import AuditTamperedError
from credtui.store.tinydb.log import AuditLog
from tests.support import ALICE, START

BLOCK = 1 << 16


def chain(lengths: Sequence[int]) -> list[AuditEvent]:
    """Return events whose lines have at least these lengths in bytes."""
    events: list[AuditEvent] = []
    for number, length in enumerate(lengths, start=1):
        events.append(
            AuditEvent(
                number=number,
                at=START,
                actor=ALICE,
                action=Action.VIEW,
                detail="\u00e9" * (length // 2),
                previous=events[-1].hash if events else FIRST_PREVIOUS,
            ).sealed()
        )
    return events


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log"


def written(path: Path, events: Sequence[AuditEvent]) -> AuditLog:
    path.unlink(missing_ok=True)
    log = AuditLog(path)
    log.append(events)
    return log


def test_no_file_is_no_events(path: Path) -> None:
    log = AuditLog(path)
    assert list(log.newest_first()) == []
    log.catch_up([])
    assert not path.exists()


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 2 * BLOCK), max_size=6), st.integers(0, 300))
def test_the_lines_lengths_do_not_matter(path: Path, lengths: list[int], torn: int) -> None:
    events = chain(lengths)
    log = written(path, events)
    with path.open("ab") as file:
        file.write(b"x" * torn)
    assert list(log.newest_first()) == events[::-1]
    for before in range(1, len(events) + 2):
        assert list(log.newest_first(before)) == events[: before - 1][::-1]


@pytest.mark.parametrize("shift", range(-3, 4))
def test_a_line_break_at_the_edge_of_a_block(path: Path, shift: int) -> None:
    bare, _ = (len(event.model_dump_json()) + 1 for event in chain([0, 0]))
    log = written(path, chain([100, BLOCK - bare + 2 * shift]))
    last_line = path.read_bytes().splitlines(keepends=True)[-1]
    assert len(last_line) - BLOCK in {2 * shift, 2 * shift + 1, 2 * shift - 1}
    assert [event.number for event in log.newest_first()] == [2, 1]


@pytest.mark.parametrize("torn", [1, 100, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK])
@pytest.mark.parametrize("zeroed", [False, True])
def test_a_torn_line_is_passed_over_and_then_mended(path: Path, torn: int, zeroed: bool) -> None:
    *kept, last = chain([10, BLOCK, 4 * BLOCK])
    log = written(path, kept)
    whole = path.read_bytes()
    line = last.model_dump_json().encode() + b"\n"
    with path.open("ab") as file:
        file.write(bytes(torn) if zeroed else line[:torn])
    for before in (None, 3, 4):
        assert list(log.newest_first(before)) == kept[::-1]
    log.catch_up([last])
    assert path.read_bytes() == whole + line
    assert list(log.newest_first()) == [last, *kept[::-1]]


def test_nothing_but_a_torn_line(path: Path) -> None:
    events = chain([2 * BLOCK])
    path.write_bytes(events[0].model_dump_json().encode()[: BLOCK + 10])
    log = AuditLog(path)
    assert list(log.newest_first()) == []
    log.catch_up(events)
    assert list(log.newest_first()) == events


def test_a_line_like_a_torn_one_but_different_is_left_alone(path: Path) -> None:
    log = written(path, chain([10]))
    with path.open("ab") as file:
        file.write(b"{" * 10)
    before = path.read_bytes()
    with pytest.raises(AuditTamperedError, match="lacks events, was edited"):
        log.catch_up(chain([10, 10])[1:])
    assert path.read_bytes() == before


@pytest.mark.parametrize("logged", range(6))
def test_catching_up_adds_what_is_missing_only(path: Path, logged: int) -> None:
    events = chain([10] * 5)
    log = written(path, events[:logged])
    if logged < 2:
        with pytest.raises(AuditTamperedError, match="lacks events"):
            log.catch_up(events[2:])
        assert list(log.newest_first()) == events[:logged][::-1]
        return
    for _ in range(2):
        log.catch_up(events[2:])
        assert list(log.newest_first()) == events[::-1]


def test_catching_up_from_nothing(path: Path) -> None:
    events = chain([10] * 3)
    AuditLog(path).catch_up(events)
    assert list(AuditLog(path).newest_first()) == events[::-1]


def test_catching_up_refuses_another_chain_s_events(path: Path) -> None:
    log = written(path, chain([10, 10]))
    for other in (chain([12, 10, 10])[2:], chain([12, 10]), chain([10])):
        with pytest.raises(AuditTamperedError, match="lacks events, was edited, or was restored"):
            log.catch_up(other)
