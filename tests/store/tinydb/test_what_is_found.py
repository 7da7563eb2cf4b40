"""The table of docs/security.md that says which check finds which edit, tried on real files."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from credtui.domain.audit import FIRST_PREVIOUS, AuditEvent
from credtui.domain.errors import AuditTamperedError, StoreCorruptError
from credtui.service.credentials import CredentialService
from credtui.store.tinydb.store import TinyDBStore
from tests.conftest import MakeService
from tests.store.tinydb.workers import PLACE
from tests.support import SECRET_HASH

DOCUMENT = Path(__file__).parents[3] / "docs" / "security.md"

LOOKING, VERIFICATION, CHANGE = "every look", "verification", "the next change"


class Files(NamedTuple):
    """An organization's files, with their content of two changes ago."""

    data: Path
    log: Path
    earlier: tuple[bytes, bytes]
    other_log: Path

    @property
    def lines(self) -> list[bytes]:
        return self.log.read_bytes().splitlines(keepends=True)

    def keep(self, *lines: bytes) -> None:
        """Replace the log by these lines."""
        self.log.write_bytes(b"".join(lines))

    def edit(self, change: Callable[[dict[str, Any]], object]) -> None:
        """Edit the credentials' file."""
        tables = json.loads(self.data.read_bytes())
        change(tables)
        self.data.write_text(json.dumps(tables))

    def edit_events(self, change: Callable[[list[dict[str, Any]]], object]) -> None:
        self.edit(lambda tables: change(tables["about"]["1"]["events"]))

    def end_with(self, line: bytes) -> None:
        """Make the event of a line the only event in the credentials' file."""
        self.edit(lambda tables: tables["about"]["1"].update(events=[json.loads(line)]))

    def remove_last_events(self) -> None:
        self.keep(*self.lines[:-2])
        self.end_with(self.lines[-1])

    def make_anew(self) -> None:
        """Replace the log by other events that hold together."""
        previous, made = FIRST_PREVIOUS, []
        for line in self.lines:
            event = AuditEvent.model_validate_json(line)
            event = event.model_copy(update={"previous": previous, "detail": "made anew"}).sealed()
            previous = event.hash
            made.append(event.model_dump_json().encode() + b"\n")
        self.keep(*made)
        self.end_with(made[-1])

    def restore(self) -> None:
        for path, content in zip((self.data, self.log), self.earlier, strict=True):
            path.write_bytes(content)

    def remove(self) -> None:
        self.data.unlink()
        self.log.unlink()


EDITS: dict[str, tuple[Callable[[Files], object], str]] = {
    "An event of the log is changed": (
        lambda files: files.keep(files.lines[0].replace(b"alice", b"mallo"), *files.lines[1:]),
        "verification",
    ),
    "An event is removed from the log's beginning or middle": (
        lambda files: files.keep(files.lines[0], *files.lines[2:]),
        "verification",
    ),
    "An event is added in the log's middle, or two change places": (
        lambda files: files.keep(files.lines[1], files.lines[0], *files.lines[2:]),
        "verification",
    ),
    "Anything is added at the log's end": (
        lambda files: files.keep(*files.lines, files.lines[-1]),
        "verification, the next change",
    ),
    "The last event of the log is changed": (
        lambda files: files.keep(*files.lines[:-1], files.lines[-1].replace(b"alice", b"mallo")),
        "verification, the next change",
    ),
    "The last events of the log are removed": (
        lambda files: files.keep(*files.lines[:-2]),
        "verification, the next change",
    ),
    "The log is emptied or removed": (
        lambda files: files.log.unlink(),
        "verification, the next change",
    ),
    "The log is replaced by an older copy, or by another organization's": (
        lambda files: shutil.copy(files.other_log, files.log),
        "verification, the next change",
    ),
    "The credentials' file is replaced by an older copy": (
        lambda files: files.data.write_bytes(files.earlier[0]),
        "verification, the next change",
    ),
    "The events in the credentials' file are changed or removed": (
        lambda files: files.edit_events(lambda events: events.clear()),
        "every look, verification, the next change",
    ),
    "The credentials' file is removed": (
        lambda files: files.data.unlink(),
        "every look, verification, the next change",
    ),
    "The last events are removed from the log, and the credentials' file is edited to match": (
        Files.remove_last_events,
        "number and hash",
    ),
    "The log is made anew from its first event on, and the credentials' file is edited to match": (
        Files.make_anew,
        "number and hash",
    ),
    "Both files are replaced by older copies of the same moment": (
        Files.restore,
        "number and hash",
    ),
    "Both files are removed": (
        Files.remove,
        "number and hash",
    ),
    "A credential is edited in the credentials' file, such as its hash": (
        lambda files: files.edit(
            lambda tables: tables["credentials"]["1"].update(
                secret_hash=SECRET_HASH.get_secret_value()
            )
        ),
        "nothing",
    ),
}


@pytest.fixture
def logged(service: CredentialService) -> CredentialService:
    for number in (1, 2):
        service.generate(f"Credential {number}")
    return service


@pytest.fixture
def files(logged: CredentialService, make_service: MakeService, store_folder: Path) -> Files:
    folder = store_folder / "uat"
    data, log, other_log = (
        folder / name for name in ("acme.json", "acme.audit.jsonl", "globex.audit.jsonl")
    )
    logged.rename(logged.page().credentials[1].client_id, "Credential 3")
    earlier = data.read_bytes(), log.read_bytes()
    for credential in logged.page().credentials:
        logged.make_primary(credential.client_id)
    other = make_service(organization="globex")
    other.generate("Other")
    for _ in range(4):
        other.make_primary(other.page().credentials[0].client_id)
    return Files(data, log, earlier, other_log)


def finds(action: Callable[[], object]) -> bool:
    try:
        action()
    except (AuditTamperedError, StoreCorruptError):
        return True
    return False


def noted(store: TinyDBStore, number: int, digest: str) -> bool:
    """Tell whether the store still has the event with this number and hash."""
    return any((event.number, event.hash) == (number, digest) for event in store.events(PLACE))


@pytest.mark.parametrize("edit", EDITS)
def test_the_edit_is_found_as_documented(
    logged: CredentialService, store: TinyDBStore, files: Files, edit: str
) -> None:
    last = logged.verify_events()
    assert last is not None
    assert noted(store, last.number, last.hash)
    change, found_by = EDITS[edit]
    change(files)
    found = {
        name
        for name, action in (
            (LOOKING, logged.page),
            (VERIFICATION, logged.verify_events),
            (CHANGE, lambda: logged.set_networks(["10.0.0.0/8"])),
        )
        if finds(action)
    }
    if not found:
        found = {"nothing"} if noted(store, last.number, last.hash) else {"number and hash"}
    assert found == set(found_by.split(", "))


def test_the_document_has_these_rows() -> None:
    section = (
        DOCUMENT.read_text().partition("## What verification finds\n")[2].partition("\n## ")[0]
    )
    rows = re.findall(r"^\| (.+?) \| (.+?) \|$", section, re.MULTILINE)[1:]
    assert rows == [(edit, found_by) for edit, (_, found_by) in EDITS.items()]
