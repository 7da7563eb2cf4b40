import os
import pwd
import signal
import stat
import threading
import time
from pathlib import Path

import pytest

from credtui.domain.errors import StoreBusyError, StoreError
from credtui.service.credentials import CredentialService
from credtui.store.tinydb.lock import PATIENCE, locked
from credtui.store.tinydb.store import TinyDBStore
from tests.store.tinydb.workers import PLACE, Workers, hold
from tests.terminal import TIMEOUT

SELF = f"process {os.getpid()} ({pwd.getpwuid(os.getuid()).pw_name})"


def test_one_at_a_time_among_threads(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    inside, most, done = 0, 0, []

    def work() -> None:
        nonlocal inside, most
        for _ in range(5):
            with locked(path, patience=TIMEOUT):
                inside += 1
                most = max(most, inside)
                time.sleep(0.001)
                inside -= 1
        done.append(True)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, len(done)) == (1, 4)


def test_the_holder_is_named_after_the_wait(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with locked(path):
        with pytest.raises(StoreBusyError) as busy, locked(path, patience=0.05):
            pass
        assert path.read_text() == SELF
    assert str(busy.value) == (
        f"The store is in use by {SELF}, which doesn't finish. Try again, or end that process."
    )
    assert busy.value.code == "store_busy"
    with locked(path, patience=0):
        pass


def test_an_error_inside_gives_it_back(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with pytest.raises(ZeroDivisionError), locked(path):
        raise ZeroDivisionError
    with locked(path, patience=0):
        pass


@pytest.mark.parametrize(
    ("content", "holder"),
    [
        (b"", "another process"),
        (b"\xff\xfe", "another process"),
        (b"x\x1b]52;c;x\x07\nroot", "x\ufffd]52;c;x\ufffd\ufffdroot"),
        (b"x" * 10_000, "x" * 80),
    ],
)
def test_the_lock_file_s_content_is_shown_as_text(
    tmp_path: Path, content: bytes, holder: str
) -> None:
    path = tmp_path / "lock"
    with locked(path):
        path.write_bytes(content)
        with pytest.raises(StoreBusyError) as busy, locked(path, patience=0):
            pass
    assert f"in use by {holder}, which" in str(busy.value)


def test_mode(tmp_path: Path) -> None:
    for bits, expected in ((0o700, 0o600), (0o2770, 0o660)):
        tmp_path.chmod(bits)
        path = tmp_path / oct(bits)
        with locked(path):
            pass
        assert stat.S_IMODE(path.stat().st_mode) == expected


def test_a_folder_or_a_link_is_no_lock(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name, reason in (
        ("folder", "is a directory"),
        ("link", "too many levels of symbolic links"),
    ):
        with pytest.raises(StoreError, match=reason), locked(tmp_path / name, patience=0):
            pass
    assert not (tmp_path / "elsewhere").exists()


def test_a_stopped_process_is_named_and_its_death_frees_the_store(
    workers: Workers, service: CredentialService, store: TinyDBStore, store_folder: Path
) -> None:
    issued = service.generate("Payout")
    holder = workers.start(hold, store_folder)
    assert holder.receive() == "held"
    holder.send_signal(signal.SIGSTOP)
    before = store.load(PLACE)
    began = time.monotonic()
    with pytest.raises(StoreBusyError, match=rf"in use by process {holder.pid} \("):
        service.rotate(issued.credential.client_id)
    assert time.monotonic() - began >= PATIENCE
    assert service.page().credentials == (issued.credential,), "looking needs no lock"
    assert store.load(PLACE) == before
    holder.end()
    assert service.rotate(issued.credential.client_id).credential.generation == 2
