"""Pipes, sockets, devices and huge files in the place of a store's files.

Anybody who may write in the folder can put them there. credtui doesn't wait for them, and reads no
more than a limit.
"""

import os
import socket
import stat
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from credtui.domain.errors import StoreError
from credtui.regular_files import LARGEST
from credtui.service.credentials import CredentialService
from credtui.store.tinydb.files import append_durably, replace_durably
from credtui.store.tinydb.store import TinyDBStore
from tests.store.tinydb.workers import PLACE, Workers, use
from tests.support import START

HUGE = 1 << 30
"""The size in bytes of a sparse file, which takes no space on the disk."""

EVERYTHING = (
    "look",
    "watch",
    "list events",
    "verify events",
    "read the key",
    "count uses",
    "change",
    "change again",
)


def make_socket(path: Path) -> None:
    # The path of a test's folder is too long for a socket.
    here = os.open(path.parent, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"/proc/self/fd/{here}/{path.name}")
    os.close(here)


def make_pipe_behind_a_link(path: Path) -> None:
    os.mkfifo(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


KINDS: Mapping[str, Callable[[Path], object]] = {
    "pipe": os.mkfifo,
    "socket": make_socket,
    "folder": Path.mkdir,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "pipe behind a link": make_pipe_behind_a_link,
}


@pytest.fixture(params=list(KINDS.values()), ids=list(KINDS))
def put(request: pytest.FixtureRequest) -> Callable[[Path], None]:
    """Returns a function that puts something irregular in a file's place."""

    def put(path: Path) -> None:
        path.unlink(missing_ok=True)
        request.param(path)

    return put


def assert_refused(workers: Workers, folder: Path, refused: set[str], sentence: str) -> None:
    """Use everything. Assert that the given uses are refused with a sentence, others are done."""
    told = dict(workers.start(use, folder).receive_all())
    assert tuple(told) == EVERYTHING, "one of them did not come back"
    for action, outcome in told.items():
        answer = f"store_unavailable: {sentence}"
        if action.startswith("change"):
            answer += " Nothing was changed."
        assert outcome == (answer if action in refused else "done"), action


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("uat/acme.json", {"look", "list events", "verify events", "change", "change again"}),
        ("uat/acme.audit.jsonl", {"list events", "verify events", "change", "change again"}),
        ("operators.json", {"look", "list events", "verify events", "change", "change again"}),
        ("uat/.usage/acme.json", {"count uses"}),
        ("token.key", {"read the key"}),
    ],
)
def test_only_uses_that_need_the_file_are_refused(
    workers: Workers,
    service: CredentialService,
    store: TinyDBStore,
    store_folder: Path,
    put: Callable[[Path], None],
    name: str,
    refused: set[str],
) -> None:
    service.generate("Payout")
    store.add_usage(PLACE, {})
    path = store_folder / name
    put(path)
    assert_refused(workers, store_folder, refused, f"Can't use {path}: not a regular file.")


def test_no_event_is_written_to_a_pipe_in_the_log_s_place(tmp_path: Path) -> None:
    path = tmp_path / "log"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(OSError, match="not a regular file"):
        append_durably(path, b"event")
    assert os.read(reader, 100) == b""
    os.close(reader)


def test_a_file_behind_a_link_in_the_log_s_place_is_not_cut(
    service: CredentialService, log: Path, tmp_path: Path
) -> None:
    service.generate("Payout")
    notes = tmp_path / "notes"
    notes.write_bytes(log.read_bytes()[:-9] + bytes(9))
    before = notes.read_bytes()
    log.unlink()
    log.symlink_to(notes)
    with pytest.raises(StoreError, match="too many levels of symbolic links"):
        service.generate("Batch")
    assert notes.read_bytes() == before


async def test_revoking_changes_no_permissions_through_a_link(
    store: TinyDBStore, tmp_path: Path
) -> None:
    precious = tmp_path / "precious"
    precious.touch(0o400)
    hour = tmp_path / "store" / "uat" / ".revoked" / str(int(START.timestamp()) // 3600)
    hour.mkdir(parents=True)
    (hour / f"{int(START.timestamp())}.token").symlink_to(precious)
    with pytest.raises(StoreError, match="too many levels of symbolic links"):
        store.revoke("uat", "token", START)
    assert await store.is_revoked("uat", "token", START)
    assert stat.S_IMODE(precious.stat().st_mode) == 0o400


def test_usage_is_not_written_through_a_link_that_comes_in_between(
    store: TinyDBStore, tmp_path: Path
) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious")
    (tmp_path / "store").mkdir()
    store.add_usage(PLACE, {})
    link, done = tmp_path / "store" / "uat" / ".usage" / ".acme.json.new", threading.Event()

    def put_links() -> None:
        while not done.is_set():
            with suppress(FileExistsError):
                link.symlink_to(precious)

    thread = threading.Thread(target=put_links)
    thread.start()
    try:
        for _ in range(100):
            with suppress(StoreError):
                store.add_usage(PLACE, {})
            assert precious.read_bytes() == b"precious"
    finally:
        done.set()
        thread.join()


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("uat/acme.json", {"look", "list events", "verify events", "change", "change again"}),
        ("operators.json", {"look", "list events", "verify events", "change", "change again"}),
        ("uat/.usage/acme.json", {"count uses"}),
        ("token.key", {"read the key"}),
    ],
)
def test_a_huge_file_is_not_read(
    workers: Workers,
    service: CredentialService,
    store: TinyDBStore,
    store_folder: Path,
    name: str,
    refused: set[str],
) -> None:
    service.generate("Payout")
    store.add_usage(PLACE, {})
    path = store_folder / name
    with path.open("ab") as file:
        file.truncate(HUGE)
    assert_refused(workers, store_folder, refused, f"Can't use {path}: file too large.")


def test_content_too_large_to_read_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "file"
    replace_durably(path, b"kept")
    with pytest.raises(StoreError, match=r"file too large"):
        replace_durably(path, bytes(LARGEST + 1))
    assert path.read_bytes() == b"kept"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("ended", [False, True])
def test_a_huge_line_is_no_event(
    workers: Workers, service: CredentialService, store_folder: Path, log: Path, ended: bool
) -> None:
    service.generate("Payout")
    with log.open("ab") as file:
        file.truncate(HUGE)
        if ended:
            file.seek(0, os.SEEK_END)
            file.write(b"\n")
    told = dict(workers.start(use, store_folder).receive_all())
    sentence = f"audit_tampered: The audit log {log} has a line that isn't an audit event."
    assert told["list events"] == sentence
    for action in ("verify events", "change"):
        assert told[action].startswith(f"audit_tampered: The audit log {log} lacks events, was")
    assert told["look"] == "done"
