"""Damage to an audit log: the error of verification, the effect of the next change, no loss.

The log has five events. The credentials' file has the last one too.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from credtui.domain.audit import AuditEvent
from credtui.domain.errors import AuditTamperedError
from credtui.service.credentials import CredentialService
from credtui.store.tinydb.log import AuditLog
from credtui.store.tinydb.store import TinyDBStore
from tests.conftest import MakeService
from tests.store.tinydb.test_ledger import snapshot
from tests.store.tinydb.test_log import chain, written
from tests.store.tinydb.workers import PLACE

EVENTS = 5


class Damage(NamedTuple):
    """A kind of damage to a log, and its effects.

    Attributes:
        to: Returns the damaged log.
        verification: The error of verification; None if the log verifies.
        change: The error of the next change; None if the change is made.
    """

    to: Callable[[list[bytes]], bytes]
    verification: str | None = None
    change: str | None = None


MISMATCH = "lacks events, was edited, or was restored without its credentials"
NO_EVENT = "has a line that isn't an audit event"


def edited(number: int) -> str:
    return f"event {number} is not as it was written"


join = b"".join

DAMAGES = {
    # A crash can leave these.
    "nothing": Damage(join),
    "the last line is missing": Damage(lambda lines: join(lines[:-1])),
    "the last line is torn": Damage(lambda lines: join(lines)[:-20]),
    "the last line break is missing": Damage(lambda lines: join(lines)[:-1]),
    "the last line is NUL bytes": Damage(lambda lines: join(lines[:-1]) + bytes(len(lines[-1]))),
    "the last line ends in NUL bytes": Damage(lambda lines: join(lines)[:-20] + bytes(20)),
    "the last line begins with NUL bytes": Damage(
        lambda lines: join([*lines[:-1], bytes(20), lines[-1][20:]])
    ),
    # No crash leaves these. The next change finds them.
    "two lines are missing": Damage(lambda lines: join(lines[:-2]), MISMATCH, MISMATCH),
    "the last line but one is torn": Damage(
        lambda lines: join(lines[:-1])[:-20], MISMATCH, MISMATCH
    ),
    "empty": Damage(lambda _: b"", MISMATCH, MISMATCH),
    "NUL bytes": Damage(lambda lines: bytes(len(join(lines))), MISMATCH, MISMATCH),
    "line feeds became carriage returns": Damage(
        lambda lines: join(lines).replace(b"\n", b"\r"), MISMATCH, MISMATCH
    ),
    "line feeds became both": Damage(
        lambda lines: join(lines).replace(b"\n", b"\r\n"), edited(1), MISMATCH
    ),
    "UTF-16": Damage(lambda lines: join(lines).decode().encode("utf-16"), NO_EVENT, MISMATCH),
    "the last line is there twice": Damage(
        lambda lines: join([*lines, lines[-1]]), MISMATCH, MISMATCH
    ),
    "text follows": Damage(lambda lines: join([*lines, b"text\n"]), MISMATCH, MISMATCH),
    "an empty line follows": Damage(lambda lines: join([*lines, b"\n"]), MISMATCH, MISMATCH),
    "a byte follows": Damage(lambda lines: join([*lines, b"{"]), MISMATCH, MISMATCH),
    "a NUL byte follows": Damage(lambda lines: join([*lines, b"\0"]), MISMATCH, MISMATCH),
    "the last line is torn, and text follows": Damage(
        lambda lines: join(lines)[:-20] + b"text", MISMATCH, MISMATCH
    ),
    "the last line is torn, and a line feed follows": Damage(
        lambda lines: join(lines)[:-20] + b"\n", MISMATCH, MISMATCH
    ),
    # No crash leaves these. Only verification finds them.
    "a byte order mark": Damage(lambda lines: b"\xef\xbb\xbf" + join(lines), NO_EVENT),
    "a blank is in front": Damage(lambda lines: b" " + join(lines), edited(1)),
    "the first line is missing": Damage(lambda lines: join(lines[1:]), edited(1)),
    "the first line is there twice": Damage(lambda lines: join([lines[0], *lines]), edited(2)),
    "a name was edited": Damage(
        lambda lines: join([lines[0], lines[1].replace(b" 2", b" 9"), *lines[2:]]),
        edited(2),
    ),
    "all lines are there twice": Damage(lambda lines: join(lines * 2), MISMATCH),
    "the last two lines changed places": Damage(
        lambda lines: join([*lines[:-2], lines[-1], lines[-2]]), edited(4)
    ),
    "a line became empty": Damage(lambda lines: join([lines[0], b"\n", *lines[2:]]), NO_EVENT),
}


@pytest.fixture
def logged(service: CredentialService) -> CredentialService:
    for number in (1, 2):
        issued = service.generate(f"Credential {number}")
    for _ in range(EVENTS - 2):
        service.make_primary(issued.credential.client_id)
    return service


def said(attempt: Callable[[], object]) -> str | None:
    """Return an attempt's error about the log; None if the attempt succeeds."""
    try:
        attempt()
    except AuditTamperedError as error:
        return str(error)
    return None


