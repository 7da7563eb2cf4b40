"""Files of earlier layouts, as earlier versions wrote them, open for ever."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from credtui.domain.audit import Action
from credtui.domain.errors import AuditTamperedError, StoreError
from credtui.domain.models import Handover
from credtui.domain.place import Place
from credtui.store.tinydb.schema import SCHEMA
from credtui.store.tinydb.store import TinyDBStore
from tests.support import ALICE, START

LAYOUT_1 = Path(__file__).parent / "layout_1"
ACME, GLOBEX = Place("uat", "acme"), Place("uat", "globex")
CLOSED = Handover(how="closed")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(LAYOUT_1, tmp_path / "store")


@pytest.fixture
def store(folder: Path) -> TinyDBStore:
    return TinyDBStore(folder)


def contents(folder: Path) -> dict[str, bytes]:
    """Return what files hold, except locks and the index of Client IDs."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*.json*")
        if path.is_file()
    }


def handovers(store: TinyDBStore, place: Place) -> dict[str, Handover | None]:
    return {one.name: one.handover for one in store.load(place).credentials}


def look(store: TinyDBStore, place: Place) -> None:
    """Change nothing, but record an event."""
    with store.transaction(place) as transaction:
        transaction.record(START, ALICE, Action.VIEW)


def rename(store: TinyDBStore, place: Place) -> None:
    with store.transaction(place) as transaction:
        client_id = transaction.organization.credentials[-1].client_id
        transaction.organization = transaction.organization.rename(client_id, "Renamed")
        transaction.record(START, ALICE, Action.RENAME)


def test_reading_changes_nothing(store: TinyDBStore, folder: Path) -> None:
    before = contents(folder)
    assert handovers(store, ACME) == {
        "Payout gateway": CLOSED,
        "Nightly batch": CLOSED,
        "Treasury sync": None,
    }
    assert [found.generation for found in store.load(ACME).credentials] == [2, 1, 1]
    assert [member.name for member in store.operators().members] == ["alice", "bob"]
    for place in (ACME, GLOBEX):
        assert store.verify_events(place)
        assert len(store.events(place)) > 5
    assert contents(folder) == before


@pytest.mark.parametrize("change", [look, rename])
def test_the_first_change_finds_in_the_log_how_dialogs_were_closed(
    store: TinyDBStore, folder: Path, change: Callable[[TinyDBStore, Place], None]
) -> None:
    before = store.load(ACME)
    for place in (ACME, GLOBEX):
        change(store, place)
    # A store opened anew reads what is on the disk.
    after = TinyDBStore(folder)
    assert [handover and handover.how for handover in handovers(after, ACME).values()] == [
        "saved",
        "closed unsaved",
        None,
    ]
    assert [handover and handover.how for handover in handovers(after, GLOBEX).values()] == [
        "sent",
        "delivered",
        "checked",
    ]
    gateway = after.load(ACME).credentials[0]
    assert gateway.handover
    assert gateway.handover.at is not None
    assert gateway.secret_since < gateway.handover.at
    forgotten = {"handover": None}
    assert gateway.model_copy(update=forgotten) == before.credentials[0].model_copy(
        update=forgotten
    )
    tables = json.loads((folder / "uat" / "acme.json").read_bytes())
    assert tables["about"]["1"]["schema"] == SCHEMA == 2
    assert "confirmed" not in str(tables["credentials"])
    assert after.verify_events(ACME)


def test_the_first_change_sets_the_old_file_aside(store: TinyDBStore, folder: Path) -> None:
    before = contents(folder)
    look(store, ACME)
    look(store, ACME)
    with store.operators_transaction() as transaction:
        transaction.record(START, ALICE, Action.LIST_OPERATORS)
    after = contents(folder)
    for name in ("uat/acme.json", "operators.json"):
        assert after[f"{name}.v1"] == before[name]
        assert (folder / f"{name}.v1").stat().st_mode == (folder / name).stat().st_mode
    assert "uat/globex.json.v1" not in after
    assert store.organizations() == ["acme", "globex"]
    assert [member.name for member in store.operators().members] == ["alice", "bob"]


def test_a_file_that_can_t_be_set_aside_stays(store: TinyDBStore, folder: Path) -> None:
    (folder / "uat" / "acme.json.v1").mkdir()
    before = contents(folder)
    with pytest.raises(StoreError):
        look(store, ACME)
    assert contents(folder) == before


def test_a_killed_change_sets_the_file_aside_again(store: TinyDBStore, folder: Path) -> None:
    before = (folder / "uat" / "acme.json").read_bytes()
    copy = folder / "uat" / "acme.json.v1"
    copy.write_bytes(before[:100])
    look(store, ACME)
    assert copy.read_bytes() == before


def test_what_the_log_doesn_t_tell_stays_unknown(store: TinyDBStore, folder: Path) -> None:
    """The words of an audit event were free in earlier versions."""
    file, log = folder / "uat" / "acme.json", folder / "uat" / "acme.audit.jsonl"
    file.write_text(file.read_text().replace('"confirmed": false', '"confirmed": true'))
    assert "confirm" in log.read_text()
    rename(store, ACME)
    assert handovers(store, ACME)["Renamed"] == CLOSED


def test_an_odd_line_in_the_log_stops_no_change(store: TinyDBStore, folder: Path) -> None:
    """Verification finds it, as before."""
    log = folder / "uat" / "acme.audit.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    # The event about "Nightly batch" comes after the odd line, the other one before it.
    log.write_bytes(b"".join([*lines[:4], b"odd\n", *lines[5:]]))
    look(store, ACME)
    assert [handover and handover.how for handover in handovers(store, ACME).values()] == [
        "closed",
        "closed unsaved",
        None,
    ]
    with pytest.raises(AuditTamperedError):
        store.verify_events(ACME)


def test_early_files_of_layout_2(store: TinyDBStore, folder: Path) -> None:
    file = folder / "uat" / "acme.json"
    file.write_text(file.read_text().replace('"schema": 1', '"schema": 2'))
    assert handovers(store, ACME)["Payout gateway"] == CLOSED
    look(store, ACME)
    assert (handovers(store, ACME)["Payout gateway"] or CLOSED).how == "saved"
    assert not (folder / "uat" / "acme.json.v1").exists()


def test_a_rotation_begins_anew(store: TinyDBStore) -> None:
    with store.transaction(ACME) as transaction:
        first = transaction.organization.credentials[0]
        transaction.organization = transaction.organization.rotate(
            first.client_id, first.secret_hash, START
        )
        transaction.record(START, ALICE, Action.ROTATE)
    assert handovers(store, ACME)["Payout gateway"] is None
