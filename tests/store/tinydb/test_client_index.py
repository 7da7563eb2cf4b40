"""The index of Client IDs: its files, and how it is repaired."""

import asyncio
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from credtui.domain.audit import Action
from credtui.domain.errors import StoreError
from credtui.domain.models import StoredCredential
from credtui.domain.permissions import Actor
from credtui.domain.place import Place
from credtui.store.tinydb import client_files
from credtui.store.tinydb.store import TinyDBStore
from tests.store.tinydb.workers import Workers, find_clients

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ACTOR = Actor(operator="alice")
ACME, GLOBEX = Place("uat", "acme"), Place("uat", "globex")

Spoil = Callable[[Path], object]


def generate(store: TinyDBStore, place: Place, mark: str) -> str:
    credential = StoredCredential(
        client_id=f"cid_{mark * 16}",
        name=mark,
        created_at=NOON,
        secret_hash=SecretStr("$2b$04$" + mark * 53),
    )
    with store.transaction(place) as transaction:
        transaction.organization = transaction.organization.generate(credential)
        transaction.record(NOON, ACTOR, Action.GENERATE)
    return credential.client_id


def delete(store: TinyDBStore, place: Place, client_id: str) -> None:
    with store.transaction(place) as transaction:
        transaction.organization = transaction.organization.delete(client_id)
        transaction.record(NOON, ACTOR, Action.DELETE)


async def place_of(store: TinyDBStore, client_id: str, environment: str = "uat") -> Place | None:
    client = await store.find_client(environment, client_id)
    return client.place if client else None


def entries(index: Path) -> list[str]:
    return sorted(path.name for path in index.iterdir())


@pytest.fixture
def index(store_folder: Path) -> Path:
    return store_folder / "uat" / ".clients"


@pytest.mark.parametrize(
    "text", ["", "..", "../acme.json", "cid_", "cid_" + "z" * 16, "cid_\0" + "a" * 15, "x" * 9000]
)
async def test_anything_else_is_not_found(store: TinyDBStore, text: str) -> None:
    generate(store, ACME, "a")
    assert await place_of(store, text) is None


async def test_an_index_lost_with_a_restore_is_made_again(
    store: TinyDBStore, store_folder: Path, index: Path
) -> None:
    found = generate(store, ACME, "a"), generate(store, GLOBEX, "b")
    shutil.rmtree(index)
    (store_folder / "uat" / "broken.json").write_text("{")
    assert [await place_of(store, client_id) for client_id in found] == [ACME, GLOBEX]
    assert entries(index) == sorted(found)


