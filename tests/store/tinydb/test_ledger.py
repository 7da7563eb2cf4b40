"""The store's files on a broken disk, after a crash, and after somebody edited them."""

import json
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from credtui.domain.audit import FIRST_PREVIOUS, Action, AuditEvent
from credtui.domain.errors import (
    AuditTamperedError,
    InvalidOrganizationError,
    StoreCorruptError,
    StoreError,
    StoreTooNewError,
)
from credtui.domain.permissions import Operator
from credtui.domain.place import Place
from credtui.domain.refusals import InvalidNameError
from credtui.service.credentials import CredentialService
from credtui.store.tinydb.schema import SCHEMA
from credtui.store.tinydb.store import TinyDBStore
from tests.conftest import MakeService
from tests.store.tinydb.workers import PLACE, Workers, attempt, run_with_mounts
from tests.support import ALICE, SECRET_HASH, START, Watch, set_all_operators

Document = dict[str, Any]


@pytest.fixture
def path(store_folder: Path) -> Path:
    return store_folder / "uat" / "acme.json"


@pytest.fixture
def filled(service: CredentialService) -> CredentialService:
    for number in (1, 2):
        service.generate(f"Credential {number}")
    return service


def snapshot(folder: Path) -> dict[Path, bytes]:
    """Return the content of all files but locks, which only name their last holder."""
    return {
        path: path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    }


def test_a_transaction_without_an_event_leaves_only_its_lock(store_folder: Path) -> None:
    with TinyDBStore(store_folder).transaction(PLACE):
        pass
    left = [path.name for path in store_folder.rglob("*") if path.is_file()]
    assert left == ["acme.lock"]


def test_an_event_that_cant_be_logged_is_not_committed(
    filled: CredentialService, store_folder: Path, path: Path
) -> None:
    before = snapshot(store_folder)
    with pytest.raises(ValueError, match="surrogates"):  # noqa: SIM117
        with TinyDBStore(store_folder).transaction(PLACE) as transaction:
            transaction.record(START, ALICE, Action.VIEW, name="\udcff")
    assert snapshot(store_folder) == before
    filled.generate("Next")


def client_id(service: CredentialService, position: int = -1) -> str:
    return service.page().credentials[position].client_id


def edit(document: Document, change: Callable[[Document], object]) -> Document:
    change(document)
    return document


def first(document: Document) -> Document:
    credential: Document = next(iter(document["credentials"].values()))
    return credential


def last_event(document: Document) -> Document:
    event: Document = document["about"]["1"]["events"][-1]
    return event


PRESENT = f'"schema": {SCHEMA}'.encode()

BROKEN_BYTES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "one byte": lambda _: b"{",
    "cut": lambda content: content[:-20],
    "cut to half": lambda content: content[: len(content) // 2],
    "twice": lambda content: content * 2,
    "NUL bytes": lambda content: b"\x00" * len(content),
    "NUL bytes at the end": lambda content: content[:-100] + b"\x00" * 100,
    "not JSON": lambda _: b"credentials: []",
    "not UTF-8": lambda content: content.replace(b"Credential 1", b"Credential \xff"),
    "null": lambda _: b"null",
    "a list": lambda _: b"[]",
    "a number": lambda _: b"1",
    "a string": lambda _: b'"x"',
    "an empty object": lambda _: b"{}",
    "deep": lambda _: b"[" * 100_000,
    "a huge integer": lambda content: content.replace(PRESENT, b'"schema": ' + b"9" * 5000),
    "an infinite integer": lambda content: content.replace(PRESENT, b'"schema": 1e999'),
    "not a number": lambda content: content.replace(PRESENT, b'"schema": NaN'),
    "schema 0": lambda content: content.replace(PRESENT, b'"schema": 0'),
    "schema -1": lambda content: content.replace(PRESENT, b'"schema": -1'),
    "schema in words": lambda content: content.replace(PRESENT, b'"schema": "1"'),
    "no schema": lambda content: content.replace(PRESENT, b'"scheme": 2'),
    "a broken hash": lambda content: content.replace(b"$2b$04$", b"$2b$04"),
}

