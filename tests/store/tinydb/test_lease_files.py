"""Leases as files, in folders where something is odd."""

import errno
import fcntl
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from credtui.domain.lease import Lease
from credtui.store.tinydb.lease_files import LeaseFiles
from credtui.store.tinydb.store import TinyDBStore
from tests.store.test_contract import ACME, LEASE, hold_lease
from tests.store.tinydb.workers import run_with_mounts
from tests.support import Watch


@pytest.fixture
def folder(store_folder: Path) -> Path:
    return store_folder / "uat" / ".leases" / "acme"


def left_over(folder: Path) -> Path:
    """Leave a file behind as a killed session does."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "cid_left.over"
    path.write_text(LEASE.model_dump_json())
    return path


def test_a_left_over_file_is_no_lease_and_goes_with_the_next(
    store: TinyDBStore, folder: Path
) -> None:
    path = left_over(folder)
    hidden = folder / ".cid_left.half"
    hidden.write_text("{")
    watch = Watch(lambda: store.version(ACME))
    assert [*store.leases(ACME)] == []
    assert path.exists(), "reading changes nothing"
    assert not watch.changed()
    with hold_lease(store):
        assert [*store.leases(ACME)] == [LEASE]
        assert len([*folder.iterdir()]) == 1
    assert [*folder.iterdir()] == []


def test_a_file_has_the_store_s_permissions_and_no_secret(store: TinyDBStore, folder: Path) -> None:
    with hold_lease(store):
        (path,) = folder.iterdir()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert Lease.model_validate_json(path.read_bytes()) == LEASE


def test_in_a_shared_folder_the_group_reads_it(store: TinyDBStore, store_folder: Path) -> None:
    store_folder.mkdir()
    store_folder.chmod(0o2770)
    with hold_lease(store):
        (path,) = (store_folder / "uat" / ".leases" / "acme").iterdir()
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o2770


@pytest.mark.parametrize(
    "put",
    [
        lambda path: path.write_text("{"),
        lambda path: path.write_bytes(b"\xff"),
        lambda path: path.write_text('{"operator": "alice"}'),
    ],
)
def test_a_locked_file_of_something_else_is_no_lease(
    store: TinyDBStore, folder: Path, put: Callable[[Path], object]
) -> None:
    path = left_over(folder)
    put(path)
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert [*store.leases(ACME)] == []
        with hold_lease(store):
            assert [*store.leases(ACME)] == [LEASE]


@pytest.mark.parametrize("put", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_no_file_is_no_lease(
    store: TinyDBStore, folder: Path, put: Callable[[Path], object]
) -> None:
    folder.mkdir(parents=True)
    put(folder / "odd")
    assert [*store.leases(ACME)] == []
    with hold_lease(store):
        assert [*store.leases(ACME)] == [LEASE]


def test_a_file_in_place_of_the_folder_costs_only_the_lease(
    store: TinyDBStore, folder: Path
) -> None:
    folder.parent.mkdir(parents=True)
    folder.write_text("")
    with hold_lease(store):
        assert [*store.leases(ACME)] == []
    assert folder.exists()


def test_without_locks_there_is_no_lease(
    store: TinyDBStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file system of a test machine lacks locks, so the call is replaced."""

    def flock(_file: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    with hold_lease(store):
        monkeypatch.setattr(fcntl, "flock", flock)
        assert [*store.leases(ACME)] == []
    with ExitStack() as held:
        held.enter_context(LeaseFiles(folder.parents[1], "acme").hold(LEASE))
        assert [*folder.iterdir()] == []
        assert [*store.leases(ACME)] == []


def test_a_program_that_the_session_starts_doesn_t_keep_its_lease(store: TinyDBStore) -> None:
    """A clipboard's program lives on after the session."""
    with hold_lease(store):
        child = subprocess.Popen(
            [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False
        )
    with child:
        assert [*store.leases(ACME)] == []
        child.communicate(b"\n")


READ_ONLY_DISK = """
import fcntl, json, subprocess, sys
from pathlib import Path
from credtui.store.tinydb.lease_files import LeaseFiles
from tests.store.test_contract import LEASE
from tests.store.tinydb.test_lease_files import left_over

disk = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "tmpfs", disk], check=True)
path = left_over(disk / ".leases" / "acme")
subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
leases = LeaseFiles(disk, "acme")
counts = [len(leases.read())]
with leases.hold(LEASE):
    counts.append(len(leases.read()))
with path.open("rb") as file:
    fcntl.flock(file, fcntl.LOCK_EX)
    counts.append(len(leases.read()))
print(json.dumps(counts))
"""


def test_a_read_only_disk_costs_only_the_lease(tmp_path: Path) -> None:
    """To find a lease that another process holds takes no permission to write."""
    assert run_with_mounts(READ_ONLY_DISK, tmp_path) == [0, 0, 1]


def test_a_session_that_can_open_no_more_files_removes_no_lease(
    store: TinyDBStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hold_lease(store):

        def open_file(path: Path) -> int:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), str(path))

        with monkeypatch.context() as context, ExitStack() as held:
            context.setattr("credtui.store.tinydb.lease_files.open_file", open_file)
            held.enter_context(LeaseFiles(folder.parents[1], "acme").hold(LEASE))
        assert [*store.leases(ACME)] == [LEASE]