async def test_a_credential_that_a_restore_brings_back_is_found(
    store: TinyDBStore, store_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The organization's file comes back while the store is open. The index has no entry."""
    monkeypatch.setattr(client_files, "LOOK_EVERY", 0.0)
    generate(store, ACME, "a")
    other = generate(store, ACME, "b")
    backup = store_folder.with_name("backup")
    shutil.copytree(store_folder / "uat", backup)
    delete(store, ACME, other)
    assert await place_of(store, other) is None
    for path in backup.glob("acme*"):
        shutil.copy(path, store_folder / "uat")
    assert await place_of(store, other) == ACME


async def test_strangers_make_it_look_through_the_files_seldom(
    store: TinyDBStore, store_folder: Path, index: Path
) -> None:
    client_id = generate(store, ACME, "a")
    # Listing a folder renews its time of access.
    folder = store_folder / "uat"
    for number in range(50):
        assert await place_of(store, f"cid_{number:016}") is None
        if number == 0:
            status = folder.stat()
            os.utime(folder, ns=(status.st_atime_ns - 10**15, status.st_mtime_ns))
            listed = folder.stat().st_atime_ns
    assert folder.stat().st_atime_ns == listed
    assert await place_of(store, client_id) == ACME


async def test_where_the_index_can_not_be_written_clients_are_found(
    workers: Workers, folder: Path, user: int | None
) -> None:
    store = TinyDBStore(folder / "store")
    client_id = generate(store, ACME, "a")
    shutil.rmtree(folder / "store" / "uat" / ".clients")
    (folder / "store").chmod(0o555)
    (folder / "store" / "uat").chmod(0o555)
    (folder / "store" / "uat" / "acme.json").chmod(0o444)
    found = workers.start(find_clients, folder / "store", [client_id, client_id], user).receive()
    assert found == ["acme", "acme"]
    assert not (folder / "store" / "uat" / ".clients").exists()


async def test_an_index_that_can_not_be_read_is_an_error(
    workers: Workers, folder: Path, user: int | None
) -> None:
    store = TinyDBStore(folder / "store")
    client_id = generate(store, ACME, "a")
    for path in (folder / "store", folder / "store" / "uat"):
        path.chmod(0o755)
    (folder / "store" / "uat" / ".clients").chmod(0)
    answer = workers.start(find_clients, folder / "store", [client_id], user).receive()
    assert str(answer).startswith("store_unavailable: Can't use ")
    assert str(answer).endswith(": permission denied.")


async def test_the_next_change_mends_an_organizations_entries(
    store: TinyDBStore, index: Path
) -> None:
    first = generate(store, ACME, "a")
    (index / first).unlink()
    generate(store, ACME, "b")
    assert (index / first).read_text() == "acme"
    assert await place_of(store, first) == ACME


@pytest.mark.parametrize(
    "spoil",
    [
        lambda entry: entry.symlink_to("../../etc/passwd"),
        lambda entry: entry.symlink_to("globex"),
        lambda entry: entry.write_text("globex"),
        lambda entry: entry.write_text("../acme"),
        lambda entry: entry.write_bytes(b"\xff\0"),
        lambda entry: entry.touch(),
    ],
    ids=["odd link", "link elsewhere", "elsewhere", "odd", "not text", "spoilt by a power cut"],
)
async def test_an_entry_that_is_wrong_is_mended(
    store: TinyDBStore, index: Path, spoil: Spoil
) -> None:
    client_id = generate(store, ACME, "a")
    generate(store, GLOBEX, "b")
    (index / client_id).unlink()
    spoil(index / client_id)
    assert await place_of(store, client_id) == ACME
    assert not (index / client_id).is_symlink()
    assert (index / client_id).read_text() == "acme"


async def test_links_of_earlier_versions_still_count(store: TinyDBStore, index: Path) -> None:
    client_id = generate(store, ACME, "a")
    (index / client_id).unlink()
    (index / client_id).symlink_to("acme")
    assert await place_of(store, client_id) == ACME
    generate(store, ACME, "b")
    assert (index / client_id).is_symlink()


async def test_an_entry_without_its_credential_finds_nothing(
    store: TinyDBStore, index: Path
) -> None:
    """A crash can leave such an entry behind."""
    generate(store, ACME, "a")
    stale = index / ("cid_" + "s" * 16)
    stale.write_text("acme")
    assert await place_of(store, stale.name) is None


async def test_a_deleted_credential_gets_no_entry_again(store: TinyDBStore, index: Path) -> None:
    generate(store, ACME, "a")
    other = generate(store, ACME, "b")
    (index / other).unlink()
    assert await place_of(store, other) == ACME
    delete(store, ACME, other)
    for _ in range(2):
        assert await place_of(store, other) is None
    assert not (index / other).exists()


def test_a_credential_that_can_not_be_indexed_is_not_generated(
    store: TinyDBStore, index: Path
) -> None:
    index.parent.mkdir(parents=True)
    index.write_text("in the way")
    with pytest.raises(StoreError):
        generate(store, ACME, "a")
    assert store.load(ACME).credentials == ()


def test_an_index_that_is_no_folder_is_not_taken_for_an_empty_one(
    store: TinyDBStore, index: Path
) -> None:
    client_id = generate(store, ACME, "a")
    shutil.rmtree(index)
    # Not even root can follow a link to itself.
    index.symlink_to(index.name)
    with pytest.raises(StoreError, match="too many levels of symbolic links"):
        asyncio.run(store.find_client("uat", client_id))
    index.unlink()
    index.write_text("in the way")
    with pytest.raises(StoreError, match="not a directory"):
        asyncio.run(store.find_client("uat", client_id))


def test_the_index_is_for_its_owner_alone(store: TinyDBStore, index: Path) -> None:
    generate(store, ACME, "a")
    assert index.stat().st_mode & 0o777 == 0o700
    assert entries(index) == ["cid_" + "a" * 16]
    assert (index / ("cid_" + "a" * 16)).stat().st_mode & 0o777 == 0o600


def test_in_a_shared_folder_it_is_the_groups(
    store: TinyDBStore, store_folder: Path, index: Path
) -> None:
    store_folder.mkdir()
    store_folder.chmod(0o2770)
    client_id = generate(store, ACME, "a")
    assert index.stat().st_mode & 0o7777 == 0o2770
    assert (index / client_id).stat().st_mode & 0o777 == 0o660


def test_a_store_has_no_symbolic_link(store: TinyDBStore, store_folder: Path) -> None:
    """Some file systems have no symbolic links."""
    generate(store, ACME, "a")
    store.add_usage(ACME, {})
    store.revoke("uat", "one", NOON)
    store.token_key(os.urandom)
    assert [path for path in store_folder.rglob("*") if path.is_symlink()] == []