FOURTH = "cid_" + "4" * 16

BROKEN_DOCUMENTS: dict[str, Callable[[Document], object]] = {
    "no tables": lambda document: document.clear(),
    "no about": lambda document: document.pop("about"),
    "about is a list": lambda document: document.update(about=[]),
    "about is empty": lambda document: document.update(about={}),
    "two abouts": lambda document: document["about"].update({"2": document["about"]["1"]}),
    "no events": lambda document: document["about"]["1"].pop("events"),
    "events is a number": lambda document: document["about"]["1"].update(events=1),
    "events is empty": lambda document: document["about"]["1"].update(events=[]),
    "an event has number 0": lambda document: last_event(document).update(number=0),
    "an event has another number": lambda document: last_event(document).update(number=9),
    "an event was edited": lambda document: last_event(document).update(at="2020-01-01T00:00:00Z"),
    "an event's hash was edited": lambda document: last_event(document).update(hash="0" * 64),
    "an event has no hash": lambda document: last_event(document).pop("hash"),
    "an event is there twice": lambda document: document["about"]["1"]["events"].append(
        last_event(document)
    ),
    "a wrong event": lambda document: document["about"]["1"]["events"].append({}),
    "credentials is a list": lambda document: document.update(credentials=[{}]),
    "credentials is a string": lambda document: document.update(credentials="x"),
    "credentials is null": lambda document: document.update(credentials=None),
    "a credential is a list": lambda document: document["credentials"].update({"1": []}),
    "a credential is a number": lambda document: document["credentials"].update({"1": 1}),
    "a credential is null": lambda document: document["credentials"].update({"1": None}),
    "a key that is no number": lambda document: document["credentials"].update(x=first(document)),
    "a credential lacks a key": lambda document: first(document).pop("secret_hash"),
    "a credential has one more": lambda document: first(document).update(surplus=1),
    "no name": lambda document: first(document).update(name=""),
    "a long name": lambda document: first(document).update(name="x" * 61),
    "a broken name": lambda document: first(document).update(name="\ud800"),
    "no Client ID": lambda document: first(document).update(client_id="../x"),
    "generation 0": lambda document: first(document).update(generation=0),
    "a huge generation": lambda document: first(document).update(generation=1e300),
    "no time zone": lambda document: first(document).update(created_at="2026-03-01T09:30:00"),
    "a year too far in UTC": lambda document: first(document).update(
        created_at="9999-12-31T23:30:00-01:00"
    ),
    "a year too far": lambda document: first(document).update(created_at="99999-01-01T00:00:00Z"),
    "the same name": lambda document: first(document).update(name="CREDENTIAL 2"),
    "four credentials": lambda document: document["credentials"].update(
        {
            str(number): {
                **first(document),
                "client_id": FOURTH[:-1] + str(number),
                "name": f"Extra {number}",
            }
            for number in (3, 4)
        }
    ),
    "the same Client ID": lambda document: document["credentials"].update(
        {"3": {**first(document), "name": "Other"}}
    ),
    "the primary is gone": lambda document: document["organization"]["1"].update(primary=FOURTH),
    "no primary": lambda document: document["organization"]["1"].update(primary=None),
    "no organization": lambda document: document.pop("organization"),
    "networks that are none": lambda document: document["organization"]["1"].update(networks=["x"]),
    "a primary without credentials": lambda document: document.pop("credentials"),
}

BROKEN: dict[str, Callable[[bytes], bytes]] = {
    **BROKEN_BYTES,
    **{
        name: lambda content, change=change: json.dumps(  # type: ignore[misc]
            edit(json.loads(content), change)
        ).encode()
        for name, change in BROKEN_DOCUMENTS.items()
    },
}


