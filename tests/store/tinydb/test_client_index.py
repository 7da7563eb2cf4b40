"""Finding a Client ID's organization."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from credtui.domain.audit import Action
from credtui.domain.errors import StoreError
from credtui.domain.models import StoredCredential
from credtui.domain.permissions import Actor
from credtui.domain.place import Place
from credtui.store.tinydb.store import TinyDBStore

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ACTOR = Actor(operator="alice")
ACME, GLOBEX = Place("uat", "acme"), Place("uat", "globex")


@pytest.fixture
def store(tmp_path: Path) -> TinyDBStore:
    return TinyDBStore(tmp_path / "store")


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


def test_a_credential_is_found_in_its_environment_only(store: TinyDBStore) -> None:
    acme, globex = generate(store, ACME, "a"), generate(store, GLOBEX, "b")
    assert store.find("uat", acme) == ACME
    assert store.find("uat", globex) == GLOBEX
    assert store.find("production", acme) is None


@pytest.mark.parametrize(
    "text", ["", "..", "../acme.json", "cid_", "cid_" + "z" * 16, "cid_\0" + "a" * 15, "x" * 9000]
)
def test_anything_else_is_not_found(store: TinyDBStore, text: str) -> None:
    generate(store, ACME, "a")
    assert store.find("uat", text) is None


def test_a_deleted_credential_is_no_longer_found(store: TinyDBStore) -> None:
    generate(store, ACME, "a")
    other = generate(store, ACME, "b")
    delete(store, ACME, other)
    assert store.find("uat", other) is None


def test_an_index_lost_with_a_restore_is_repaired(store: TinyDBStore, tmp_path: Path) -> None:
    found = generate(store, ACME, "a"), generate(store, GLOBEX, "b")
    shutil.rmtree(tmp_path / "store" / "uat" / ".clients")
    (tmp_path / "store" / "uat" / "broken.json").write_text("{")
    assert store.find("uat", found[0]) is None
    store.repair_index("uat")
    assert [store.find("uat", client_id) for client_id in found] == [ACME, GLOBEX]


def test_the_next_change_repairs_an_organizations_entries(
    store: TinyDBStore, tmp_path: Path
) -> None:
    first = generate(store, ACME, "a")
    (tmp_path / "store" / "uat" / ".clients" / first).unlink()
    generate(store, ACME, "b")
    assert store.find("uat", first) == ACME


def test_an_entry_that_names_something_odd_is_as_good_as_none(
    store: TinyDBStore, tmp_path: Path
) -> None:
    client_id = generate(store, ACME, "a")
    entry = tmp_path / "store" / "uat" / ".clients" / client_id
    entry.unlink()
    entry.symlink_to("../../etc/passwd")
    assert store.find("uat", client_id) is None


@pytest.mark.parametrize("content", [b"", b"../acme", b"\xff\0"])
def test_an_entry_that_a_power_cut_spoilt_is_repaired(
    store: TinyDBStore, tmp_path: Path, content: bytes
) -> None:
    client_id = generate(store, ACME, "a")
    entry = tmp_path / "store" / "uat" / ".clients" / client_id
    entry.write_bytes(content)
    assert store.find("uat", client_id) is None
    generate(store, ACME, "b")
    assert store.find("uat", client_id) == ACME


def test_links_of_earlier_versions_still_count(store: TinyDBStore, tmp_path: Path) -> None:
    client_id = generate(store, ACME, "a")
    entry = tmp_path / "store" / "uat" / ".clients" / client_id
    entry.unlink()
    entry.symlink_to("acme")
    assert store.find("uat", client_id) == ACME
    generate(store, ACME, "b")
    assert entry.is_symlink()


def test_a_store_has_no_symbolic_link(store: TinyDBStore, tmp_path: Path) -> None:
    """Not every file system has them."""
    generate(store, ACME, "a")
    assert [path for path in (tmp_path / "store").rglob("*") if path.is_symlink()] == []


def test_a_credential_that_can_not_be_indexed_is_not_generated(
    store: TinyDBStore, tmp_path: Path
) -> None:
    (tmp_path / "store" / "uat").mkdir(parents=True)
    (tmp_path / "store" / "uat" / ".clients").write_text("in the way")
    with pytest.raises(StoreError):
        generate(store, ACME, "a")
    assert store.load(ACME).credentials == ()


def test_an_index_that_can_not_be_read_is_not_taken_for_an_empty_one(
    store: TinyDBStore, tmp_path: Path
) -> None:
    client_id = generate(store, ACME, "a")
    folder = tmp_path / "store" / "uat" / ".clients"
    shutil.rmtree(folder)
    # Nobody gets through a link to itself, root neither.
    folder.symlink_to(folder.name)
    with pytest.raises(StoreError, match="too many levels of symbolic links"):
        store.find("uat", client_id)
    folder.unlink()
    folder.write_text("in the way")
    with pytest.raises(StoreError, match="not a directory"):
        store.find("uat", client_id)


def test_the_index_is_for_its_owner_alone(store: TinyDBStore, tmp_path: Path) -> None:
    generate(store, ACME, "a")
    folder = tmp_path / "store" / "uat" / ".clients"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [entry.name for entry in folder.iterdir()] == ["cid_" + "a" * 16]
