import errno
import os
import stat
from pathlib import Path

import pytest

from credtui.domain.errors import StoreError
from credtui.service.credentials import CredentialService
from credtui.store.tinydb.files import append_durably, cut_durably, explained, replace_durably
from credtui.store.tinydb.folders import make_folder
from credtui.store.tinydb.owner import file_mode, is_shared
from tests.store.tinydb.workers import Workers, attempt


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class TestReplace:
    def test_makes_and_replaces(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        for content in (b"one", b"", b"three" * 100_000):
            replace_durably(path, content)
            assert path.read_bytes() == content
        assert list(tmp_path.iterdir()) == [path]

    def test_a_reader_sees_the_whole_old_or_the_whole_new_content(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        replace_durably(path, b"old" * 1000)
        with path.open("rb") as reader:
            beginning = reader.read(3)
            replace_durably(path, b"new" * 1000)
            assert beginning + reader.read() == b"old" * 1000
        assert path.read_bytes() == b"new" * 1000

    def test_a_killed_writer_s_file_is_not_in_the_way(self, tmp_path: Path) -> None:
        left = tmp_path / ".file.new"
        left.write_bytes(b"longer than what is written now")
        left.chmod(0o400)
        replace_durably(tmp_path / "file", b"new")
        assert (tmp_path / "file").read_bytes() == b"new"
        assert mode(tmp_path / "file") == 0o600
        assert not left.exists()

    def test_a_link_in_the_temporary_file_s_place_is_not_followed(self, tmp_path: Path) -> None:
        other = tmp_path / "other"
        other.write_bytes(b"precious")
        (tmp_path / ".file.new").symlink_to(other)
        replace_durably(tmp_path / "file", b"new")
        assert other.read_bytes() == b"precious"
        assert not (tmp_path / "file").is_symlink()

    def test_a_folder_in_the_file_s_place_stays(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        path.mkdir()
        with pytest.raises(StoreError, match=r"Can't use .*file: is a directory"):
            replace_durably(path, b"new")
        assert list(tmp_path.iterdir()) == [path]

    def test_a_missing_folder_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match="no such file or directory"):
            replace_durably(tmp_path / "missing" / "file", b"new")


class TestAppend:
    def test_makes_and_adds(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        append_durably(path, b"one")
        append_durably(path, b"two")
        assert path.read_bytes() == b"onetwo"
        assert mode(path) == 0o600

    def test_the_mode_that_somebody_set_stays(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        append_durably(path, b"one")
        path.chmod(0o640)
        append_durably(path, b"two")
        assert mode(path) == 0o640

    def test_a_link_is_not_followed(self, tmp_path: Path) -> None:
        (tmp_path / "file").symlink_to(tmp_path / "other")
        with pytest.raises(OSError, match="symbolic link"):
            append_durably(tmp_path / "file", b"one")
        assert not (tmp_path / "other").exists()


class TestFolders:
    def test_made_for_the_owner_alone(self, tmp_path: Path) -> None:
        make_folder(tmp_path / "a" / "b" / "c")
        make_folder(tmp_path / "a" / "b" / "c")
        for folder in ("a", "a/b", "a/b/c"):
            assert mode(tmp_path / folder) == 0o700

    def test_made_for_the_group_in_a_shared_one(self, tmp_path: Path) -> None:
        shared = tmp_path / "shared"
        shared.mkdir()
        shared.chmod(0o2770)
        make_folder(shared / "a" / "b")
        for folder in (shared, shared / "a", shared / "a" / "b"):
            assert mode(folder) == 0o2770
            assert is_shared(folder)

    @pytest.mark.parametrize("bits", [0o700, 0o755, 0o770, 0o777, 0o2700, 0o2750, 0o1777])
    def test_not_shared(self, tmp_path: Path, bits: int) -> None:
        folder = tmp_path / "folder"
        folder.mkdir()
        folder.chmod(bits)
        assert not is_shared(folder)

    def test_an_existing_folder_keeps_its_mode(self, tmp_path: Path) -> None:
        folder = tmp_path / "folder"
        folder.mkdir()
        folder.chmod(0o755)
        make_folder(folder)
        assert mode(folder) == 0o755

    def test_a_file_in_its_place(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(StoreError, match="not a directory"):
            make_folder(tmp_path / "file" / "folder" / "below")

    def test_a_link_that_leads_in_a_circle(self, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to("link")
        with pytest.raises(StoreError, match="too many levels of symbolic links"):
            make_folder(tmp_path / "link" / "folder")


class TestSurvivingAPowerCut:
    """A name survives once its folder was synced with the name in it."""

    @pytest.fixture
    def synced(self, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
        """The files that were synced, and the names that were in a folder when it was synced."""
        synced: list[Path] = []
        fsync = os.fsync

        def note(descriptor: int) -> None:
            fsync(descriptor)
            path = Path(f"/proc/self/fd/{descriptor}").readlink()
            synced.extend(path.iterdir() if path.is_dir() else [path])

        monkeypatch.setattr(os, "fsync", note)
        return synced

    def test_a_replaced_file(self, tmp_path: Path, synced: list[Path]) -> None:
        path = tmp_path / "file"
        for content in (b"one", b"two"):
            replace_durably(path, content)
            assert synced == [tmp_path / ".file.new", path]
            synced.clear()

    def test_a_new_file(self, tmp_path: Path, synced: list[Path]) -> None:
        path = tmp_path / "file"
        append_durably(path, b"one")
        assert synced == [path, path]
        append_durably(path, b"two")
        assert synced == [path, path, path]

    def test_a_file_that_was_cut(self, tmp_path: Path, synced: list[Path]) -> None:
        path = tmp_path / "file"
        path.write_bytes(b"onetwo")
        cut_durably(path, 3)
        assert path.read_bytes() == b"one"
        assert synced == [path]

    def test_all_of_a_first_credential(
        self, service: CredentialService, store_folder: Path, synced: list[Path]
    ) -> None:
        issued = service.generate("Payout gateway")
        environment = store_folder / "uat"
        names = ("acme.json", "acme.audit.jsonl", f".clients/{issued.credential.client_id}")
        assert {environment / name for name in names} <= set(synced)
        assert {store_folder, environment, environment / ".clients"} <= set(synced)


def test_modes_of_files(tmp_path: Path) -> None:
    for bits, expected in ((0o700, 0o600), (0o2770, 0o660)):
        tmp_path.chmod(bits)
        assert file_mode(tmp_path / "file") == expected


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
@pytest.mark.parametrize("shared", [False, True], ids=["private", "shared"])
def test_a_store_s_modes_whatever_the_umask(
    workers: Workers,
    tmp_path: Path,
    umask: int,
    shared: bool,
) -> None:
    folder = tmp_path / "store"
    if shared:
        folder.mkdir()
        folder.chmod(0o2770)
    worker = workers.start(attempt, folder, None, umask)
    assert [report["outcome"] for report in worker.receive_all()] == ["done", "done"]
    folders = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"acme.json", "acme.audit.jsonl", "acme.lock"}
    assert {oct(mode(path)) for path in folders} == {oct(0o2770 if shared else 0o700)}
    assert {oct(mode(path)) for path in files} == {oct(0o660 if shared else 0o600)}


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "the disk is full"),
        (errno.EACCES, "permission denied"),
        (errno.EPERM, "permission denied"),
        (errno.EROFS, "the disk is read-only"),
        (errno.EIO, "input/output error"),
        (errno.EMFILE, "too many open files"),
    ],
)
def test_explained(number: int, reason: str) -> None:
    with pytest.raises(StoreError) as explanation, explained(Path("/store/acme.json")):
        raise OSError(number, os.strerror(number))
    assert str(explanation.value) == f"Can't use /store/acme.json: {reason}."
    assert explanation.value.code == "store_unavailable"