@pytest.mark.parametrize("break_", BROKEN.values(), ids=BROKEN)
def test_a_damaged_file_is_said_and_left_alone(
    filled: CredentialService,
    store_folder: Path,
    path: Path,
    break_: Callable[[bytes], bytes],
) -> None:
    known = client_id(filled)
    content = path.read_bytes()
    path.write_bytes(break_(content))
    assert path.read_bytes() != content
    before = snapshot(store_folder)
    for action in (filled.page, lambda: filled.generate("Third"), lambda: filled.rotate(known)):
        with pytest.raises(StoreCorruptError) as corrupt:
            action()
        told = (
            f"{path} is damaged: it doesn't hold what credtui wrote. "
            "Restore it, with its audit log, from a backup."
        )
        changing = "" if action == filled.page else " Nothing was changed."
        assert str(corrupt.value) == told + changing
        assert corrupt.value.__suppress_context__, "what was found there might be a hash"
    assert snapshot(store_folder) == before
    path.write_bytes(content)
    assert filled.rotate(known).credential.generation == 2


def test_mapped_networks_of_an_earlier_version_are_read_as_ipv4(
    filled: CredentialService, store: TinyDBStore, path: Path
) -> None:
    typed = ["::ffff:c000:200/120", "192.0.2.0/24", "2001:db8::/32"]
    document = edit(
        json.loads(path.read_bytes()),
        lambda document: document["organization"]["1"].update(networks=typed),
    )
    path.write_text(json.dumps(document))
    assert store.load(PLACE).networks == ("192.0.2.0/24", "2001:db8::/32")
    filled.generate("Third")
    assert json.loads(path.read_bytes())["organization"]["1"]["networks"] == [
        "192.0.2.0/24",
        "2001:db8::/32",
    ]


def test_an_earlier_layout_is_gone_on_with(
    filled: CredentialService, store: TinyDBStore, store_folder: Path
) -> None:
    path = store_folder / "uat" / "acme.json"
    path.write_text(path.read_text().replace(f'"schema": {SCHEMA}', '"schema": 1'))
    with store.transaction(PLACE) as transaction:
        # Earlier versions kept the code of a refusal as the detail.
        transaction.record(START, ALICE, Action.DELETE, outcome="refused", detail="cap_reached")
    assert '"reason"' not in path.with_suffix(".audit.jsonl").read_text()
    with pytest.raises(InvalidNameError):
        filled.generate("")
    new, old, *_ = store.events(PLACE)
    assert [(event.reason, event.code) for event in (new, old)] == [
        ("invalid_name", "invalid_name"),
        ("", "cap_reached"),
    ]
    assert store.verify_events(PLACE) == new


def test_a_later_layout_is_left_alone(
    filled: CredentialService, store_folder: Path, path: Path
) -> None:
    document = json.loads(path.read_bytes())
    document["about"] = {"1": {"schema": SCHEMA + 1, "other": []}}
    document["credentials"] = "in a form of its own"
    path.write_text(json.dumps(document))
    before = snapshot(store_folder)
    for action in (
        filled.page,
        lambda: filled.generate("Third"),
        filled.events,
        filled.verify_events,
    ):
        with pytest.raises(StoreTooNewError) as too_new:
            action()
        assert str(too_new.value).startswith(
            f"{path} was written by a later version of credtui (layout 3; this one knows 2). "
            "Use that version."
        )
    assert snapshot(store_folder) == before


def test_another_organization_s_damage_does_not_matter(
    filled: CredentialService, make_service: MakeService, path: Path
) -> None:
    path.write_bytes(b"")
    make_service(organization="globex").generate("Payout")


def test_names_are_kept_as_they_are(service: CredentialService) -> None:
    for name in ('"\\{}[]', "\u00e9\U0001f680\u0628"):
        service.generate(name)
    assert [found.name for found in service.page().credentials] == [
        '"\\{}[]',
        "\u00e9\U0001f680\u0628",
    ]


