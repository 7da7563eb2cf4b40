"""A store that can be read but not written: a backup, or another computer's disk.

Permissions and mounts are real. No permission stops root, so root becomes another user first.
"""

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from credtui.store.tinydb.store import TinyDBStore
from tests.conftest import MakeService
from tests.store.tinydb.test_ledger import snapshot
from tests.store.tinydb.workers import Workers, change_for_ever, run_with_mounts, use, verify


@pytest.fixture
def seal(make_service: MakeService, folder: Path, user: int | None) -> Callable[[], None]:
    """Makes a store with three events. Returns a function that makes the store read-only."""
    service = make_service(store=TinyDBStore(folder / "store"))
    for name in ("One", "Two", "Three"):
        service.generate(name)

    def seal_it() -> None:
        for path in (folder / "store", *(folder / "store").rglob("*")):
            if user is not None:
                os.chown(path, user, user, follow_symlinks=False)
        for path in (folder / "store", *(folder / "store").rglob("*")):
            if not path.is_symlink():
                path.chmod(0o500 if path.is_dir() else 0o400)

    return seal_it


def verified(workers: Workers, folder: Path, user: int | None) -> object:
    before = snapshot(folder)
    outcome = workers.start(verify, folder / "store", user).receive()
    assert snapshot(folder) == before
    return outcome


def test_a_read_only_folder_can_be_looked_through(
    workers: Workers,
    seal: Callable[[], None],
    folder: Path,
    user: int | None,
) -> None:
    for path in (folder / "store").rglob("*.lock"):
        path.unlink()  # a backup has none
    seal()
    told = dict(workers.start(use, folder / "store", user).receive_all())
    looks = ["look", "watch", "list events", "verify events"]
    assert {name: told.pop(name) for name in looks} == dict.fromkeys(looks, "done")
    for outcome in told.values():
        assert outcome.startswith("store_unavailable: Can't use ")
        assert outcome.removesuffix(" Nothing was changed.").endswith(": permission denied.")
    assert verified(workers, folder, user) == 3


@pytest.mark.parametrize("left", [0, 30], ids=["not there", "torn"])
def test_a_read_only_log_that_a_crash_left_behind(
    workers: Workers,
    seal: Callable[[], None],
    folder: Path,
    user: int | None,
    left: int,
) -> None:
    log = folder / "store" / "uat" / "acme.audit.jsonl"
    *lines, last = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(lines) + last[:left])
    seal()
    assert verified(workers, folder, user) == 3


@pytest.mark.parametrize(
    "tamper",
    [
        lambda lines: [lines[0].replace(b"One", b"Uno"), *lines[1:]],
        lambda lines: lines[:1],
        lambda lines: lines[:0],
        lambda lines: lines[1:],
        lambda lines: [*lines, lines[-1]],
        lambda lines: [*lines[:-1], lines[-1].replace(b"alice", b"mallo")],
        lambda lines: [*lines, b"garbage\n"],
    ],
    ids=["edited", "cut", "emptied", "begins late", "one added", "edited last", "no event"],
)
def test_a_read_only_log_that_was_tampered_with(
    workers: Workers,
    seal: Callable[[], None],
    folder: Path,
    user: int | None,
    tamper: Callable[[list[bytes]], list[bytes]],
) -> None:
    log = folder / "store" / "uat" / "acme.audit.jsonl"
    log.write_bytes(b"".join(tamper(log.read_bytes().splitlines(keepends=True))))
    seal()
    outcome = verified(workers, folder, user)
    assert str(outcome).startswith("audit_tampered: The audit log ")


def test_a_disk_that_is_read_only_here_and_written_elsewhere(
    workers: Workers, store_folder: Path
) -> None:
    writer = workers.start(change_for_ever, store_folder, 1)
    for _ in range(10):
        assert writer.receive()
    # The writer stops if nobody reads its reports.
    listener = threading.Thread(target=lambda: list(writer.receive_all()))
    listener.start()
    verified, newest = run_with_mounts(READ_ONLY_HERE, store_folder)
    writer.send_signal(signal.SIGKILL)
    listener.join()
    assert verified == sorted(verified)
    assert verified[0] + 20 <= verified[-1] <= newest


READ_ONLY_HERE = """
import json, subprocess, sys, time
from pathlib import Path
from credtui.store.tinydb.store import TinyDBStore
from tests.store.tinydb.workers import PLACE

disk = Path(sys.argv[1])
subprocess.run(["mount", "--bind", disk, disk], check=True)
subprocess.run(["mount", "-o", "remount,ro,bind", disk], check=True)
store = TinyDBStore(disk)
verified, deadline = [], time.monotonic() + 60
while len(verified) < 20 or verified[-1] < verified[0] + 20:
    assert time.monotonic() < deadline, verified
    verified.append(store.verify_events(PLACE).number)
print(json.dumps([verified, store.events(PLACE)[0].number]))
"""
