"""Verification of the audit log writes nothing, and no change waits for it."""

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from credtui.domain.audit import Action, AuditEvent
from credtui.service.credentials import CredentialService
from credtui.store.tinydb.log import AuditLog
from credtui.store.tinydb.store import TinyDBStore
from tests.store.tinydb.workers import PLACE, Worker, Workers, change_for_ever, verify
from tests.support import ALICE, START

MANY = 20_000
"""So many events that a test can stop their verification half-way."""


def everything(folder: Path) -> dict[Path, tuple[object, ...]]:
    """Return the content and status of each file, which show any write."""
    found: dict[Path, tuple[object, ...]] = {}
    for path in (folder, *folder.rglob("*")):
        status = path.lstat()
        content = path.read_bytes() if path.is_file() else b""
        found[path] = (content, status.st_ino, status.st_mode, status.st_mtime_ns)
    return found


STATES: dict[str, Callable[[Path], object]] = {
    "whole": lambda log: log.read_bytes(),
    "torn": lambda log: log.write_bytes(log.read_bytes()[:-30]),
    "without the last event": lambda log: log.write_bytes(
        b"".join(log.read_bytes().splitlines(keepends=True)[:-1])
    ),
    "NUL bytes at its end": lambda log: log.write_bytes(log.read_bytes()[:-30] + bytes(30)),
}


@pytest.mark.parametrize("make", STATES.values(), ids=STATES)
def test_it_writes_nothing_and_needs_no_lock_file(
    service: CredentialService,
    store: TinyDBStore,
    store_folder: Path,
    log: Path,
    make: Callable[[Path], object],
) -> None:
    for number in (1, 2, 3):
        service.generate(f"Credential {number}")
    make(log)
    for path in store_folder.rglob("*.lock"):
        path.unlink()
    before = everything(store_folder)
    newest = service.verify_events()
    assert newest is not None
    assert (newest.number, newest.name) == (3, "Credential 3")
    assert newest == store.events(PLACE)[0]
    assert everything(store_folder) == before


def test_it_makes_no_folder(service: CredentialService, tmp_path: Path) -> None:
    assert service.verify_events() is None
    assert list(tmp_path.iterdir()) == []


def lengthen(store: TinyDBStore, path: Path, log: Path) -> None:
    """Make the log `MANY` events long, and put the last event into the store's file too."""
    newest = store.events(PLACE)[0]
    events = []
    for number in range(newest.number + 1, MANY + 1):
        newest = AuditEvent(
            number=number, at=START, actor=ALICE, action=Action.VIEW, previous=newest.hash
        ).sealed()
        events.append(newest)
    AuditLog(log).append(events)
    tables = json.loads(path.read_bytes())
    tables["about"]["1"]["events"] = [newest.model_dump(mode="json")]
    path.write_text(json.dumps(tables))


def stop_half_way(worker: Worker, log: Path) -> bool:
    """Stop a process while it reads a file. Return False if the process was too quick."""
    process = Path(f"/proc/{worker.pid}")
    try:
        while True:
            for descriptor in (process / "fd").iterdir():
                if descriptor.readlink() == log:
                    worker.send_signal(signal.SIGSTOP)
                    while (process / "stat").read_text().rpartition(")")[2].split()[0] != "T":
                        time.sleep(0.001)
                    read = (process / "fdinfo" / descriptor.name).read_text().split()[1]
                    return 0 < int(read) < log.stat().st_size
            time.sleep(0.001)
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_verification_that_is_stopped_half_way_holds_nobody_up(
    service: CredentialService,
    store: TinyDBStore,
    store_folder: Path,
    log: Path,
    workers: Workers,
) -> None:
    issued = service.generate("Payout")
    lengthen(store, log.with_name("acme.json"), log)
    verifier = workers.start(verify, store_folder)
    while not stop_half_way(verifier, log):
        verifier.end()
        verifier = workers.start(verify, store_folder)
    assert service.rotate(issued.credential.client_id).credential.generation == 2
    verifier.send_signal(signal.SIGCONT)
    assert verifier.receive() == MANY
    assert workers.start(verify, store_folder).receive() == MANY + 1


def test_changes_during_verification_do_no_harm(
    workers: Workers, store: TinyDBStore, store_folder: Path
) -> None:
    writer = workers.start(change_for_ever, store_folder, 1)
    assert writer.receive() == {"ready": True}
    seen = 0
    while seen < 100:
        changed = writer.receive()["events"]
        newest = store.verify_events(PLACE)
        assert newest is not None
        assert newest.number >= max(changed, seen)
        seen = newest.number