class TestSurroundings:
    """Permissions and disks are real. No permission stops root, so root becomes another user."""

    def give(self, folder: Path, user: int | None) -> None:
        for path in (folder, *folder.rglob("*")):
            if user is not None:
                os.chown(path, user, user, follow_symlinks=False)

    def outcomes(self, workers: Workers, *arguments: object) -> list[tuple[str, str]]:
        worker = workers.start(attempt, *arguments)
        return [(report["outcome"], report["sentence"]) for report in worker.receive_all()]

    def test_a_read_only_folder(
        self, workers: Workers, make_service: MakeService, folder: Path, user: int | None
    ) -> None:
        make_service(store=TinyDBStore(folder / "store")).generate("Payout")
        self.give(folder / "store", user)
        for path in (folder / "store").rglob("*"):
            if not path.is_symlink():
                path.chmod(0o500 if path.is_dir() else 0o400)
        before = snapshot(folder)
        looking, changing = self.outcomes(workers, folder / "store", user)
        assert looking == ("done", "")
        lock = folder / "store" / "uat" / "acme.lock"
        assert changing == (
            "store_unavailable",
            f"Can't use {lock}: permission denied. Nothing was changed.",
        )
        assert snapshot(folder) == before

    def test_a_folder_that_only_new_files_are_refused_in(
        self, workers: Workers, make_service: MakeService, folder: Path, user: int | None
    ) -> None:
        make_service(store=TinyDBStore(folder / "store")).generate("Payout")
        self.give(folder / "store", user)
        (folder / "store" / "uat").chmod(0o500)
        before = snapshot(folder)
        looking, changing = self.outcomes(workers, folder / "store", user)
        assert looking == ("done", "")
        assert changing[0] == "store_unavailable"
        assert changing[1].endswith("permission denied. Nothing was changed.")
        assert snapshot(folder) == before

    def test_a_folder_that_can_be_written_but_not_listed(
        self, workers: Workers, make_service: MakeService, folder: Path, user: int | None
    ) -> None:
        make_service(store=TinyDBStore(folder / "store")).generate("Payout")
        self.give(folder / "store", user)
        before = snapshot(folder)
        (folder / "store" / "uat").chmod(0o300)
        looking, changing = self.outcomes(workers, folder / "store", user)
        (folder / "store" / "uat").chmod(0o700)
        assert looking == ("done", "")
        assert changing[0] == "store_unavailable"
        assert changing[1].endswith("acme.json: permission denied. Nothing was changed.")
        assert snapshot(folder) == before

    def test_somebody_else_s_folder(
        self, workers: Workers, make_service: MakeService, folder: Path, user: int | None
    ) -> None:
        make_service(store=TinyDBStore(folder / "store")).generate("Payout")
        (folder / "store").chmod(0)
        for outcome, sentence in self.outcomes(workers, folder / "store", user):
            assert outcome == "store_unavailable"
            assert sentence.startswith(f"Can't use {folder / 'store'}")
            assert sentence.endswith((": permission denied.", ". Nothing was changed."))
        (folder / "store").chmod(0o700)

    def test_a_home_that_can_t_be_made(
        self, workers: Workers, folder: Path, user: int | None
    ) -> None:
        folder.chmod(0o555)
        looking, changing = self.outcomes(workers, folder / "home" / "store", user)
        assert looking == ("done", "")
        assert changing == (
            "store_unavailable",
            f"Can't use {folder / 'home'}: permission denied. Nothing was changed.",
        )
        assert list(folder.iterdir()) == []

    def test_a_file_may_grow_no_further(
        self, workers: Workers, filled: CredentialService, store_folder: Path
    ) -> None:
        before = snapshot(store_folder)
        looking, changing = self.outcomes(workers, store_folder, None, 0o022, 100)
        assert looking == ("done", "")
        assert changing[0] == "store_unavailable"
        assert changing[1].endswith("file too large. Nothing was changed.")
        after = snapshot(store_folder)
        assert {path: after[path] for path in before} == before
        assert not [path for path in after if path.name.endswith(".new")]
        filled.generate("Third")
        assert filled.verify_events() == filled.events()[0]

    def test_only_the_log_may_grow_no_further(
        self,
        workers: Workers,
        filled: CredentialService,
        store_folder: Path,
        store: TinyDBStore,
        path: Path,
        log: Path,
    ) -> None:
        for _ in range(20):
            filled.make_primary(client_id(filled))
        largest = log.stat().st_size + 100
        assert path.stat().st_size * 2 < largest
        logged = log.read_bytes()
        # The change and its event are durable. The log has a part of the event.
        _, changing = self.outcomes(workers, store_folder, None, 0o022, largest)
        assert changing == ("done", "")
        assert len(filled.page().credentials) == 3
        torn = log.read_bytes()
        assert torn.startswith(logged)
        assert not torn.endswith(b"\n")
        assert [event.number for event in store.events(PLACE)] == list(range(23, 0, -1))
        # The next change can't be made without the log.
        _, changing = self.outcomes(workers, store_folder, None, 0o022, largest)
        assert changing[0] == "store_unavailable"
        assert [event.number for event in store.events(PLACE)] == list(range(23, 0, -1))
        newest = filled.verify_events()
        assert newest is not None
        assert newest.number == 23
        # When there is room again, nothing is missing.
        _, changing = self.outcomes(workers, store_folder, None)
        assert changing[0] == "cap_reached"
        assert log.read_bytes().count(b"\n") == 24

    def test_a_full_and_then_a_read_only_disk(self, tmp_path: Path) -> None:
        full, verified, unchanged, generation, read_only, looked = run_with_mounts(
            FULL_DISK, tmp_path
        )
        assert full.endswith(": the disk is full. Nothing was changed.")
        assert unchanged
        assert generation == 2
        assert read_only.endswith(": the disk is read-only. Nothing was changed.")
        assert looked == [2, 2, 2]
        assert verified == 1


