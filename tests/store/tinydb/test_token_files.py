"""Usage, revoked access tokens, and the key that signs them."""

import asyncio
import json
import os
import secrets
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credtui.domain.errors import StoreCorruptError, StoreError
from credtui.domain.place import Place
from credtui.domain.usage import MAX_CALLERS, Caller, PreviousSecretUse, Usage, hour_of
from credtui.store.spans import join_spans
from credtui.store.tinydb.lock import locked
from credtui.store.tinydb.store import TinyDBStore
from tests.support import Watch

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ACME = Place("uat", "acme")
CLIENT_ID = "cid_" + "a" * 16


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def store(folder: Path) -> TinyDBStore:
    return TinyDBStore(folder)


def used(at: datetime, count: int = 1) -> Usage:
    return Usage(last_used_at=at, last_used_from="10.0.0.5", issued={hour_of(at): count})


def hour_of_expiry(at: datetime) -> str:
    return str(int(at.timestamp()) // 3600)


def tokens_kept(folder: Path) -> set[str]:
    """The revoked tokens that have a file."""
    return {path.name.partition(".")[2] for path in (folder / "uat" / ".revoked").rglob("*.*")} - {
        "lock"
    }


def called(address: str) -> Usage:
    issued = {hour_of(NOON): 1}
    caller = Caller(address=address, generation=2, last_at=NOON, issued=issued)
    return Usage(last_used_at=NOON, last_used_from=address, issued=issued, callers=(caller,))


def put_usage(folder: Path, content: str) -> None:
    path = folder / "uat" / ".usage" / "acme.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode(errors="surrogateescape"))


def test_usage_comes_back_as_it_was_added(store: TinyDBStore) -> None:
    usage = Usage(
        last_used_at=NOON,
        last_used_from="10.0.0.5",
        issued={hour_of(NOON): 3},
        previous_secret=PreviousSecretUse(generation=2, count=1, last_at=NOON, last_from="::1"),
    )
    assert store.usage(ACME) == {}
    store.add_usage(ACME, {CLIENT_ID: usage})
    assert store.usage(ACME) == {CLIENT_ID: usage}
    assert store.usage(Place("uat", "globex")) == {}


def test_usage_added_by_many_threads_adds_up(folder: Path) -> None:
    def add(number: int) -> None:
        for turn in range(10):
            TinyDBStore(folder).add_usage(ACME, {CLIENT_ID: called(f"10.0.{number}.{turn}")})

    threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    usage = TinyDBStore(folder).usage(ACME)[CLIENT_ID]
    assert usage.issued_lately(NOON) == 40
    assert len(usage.callers_lately(NOON)) == MAX_CALLERS


def test_adding_does_not_wait_for_an_operator(store: TinyDBStore, folder: Path) -> None:
    (folder / "uat").mkdir(parents=True)
    with locked(folder / "uat" / "acme.lock"):
        store.add_usage(ACME, {CLIENT_ID: used(NOON)})
    assert CLIENT_ID in store.usage(ACME)


def test_adding_is_noticed(store: TinyDBStore) -> None:
    watch = Watch(lambda: store.version(ACME))
    assert not watch.changed()
    for turn in range(3):
        store.add_usage(ACME, {CLIENT_ID: used(NOON, turn)})
        assert watch.changed()
        assert not watch.changed()


def test_usage_of_credentials_long_gone_is_dropped(store: TinyDBStore) -> None:
    for number in range(30):
        store.add_usage(ACME, {f"cid_{number:016}": used(NOON)})
    assert list(store.usage(ACME)) == [f"cid_{number:016}" for number in range(10, 30)]


@pytest.mark.parametrize(
    "content",
    [
        *("", "{", "[]", '{"cid": 3}', pytest.param("[" * 100_000, id="nested"), "\udcff"),
        *(f'{{"cid": {{"callers": {callers}}}}}' for callers in ("3", "[3]", "[{}]", '{"a": 1}')),
        pytest.param('{"cid": {"issued": {"1": ' + "9" * 5000 + "}}}", id="huge"),
    ],
)
def test_damaged_usage_is_forgotten(store: TinyDBStore, folder: Path, content: str) -> None:
    store.add_usage(ACME, {CLIENT_ID: used(NOON)})
    put_usage(folder, content)
    assert store.usage(ACME) == {}
    store.add_usage(ACME, {CLIENT_ID: used(NOON)})
    assert store.usage(ACME)[CLIENT_ID].issued_lately(NOON) == 1


BEFORE_CALLERS = """{"cid_aaaaaaaaaaaaaaaa": {
    "last_used_at": "2026-03-01T12:00:00Z",
    "last_used_from": "10.0.0.5",
    "issued": {"492324": 3},
    "previous_secret": null
}}"""
"""A file of a version that kept one address."""


def test_a_file_without_callers_is_read_and_added_to(store: TinyDBStore, folder: Path) -> None:
    put_usage(folder, BEFORE_CALLERS)
    assert store.usage(ACME) == {CLIENT_ID: used(NOON, 3)}
    store.add_usage(ACME, {CLIENT_ID: called("10.0.0.6")})
    usage = store.usage(ACME)[CLIENT_ID]
    assert usage == used(NOON, 3).merged(called("10.0.0.6"))
    assert (usage.issued_lately(NOON), len(usage.callers_lately(NOON))) == (4, 1)


def test_what_a_later_version_keeps_of_callers_is_passed_over(
    store: TinyDBStore, folder: Path
) -> None:
    store.add_usage(ACME, {CLIENT_ID: called("10.0.0.5")})
    documents = json.loads((folder / "uat" / ".usage" / "acme.json").read_text())
    (caller,) = documents[CLIENT_ID]["callers"]
    documents[CLIENT_ID]["callers"] = [
        {**caller, "address": f"10.0.0.{number}", "user_agent": "x"} for number in range(20)
    ]
    put_usage(folder, json.dumps(documents))
    callers = [f"10.0.0.{number}" for number in range(12, 20)]
    usage = store.usage(ACME)[CLIENT_ID]
    assert [caller.address for caller in usage.callers] == callers
    store.add_usage(ACME, {CLIENT_ID: called("10.0.0.99")})
    usage = store.usage(ACME)[CLIENT_ID]
    assert [caller.address for caller in usage.callers] == [*callers[1:], "10.0.0.99"]


def test_a_store_whose_disk_was_taken_away_is_no_empty_one(
    store: TinyDBStore, folder: Path
) -> None:
    assert asyncio.run(store.find_client("uat", CLIENT_ID)) is None
    folder.rmdir()
    with pytest.raises(StoreError, match=r"The folder .* is not there"):
        asyncio.run(store.find_client("uat", CLIENT_ID))
    with pytest.raises(StoreError, match=r"The folder .* is not there"):
        store.add_usage(ACME, {CLIENT_ID: used(NOON)})
    assert not folder.exists()


def test_usage_is_for_its_owner_alone(store: TinyDBStore, folder: Path) -> None:
    store.add_usage(ACME, {CLIENT_ID: used(NOON)})
    assert (folder / "uat" / ".usage" / "acme.json").stat().st_mode & 0o777 == 0o600


def test_in_a_shared_folder_everything_is_the_groups(store: TinyDBStore, folder: Path) -> None:
    folder.chmod(0o2770)
    store.add_usage(ACME, {CLIENT_ID: used(NOON)})
    store.revoke("uat", "one", NOON)
    store.revoke("uat", "other", NOON + timedelta(hours=2))
    store.sweep_revocations("uat", NOON + timedelta(hours=1))
    store.token_key(secrets.token_bytes)
    modes = {
        path.relative_to(folder).as_posix(): path.stat().st_mode & 0o7777
        for path in folder.rglob("*")
    }
    assert {mode for path, mode in modes.items() if (folder / path).is_dir()} == {0o2770}
    assert {mode for path, mode in modes.items() if (folder / path).is_file()} == {0o660}


def test_everyone_gets_the_same_key(folder: Path) -> None:
    keys: list[bytes] = []
    threads = [
        threading.Thread(
            target=lambda: keys.append(TinyDBStore(folder).token_key(secrets.token_bytes))
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8
    assert len(set(keys)) == 1
    assert len(keys[0]) == 32
    assert (folder / "token.key").stat().st_mode & 0o777 == 0o600


def test_the_key_is_made_in_a_folder_for_its_owner_alone(folder: Path) -> None:
    TinyDBStore(folder / "new").token_key(secrets.token_bytes)
    assert (folder / "new").stat().st_mode & 0o777 == 0o700


def test_a_damaged_key_is_refused(store: TinyDBStore, folder: Path) -> None:
    store.token_key(secrets.token_bytes)
    (folder / "token.key").write_bytes(b"short")
    with pytest.raises(StoreCorruptError, match=r"token\.key"):
        store.token_key(secrets.token_bytes)


def test_a_revocation_is_for_its_owner_alone(store: TinyDBStore, folder: Path) -> None:
    store.revoke("uat", "one", NOON)
    (hour,) = (folder / "uat" / ".revoked").iterdir()
    (revocation,) = hour.iterdir()
    assert hour.stat().st_mode & 0o777 == 0o700
    assert revocation.stat().st_mode & 0o777 == 0o600


def test_expired_revocations_are_swept(store: TinyDBStore, folder: Path) -> None:
    store.revoke("uat", "one", NOON + timedelta(hours=1))
    store.revoke("uat", "two", NOON + timedelta(hours=4))
    store.sweep_revocations("uat", NOON + timedelta(hours=2))
    assert tokens_kept(folder) == {"two"}
    assert {path.name for path in (folder / "uat" / ".revoked").iterdir()} == {
        "swept",
        "sweep.lock",
        hour_of_expiry(NOON + timedelta(hours=4)),
    }


def test_an_hour_is_swept_when_it_is_over(store: TinyDBStore, folder: Path) -> None:
    store.revoke("uat", "first", NOON)
    store.revoke("uat", "last", NOON + timedelta(seconds=3599))
    store.revoke("uat", "next", NOON + timedelta(seconds=3600))
    store.sweep_revocations("uat", NOON + timedelta(seconds=3599.9))
    assert tokens_kept(folder) == {"first", "last", "next"}
    store.sweep_revocations("uat", NOON + timedelta(hours=1))
    assert tokens_kept(folder) == {"next"}


@pytest.mark.parametrize("do", ["revoke", "look up", "sweep"])
async def test_nothing_lists_what_has_not_expired(
    store: TinyDBStore, folder: Path, do: str
) -> None:
    """So the cost doesn't grow with the number of revoked tokens."""
    store.revoke("uat", "one", NOON + timedelta(hours=2))
    store.revoke("uat", "expired", NOON)
    hour = folder / "uat" / ".revoked" / hour_of_expiry(NOON + timedelta(hours=2))
    before = hour.stat().st_atime_ns
    os.utime(hour, ns=(before - 10**15, before))  # listing the folder would renew this
    set_back = hour.stat().st_atime_ns
    if do == "revoke":
        store.revoke("uat", "two", NOON + timedelta(hours=2))
    elif do == "look up":
        assert await store.is_revoked("uat", "one", NOON + timedelta(hours=2))
        assert not await store.is_revoked("uat", "two", NOON + timedelta(hours=2))
    else:
        store.sweep_revocations("uat", NOON + timedelta(hours=1))
    assert hour.stat().st_atime_ns == set_back
    list(hour.iterdir())
    assert hour.stat().st_atime_ns != set_back


async def test_revocations_of_earlier_versions_count_and_are_swept(
    store: TinyDBStore, folder: Path
) -> None:
    """They are all in one folder."""
    revoked = folder / "uat" / ".revoked"
    revoked.mkdir(parents=True)
    early, late = NOON, NOON + timedelta(hours=4)
    (revoked / f"{int(early.timestamp())}.early").touch()
    (revoked / f"{int(late.timestamp())}.late").touch()
    for now in (NOON, NOON + timedelta(seconds=1), NOON + timedelta(hours=5)):
        store.sweep_revocations("uat", now)
        assert await store.is_revoked("uat", "early", early)
        assert await store.is_revoked("uat", "late", late)
        assert not await store.is_revoked("uat", "other", late - timedelta(seconds=1))
    assert tokens_kept(folder) == set()


def test_processes_that_revoke_and_sweep_at_once_lose_nothing(folder: Path) -> None:
    """One has a clock that is ahead, and sweeps away the folders that others write into."""
    over = threading.Event()

    def sweep() -> None:
        while not over.is_set():
            TinyDBStore(folder).sweep_revocations("uat", NOON + timedelta(days=1))
            time.sleep(0.02)

    sweepers = [threading.Thread(target=sweep) for _ in range(2)]
    for sweeper in sweepers:
        sweeper.start()
    try:
        revoked = [(f"token{n}", NOON + timedelta(minutes=n)) for n in range(200)]
        for token, expiry in revoked:
            TinyDBStore(folder).revoke("uat", token, expiry)
    finally:
        over.set()
        for sweeper in sweepers:
            sweeper.join()
    reader = TinyDBStore(folder)
    for token, expiry in revoked:
        assert asyncio.run(reader.is_revoked("uat", token, expiry)), token


def test_files_that_are_no_revocations_are_not_swept(store: TinyDBStore, folder: Path) -> None:
    store.revoke("uat", "one", NOON)
    strange = {"notes", ".1.x", "-1.x"}
    revoked = folder / "uat" / ".revoked"
    places = {revoked / name for name in (*strange, "1")}
    places |= {revoked / hour_of_expiry(NOON) / name for name in (*strange, "1")}
    for place in places:
        place.touch()
    store.sweep_revocations("uat", NOON + timedelta(hours=1))
    kept = {path for path in revoked.rglob("*") if path.is_file()}
    assert kept == {*places, revoked / "swept", revoked / "sweep.lock"}


async def test_revocations_that_can_not_be_read_are_not_taken_for_none(
    store: TinyDBStore, folder: Path
) -> None:
    revoked = folder / "uat" / ".revoked"
    revoked.parent.mkdir()
    # Not even root can follow a link to itself.
    revoked.symlink_to(revoked.name)
    with pytest.raises(StoreError, match="too many levels of symbolic links"):
        await store.is_revoked("uat", "one", NOON)
    with pytest.raises(StoreError, match="too many levels of symbolic links"):
        store.sweep_revocations("uat", NOON)
    revoked.unlink()
    revoked.write_text("in the way")
    with pytest.raises(StoreError, match="not a directory"):
        await store.is_revoked("uat", "one", NOON)
    with pytest.raises(StoreError, match="not a directory"):
        store.sweep_revocations("uat", NOON)


def test_a_revocation_that_can_not_be_kept_fails(store: TinyDBStore, folder: Path) -> None:
    (folder / "uat").mkdir(parents=True)
    (folder / "uat" / ".revoked").write_text("in the way")
    with pytest.raises(StoreError):
        store.revoke("uat", "one", NOON)


@pytest.mark.parametrize("token", ["", "../x", "a/b", "\0", "x" * 65])
async def test_an_identity_is_never_a_path(store: TinyDBStore, token: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        await store.is_revoked("uat", token, NOON)


@pytest.mark.parametrize("content", ["", "{", "[1]", "[[1]]", '[["x", 2]]', "[" * 100_000])
async def test_damaged_notes_of_a_sweep_are_refused(
    store: TinyDBStore, folder: Path, content: str
) -> None:
    store.revoke("uat", "one", NOON)
    store.sweep_revocations("uat", NOON + timedelta(hours=2))
    (folder / "uat" / ".revoked" / "swept").write_text(content)
    with pytest.raises(StoreCorruptError, match=r"swept is damaged"):
        await store.is_revoked("uat", "one", NOON)


async def test_notes_of_a_sweep_that_are_no_file_are_an_error(
    store: TinyDBStore, folder: Path
) -> None:
    (folder / "uat" / ".revoked" / "swept").mkdir(parents=True)
    with pytest.raises(StoreError, match=r"swept: "):
        await store.is_revoked("uat", "one", NOON)


class TestSpans:
    def test_they_stay_exact_while_they_are_few(self) -> None:
        assert join_spans([(5, 5), (1, 1), (9, 12), (11, 20)]) == [(1, 1), (5, 5), (9, 20)]

    def test_neighbours_are_one(self) -> None:
        assert join_spans([(1, 2), (3, 3), (4, 9)]) == [(1, 9)]

    def test_the_narrowest_gaps_are_closed_when_they_are_many(self) -> None:
        spans = [(0, 0), (10, 10), (1000, 1000), (1003, 1003), (5000, 5001)]
        assert join_spans(spans, most=4) == [(0, 0), (10, 10), (1000, 1003), (5000, 5001)]
        assert join_spans(spans, most=3) == [(0, 10), (1000, 1003), (5000, 5001)]
        assert join_spans(spans, most=1) == [(0, 5001)]

    @given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 30))), st.integers(1, 5))
    def test_covered_times_stay_covered(self, parts: list[tuple[int, int]], most: int) -> None:
        spans = [(first, first + length) for first, length in parts]
        joined = join_spans(spans, most=most)
        assert len(joined) <= most
        assert joined == sorted(joined)
        for first, last in spans:
            assert any(low <= first and last <= high for low, high in joined)