def ensure(sentence: str | None, expected: str | None) -> None:
    assert (sentence is None) == (expected is None), sentence
    assert (expected or "") in (sentence or "")


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_log(
    logged: CredentialService, store_folder: Path, log: Path, damage: Damage
) -> None:
    whole = log.read_bytes()
    log.write_bytes(damage.to(whole.splitlines(keepends=True)))
    before = snapshot(store_folder)

    def verify() -> None:
        newest = logged.verify_events()
        assert newest is not None
        assert newest.number == EVENTS

    ensure(said(verify), damage.verification)
    assert snapshot(store_folder) == before
    ensure(said(lambda: logged.generate("Third")), damage.change)
    if damage.change:
        assert snapshot(store_folder) == before
        log.write_bytes(whole)
        logged.generate("Third")
        assert log.read_bytes().startswith(whole)
    elif damage.verification:
        assert log.read_bytes().startswith(before[log])
        ensure(said(logged.verify_events), damage.verification)
    else:
        assert log.read_bytes().startswith(whole)
        assert said(logged.verify_events) is None


def test_a_lost_log(logged: CredentialService, store_folder: Path, log: Path) -> None:
    log.unlink()
    before = snapshot(store_folder)
    ensure(said(logged.verify_events), MISMATCH)
    ensure(said(lambda: logged.generate("Third")), MISMATCH)
    assert snapshot(store_folder) == before


def test_another_organization_s_log(
    logged: CredentialService, make_service: MakeService, store_folder: Path, log: Path
) -> None:
    other = make_service(organization="globex")
    for number in range(3):
        other.generate(f"Other {number}")
    for _ in range(3):
        other.make_primary(other.page().credentials[0].client_id)
    shutil.copy(log.with_name("globex.audit.jsonl"), log)
    before = snapshot(store_folder)
    ensure(said(logged.verify_events), MISMATCH)
    ensure(said(lambda: logged.generate("Third")), MISMATCH)
    assert snapshot(store_folder) == before


def test_removed_bytes_are_set_aside(
    logged: CredentialService, store: TinyDBStore, log: Path
) -> None:
    whole = log.read_bytes()
    torn = log.with_name("acme.audit.torn")
    log.write_bytes(whole[:-40] + bytes(20) + whole[-20:])
    assert [event.number for event in store.events(PLACE)] == [5, 4, 3, 2, 1]
    assert not torn.exists()
    logged.generate("Third")
    assert log.read_bytes().startswith(whole)
    assert torn.read_bytes() == bytes(20) + whole[-20:] + b"\n"
    assert torn.stat().st_mode == log.stat().st_mode

    # Later bytes are added to that file while it is small.
    for before, after in (
        (torn.read_bytes(), torn.read_bytes() + bytes(9) + b"\n"),
        (bytes(1 << 16), bytes(1 << 16)),
    ):
        torn.write_bytes(before)
        whole = log.read_bytes()
        log.write_bytes(whole[:-9] + bytes(9))
        logged.rename(logged.page().credentials[0].client_id, f"Renamed {len(whole)}")
        assert log.read_bytes().startswith(whole)
        assert torn.read_bytes() == after


class TestEachByte:
    """Damage at each byte of a log of three events. The store's file has the last two of them."""

    @pytest.fixture
    def events(self) -> list[AuditEvent]:
        return chain([10, 10, 10])

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "log"

    def outcome(self, path: Path, content: bytes, events: list[AuditEvent]) -> tuple[bool, bool]:
        """Return whether verification finds a fault, and whether catching up does."""
        path.write_bytes(content)
        log = AuditLog(path)
        found = said(lambda: log.verify(events[1:]))
        assert path.read_bytes() == content
        refused = said(lambda: log.catch_up(events[1:]))
        if refused:
            assert path.read_bytes() == content
        return found is not None, refused is not None

    def test_cut_there(self, path: Path, events: list[AuditEvent]) -> None:
        written(path, events)
        whole = path.read_bytes()
        torn = whole.index(b"\n") + 1
        for length in range(len(whole)):
            crash = length >= torn
            assert self.outcome(path, whole[:length], events) == (not crash, not crash)
            assert path.read_bytes() == (whole if crash else whole[:length])
        assert not path.with_suffix(".torn").exists()

    @pytest.mark.parametrize("flip", [1, 32, 128])
    def test_one_bit_flipped(self, path: Path, events: list[AuditEvent], flip: int) -> None:
        written(path, events)
        whole = path.read_bytes()
        first = whole.index(b"\n") + 1
        checked = first - len(f'"hash":"{events[0].hash}"}}\n')
        for position in range(len(whole)):
            flipped = bytearray(whole)
            flipped[position] ^= flip
            found, refused = self.outcome(path, bytes(flipped), events)
            assert found, position
            assert refused or position < checked, position
            assert path.read_bytes() == bytes(flipped)

    def test_a_nul_byte_there(self, path: Path, events: list[AuditEvent]) -> None:
        written(path, events)
        whole = path.read_bytes()
        first = whole.index(b"\n") + 1
        for position in range(len(whole)):
            holed = whole[:position] + b"\0" + whole[position + 1 :]
            found, _ = self.outcome(path, holed, events)
            assert found == (position < first), position
            assert path.read_bytes() == (holed if found else whole)