FULL_DISK = """
import json, os, subprocess, sys
from credtui.domain.errors import StoreError
from pathlib import Path
from tests.store.tinydb.test_ledger import snapshot
from tests.store.tinydb.workers import make_service

disk = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", disk], check=True)
service = make_service(disk / "store")
issued = service.generate("Payout")
issued.lease.close()  # a disk with a file open for writing can't become read-only

def refused():
    try:
        service.rotate(issued.credential.client_id)
    except StoreError as error:
        return str(error)
    return "nothing was refused"

before = snapshot(disk)
filler = disk / "filler"
try:
    with filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
except OSError:
    pass
full = refused()
verified = service.verify_events().number
filler.unlink()
unchanged = snapshot(disk) == before
generation = service.rotate(issued.credential.client_id).credential.generation
subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
looked = [
    service.page().credentials[0].generation,
    len(service.events()),
    service.verify_events().number,
]
print(json.dumps([full, verified, unchanged, generation, refused(), looked]))
"""


class TestLinks:
    def test_a_store_behind_a_link(self, tmp_path: Path, make_service: MakeService) -> None:
        real = tmp_path / "real"
        real.mkdir(mode=0o700)
        (tmp_path / "link").symlink_to(real)
        service = make_service(store=TinyDBStore(tmp_path / "link"))
        watch = Watch(service.version)
        service.generate("Payout")
        assert watch.changed()
        assert (tmp_path / "link").is_symlink()
        assert make_service(store=TinyDBStore(real)).page() == service.page()

    def test_a_link_that_leads_nowhere(self, tmp_path: Path, make_service: MakeService) -> None:
        (tmp_path / "link").symlink_to(tmp_path / "missing")
        service = make_service(store=TinyDBStore(tmp_path / "link"))
        assert service.page().credentials == ()
        with pytest.raises(StoreError, match=r"no such file or directory\. Nothing was changed"):
            service.generate("Payout")
        assert not (tmp_path / "missing").exists()

    def test_a_link_in_the_file_s_place_is_replaced_by_what_is_current(
        self, filled: CredentialService, path: Path, tmp_path: Path
    ) -> None:
        shutil.move(path, tmp_path / "elsewhere")
        path.symlink_to(tmp_path / "elsewhere")
        assert len(filled.page().credentials) == 2
        elsewhere = (tmp_path / "elsewhere").read_bytes()
        filled.generate("Third")
        assert len(filled.page().credentials) == 3
        assert not path.is_symlink()
        assert (tmp_path / "elsewhere").read_bytes() == elsewhere
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_a_link_in_the_log_s_place_is_not_followed(
        self, filled: CredentialService, log: Path, tmp_path: Path
    ) -> None:
        shutil.move(log, tmp_path / "elsewhere")
        log.symlink_to(tmp_path / "elsewhere")
        logged = (tmp_path / "elsewhere").read_bytes()
        filled.generate("Third")
        assert (tmp_path / "elsewhere").read_bytes() == logged
        with pytest.raises(StoreError, match="too many levels of symbolic links"):
            filled.make_primary(client_id(filled))


