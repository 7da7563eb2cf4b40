"""root works on the store of another account. That account can go on using the store."""

import os
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from credtui.domain.permissions import Actor
from credtui.domain.place import Place
from credtui.installation import now
from credtui.service.operators import OperatorService
from credtui.store.tinydb.store import TinyDBStore
from tests.conftest import MakeService
from tests.store.tinydb.tracing import Tracer, needs_strace
from tests.store.tinydb.workers import Workers, make_service, use
from tests.support import PRODUCTION, START, SteppedClock

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root can work for other accounts")

ACCOUNT = 65534


@pytest.fixture
def home(folder: Path) -> Path:
    """An account's folder, in which the tests make its store."""
    home = folder / "home"
    home.mkdir(mode=0o755)
    os.chown(home, ACCOUNT, ACCOUNT)
    return home


def use_as_account(workers: Workers, folder: Path) -> None:
    """Use everything in a store as the account. Assert that only the cap refuses anything."""
    told = dict(workers.start(use, folder, ACCOUNT).receive_all())
    assert told
    assert {outcome for outcome in told.values() if not outcome.startswith("cap_")} == {"done"}


def roots(folder: Path) -> list[Path]:
    """Return the files and folders of a store that belong to root."""
    return [path for path in [folder, *folder.rglob("*")] if path.lstat().st_uid == 0]


def test_the_account_goes_on_after_everything_that_root_did(
    workers: Workers, home: Path, make_service: MakeService, clock: SteppedClock
) -> None:
    folder = home / "store"
    use_as_account(workers, folder)
    clock.now = now()
    store = TinyDBStore(folder)
    service = make_service(store=store)
    first, second = (found.client_id for found in service.page().credentials)
    service.rotate(first)
    service.delete(second)
    make_service(store=store, organization="globex").generate("Another organization")
    make_service(store=store, environment=PRODUCTION).generate("Another environment")
    store.add_usage(Place("production", "acme"), {})
    store.token_key(secrets.token_bytes)
    store.revoke("uat", "token", datetime.now(UTC) + timedelta(hours=1))
    store.revoke("uat", "other", START)
    store.sweep_revocations("uat", START + timedelta(hours=1))
    OperatorService(store, Actor(operator="root"), clock=lambda: START).create_organization(
        "initech", "uat"
    )
    assert roots(folder) == []
    use_as_account(workers, folder)


def test_a_store_that_root_makes_in_an_account_s_folder_is_the_account_s(
    workers: Workers, home: Path
) -> None:
    service = make_service(str(home / "data" / "store"))
    service.generate("First")
    assert roots(home) == []
    use_as_account(workers, home / "data" / "store")


def test_root_s_own_store_is_root_s(folder: Path) -> None:
    make_service(str(folder / "store")).generate("First")
    assert set(roots(folder / "store")) >= set((folder / "store").rglob("*"))


def test_in_a_shared_folder_a_file_stays_its_owner_s(home: Path) -> None:
    os.chown(home, 0, ACCOUNT)
    home.chmod(0o2770)
    service = make_service(str(home))
    service.generate("First")
    path = home / "uat" / "acme.json"
    assert (path.stat().st_uid, path.stat().st_gid) == (0, ACCOUNT)
    os.chown(path, 1234, ACCOUNT)
    service.generate("Second")
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, ACCOUNT)
    assert path.stat().st_mode & 0o777 == 0o660


@pytest.mark.parametrize(
    "name", ["acme.json", ".acme.json.new", "acme.lock", "acme.audit.jsonl", ".acme.lock.new"]
)
@pytest.mark.parametrize("hard", [False, True], ids=["link", "hard link"])
def test_root_gives_away_no_file_that_a_link_leads_to(
    workers: Workers, home: Path, folder: Path, name: str, hard: bool
) -> None:
    store = home / "store"
    use_as_account(workers, store)
    victim = folder / "root's"
    victim.write_text("root's")
    path = store / "uat" / name
    path.unlink(missing_ok=True)
    path.hardlink_to(victim) if hard else path.symlink_to(victim)
    told = dict(workers.start(use, store).receive_all())
    assert told
    assert victim.stat().st_uid == 0


def run_all(tracer: Tracer, words: Sequence[str], faults: Sequence[str]) -> list[Path]:
    """Run a command with each of the faults, and return the stores."""
    folders = [tracer.copy() for _ in faults]
    for folder in folders:
        os.chown(folder, ACCOUNT, ACCOUNT)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda folder, fault: tracer.run(folder, words, fault), folders, faults))
    return folders


@needs_strace
def test_the_account_goes_on_after_root_was_killed(workers: Workers, home: Path) -> None:
    tracer = Tracer(workers, home)
    words = ["generate", "First"]
    probe = tracer.copy()
    os.chown(probe, ACCOUNT, ACCOUNT)
    kills = [call.kill for call in tracer.run(probe, words).calls if call.writes]
    assert {"fchown", "mkdir", "link"} <= {kill.partition(":")[0] for kill in kills}
    for killed in run_all(tracer, words, kills):
        use_as_account(workers, killed)


@needs_strace
def test_where_root_may_give_nothing_away_it_is_told_to_become_the_account(
    workers: Workers, home: Path
) -> None:
    tracer = Tracer(workers, home)
    folder = tracer.copy()
    os.chown(folder, ACCOUNT, ACCOUNT)
    ran = tracer.run(folder, ["generate", "First"], "fchown:error=EPERM")
    assert ran.status == 6
    assert ran.err == (
        f"credtui: Can't use {folder / 'uat'}: nobody must own it, and root can't give files away "
        "here; run credtui as that user: sudo -u nobody credtui. Nothing was changed.\n"
    )
    assert list(folder.iterdir()) == []