class TestCrashes:
    """Files as they are after a process died between two steps."""

    def test_before_the_log_was_written(
        self, filled: CredentialService, store: TinyDBStore, log: Path
    ) -> None:
        before = log.read_bytes()
        third = filled.generate("Third").credential
        whole = log.read_bytes()
        log.write_bytes(before)
        assert [event.number for event in store.events(PLACE)] == [3, 2, 1]
        assert log.read_bytes() == before, "looking changes nothing"
        assert filled.page().find(third.client_id) == third
        newest = store.verify_events(PLACE)
        assert newest is not None
        assert newest.name == "Third"
        assert log.read_bytes() == before, "verifying changes nothing"
        filled.make_primary(third.client_id)
        assert log.read_bytes().startswith(whole)

    def test_while_the_log_was_written(
        self, filled: CredentialService, store: TinyDBStore, path: Path, log: Path
    ) -> None:
        before = log.read_bytes()
        filled.generate("Third")
        whole = log.read_bytes()
        document = path.read_bytes()
        for length in (len(before) + 1, len(whole) - 20, len(whole) - 1):
            path.write_bytes(document)
            log.write_bytes(whole[:length])
            assert [event.number for event in store.events(PLACE)] == [3, 2, 1]
            filled.make_primary(client_id(filled))
            assert log.read_bytes().startswith(whole)
            filled.verify_events()

    def test_while_the_log_grew_and_the_machine_lost_power(
        self, filled: CredentialService, store: TinyDBStore, log: Path
    ) -> None:
        before = log.read_bytes()
        filled.generate("Third")
        whole = log.read_bytes()
        log.write_bytes(before + b"\x00" * (len(whole) - len(before)))
        assert [event.number for event in store.events(PLACE)] == [3, 2, 1]
        filled.make_primary(client_id(filled))
        assert log.read_bytes().startswith(whole)
        filled.verify_events()

    def test_before_the_first_log_was_made(
        self, service: CredentialService, store: TinyDBStore, log: Path
    ) -> None:
        service.generate("Payout")
        log.unlink()
        assert [event.number for event in store.events(PLACE)] == [1]
        service.generate("Batch")
        assert [event.number for event in store.events(PLACE)] == [2, 1]
        service.verify_events()

    def test_with_several_events_in_one_change(self, store: TinyDBStore, log: Path) -> None:
        with store.transaction(PLACE) as transaction:
            for _ in range(3):
                transaction.record(START, ALICE, Action.VIEW)
        lines = log.read_bytes().splitlines(keepends=True)
        for kept in range(3):
            log.write_bytes(b"".join(lines[:kept]) + lines[kept][:30])
            assert [event.number for event in store.events(PLACE)] == [3, 2, 1]
            store.verify_events(PLACE)
            with store.transaction(PLACE):
                pass
            assert log.read_bytes() == b"".join(lines)

    def test_a_temporary_file_that_was_left(self, filled: CredentialService, path: Path) -> None:
        left = path.with_name(f".{path.name}.new")
        left.write_bytes(path.read_bytes()[:100])
        assert len(filled.page().credentials) == 2
        filled.generate("Third")
        assert not left.exists()


class TestTampering:
    def lines(self, log: Path) -> list[bytes]:
        return log.read_bytes().splitlines(keepends=True)

    @pytest.fixture
    def logged(self, filled: CredentialService) -> CredentialService:
        for _ in range(3):
            filled.make_primary(client_id(filled))
        return filled

    def test_an_edited_line(self, logged: CredentialService, log: Path) -> None:
        log.write_bytes(log.read_bytes().replace(b"Credential 1", b"Credential 9", 1))
        with pytest.raises(AuditTamperedError, match="event 1 is not as it was written"):
            logged.verify_events()

    @pytest.mark.parametrize("position", range(4))
    def test_a_removed_line(self, logged: CredentialService, log: Path, position: int) -> None:
        lines = self.lines(log)
        log.write_bytes(b"".join(lines[:position] + lines[position + 1 :]))
        with pytest.raises(AuditTamperedError, match=f"event {position + 1} is not as it was"):
            logged.verify_events()

    def test_lines_in_another_order(self, logged: CredentialService, log: Path) -> None:
        one, two, *rest = self.lines(log)
        log.write_bytes(b"".join([two, one, *rest]))
        with pytest.raises(AuditTamperedError, match="event 1 is not as it was written"):
            logged.verify_events()

    @pytest.mark.parametrize(
        "break_",
        [
            lambda _: [],
            lambda events: events[::-1],
            lambda events: [events[0], events[2]],
            lambda events: [*events, events[2]],
            lambda events: [events[0], {**events[1], "detail": "edited"}, events[2]],
        ],
        ids=["none", "in another order", "a gap", "one twice", "one edited"],
    )
    def test_events_that_dont_follow_each_other_in_the_credentials_file(
        self, store: TinyDBStore, path: Path, break_: Callable[[list[Document]], list[Document]]
    ) -> None:
        with store.transaction(PLACE) as transaction:
            for _ in range(3):
                transaction.record(START, ALICE, Action.VIEW)
        document = json.loads(path.read_bytes())
        document["about"]["1"]["events"] = break_(document["about"]["1"]["events"])
        path.write_text(json.dumps(document))
        for action in (store.load, store.verify_events):
            with pytest.raises(StoreCorruptError, match="is damaged"):
                action(PLACE)

    @pytest.mark.parametrize("number", [1, 2], ids=["as the first", "as a later one"])
    def test_an_event_that_was_made_anew_in_the_credentials_file(
        self, logged: CredentialService, store_folder: Path, path: Path, number: int
    ) -> None:
        """The event is as credtui would write it, but doesn't continue the log."""
        document = json.loads(path.read_bytes())
        event = AuditEvent.model_validate(last_event(document))
        made = event.model_copy(
            update={"number": number, "previous": FIRST_PREVIOUS if number == 1 else event.hash}
        )
        document["about"]["1"]["events"] = [made.sealed().model_dump(mode="json")]
        path.write_text(json.dumps(document))
        before = snapshot(store_folder)
        for action in (lambda: logged.generate("Third"), logged.verify_events):
            with pytest.raises(AuditTamperedError, match="lacks events, was edited, or"):
                action()
        assert snapshot(store_folder) == before

    def test_an_empty_list_of_events_about_operators(
        self, service: CredentialService, store: TinyDBStore, store_folder: Path
    ) -> None:
        set_all_operators(store, Operator(name="alice", representative=True))
        path = store_folder / "operators.json"
        document = json.loads(path.read_bytes())
        document["about"]["1"]["events"] = []
        path.write_text(json.dumps(document))
        before = snapshot(store_folder)
        for action in (service.page, store.verify_operator_events, lambda: service.generate("One")):
            with pytest.raises(StoreCorruptError, match=r"operators\.json is damaged"):
                action()
        assert snapshot(store_folder) == before

    @pytest.mark.parametrize(
        "break_",
        [
            lambda lines: lines[:0],
            lambda lines: lines[:-2],
            lambda lines: lines[:1],
            lambda lines: [*lines, lines[-1].replace(b'"number":5', b'"number":6')],
            lambda lines: [*lines[:-1], lines[-1].replace(b'"hash":"', b'"hash":"0')],
            lambda lines: [*lines[:-1], lines[-1].replace(b"alice", b"mallo")],
        ],
        ids=["all removed", "two removed", "one left", "one added", "another hash", "edited last"],
    )
    def test_a_log_that_is_not_the_credentials_own_stops_changes(
        self,
        logged: CredentialService,
        store: TinyDBStore,
        store_folder: Path,
        log: Path,
        break_: Callable[[list[bytes]], list[bytes]],
    ) -> None:
        whole, organization = log.read_bytes(), store.load(PLACE)
        log.write_bytes(b"".join(break_(self.lines(log))))
        before = snapshot(store_folder)
        for action in (lambda: logged.generate("Third"), logged.verify_events):
            with pytest.raises(AuditTamperedError, match="Restore both files from the same moment"):
                action()
        assert snapshot(store_folder) == before
        assert store.load(PLACE) == organization, "it can still be looked at"
        log.write_bytes(whole)
        logged.generate("Third")

    def test_a_lost_log(self, logged: CredentialService, log: Path) -> None:
        log.unlink()
        with pytest.raises(AuditTamperedError, match="lacks events"):
            logged.generate("Third")

    @pytest.mark.parametrize("line", [b"garbage\n", b"{}\n", b"\xff\n", b"\x00" * 50 + b"\n"])
    def test_a_line_that_is_no_event(
        self, logged: CredentialService, store: TinyDBStore, log: Path, line: bytes
    ) -> None:
        first, *rest = self.lines(log)
        log.write_bytes(b"".join([line, first, *rest]))
        for action in (logged.verify_events, lambda: store.events(PLACE)):
            with pytest.raises(AuditTamperedError, match="has a line that isn't an audit event"):
                action()

    def test_credentials_restored_without_their_log(
        self, logged: CredentialService, path: Path
    ) -> None:
        backup = path.read_bytes()
        logged.generate("Third")
        path.write_bytes(backup)
        with pytest.raises(AuditTamperedError, match="restored without its credentials"):
            logged.generate("Fourth")

    def test_credentials_lost(
        self, logged: CredentialService, store: TinyDBStore, path: Path
    ) -> None:
        path.unlink()
        with pytest.raises(StoreCorruptError, match="is missing, though its audit log is there"):
            store.load(PLACE)
        with pytest.raises(StoreCorruptError, match="Nothing was changed"):
            logged.generate("Fourth")
        assert not path.exists()

    def test_what_the_chain_does_not_show(self, logged: CredentialService, path: Path) -> None:
        """Somebody who can write the file can replace a hash. The chain has only events."""
        document = json.loads(path.read_bytes())
        first(document)["secret_hash"] = SECRET_HASH.get_secret_value()
        path.write_text(json.dumps(document))
        logged.verify_events()


def test_places_that_are_not_names(store: TinyDBStore) -> None:
    for name in ("..", "../x", "a/b", "", "A"):
        with pytest.raises(InvalidOrganizationError):
            store.load(Place("uat", name))
