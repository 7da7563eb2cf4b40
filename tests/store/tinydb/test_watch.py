import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from credtui.store.tinydb.files import replace_durably
from credtui.store.tinydb.watch import FileWatch


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


@pytest.fixture
def watch(path: Path) -> Iterator[FileWatch]:
    replace_durably(path, b"0")
    watch = FileWatch(path)
    yield watch
    watch.close()


def test_each_replacement_is_told_once(path: Path, watch: FileWatch) -> None:
    # The kernel reuses an inode number as soon as nobody has the file open, and each content has
    # the same length.
    for number in range(50):
        assert not watch.changed()
        replace_durably(path, b"%d" % (number % 10))
        replace_durably(path, b"%d" % (number % 10))
        assert watch.changed(), number
    assert not watch.changed()


def test_the_number_of_a_watched_file_is_not_given_away(path: Path) -> None:
    """Otherwise every other change would be missed."""
    replace_durably(path, b"x")
    watch = FileWatch(path)
    for _ in range(10):
        before = path.stat().st_ino
        for _ in range(3):
            replace_durably(path, b"x")
        assert path.stat().st_ino != before
        assert watch.changed()
    watch.close()


def test_a_watched_file_is_held_open(path: Path, watch: FileWatch) -> None:
    """Some file systems never reuse an inode number, some do at once unless the file is open."""
    first = path.stat()
    assert is_open(first)
    replace_durably(path, b"1")
    second = path.stat()
    assert is_open(first)
    assert not is_open(second)
    assert watch.changed()
    assert not is_open(first)
    assert is_open(second)


def is_open(file: os.stat_result) -> bool:
    """Tell whether this process has a file open, even a deleted one."""
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            if os.path.samestat(descriptor.stat(), file):
                return True
    return False


def test_appearing_and_disappearing(path: Path) -> None:
    watch = FileWatch(path)
    assert not watch.changed()
    replace_durably(path, b"1")
    assert [watch.changed(), watch.changed()] == [True, False]
    path.unlink()
    assert [watch.changed(), watch.changed()] == [True, False]
    replace_durably(path, b"1")
    assert [watch.changed(), watch.changed()] == [True, False]
    watch.close()


def test_its_folder_appearing(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file"
    watch = FileWatch(path)
    path.parent.mkdir()
    assert not watch.changed()
    replace_durably(path, b"1")
    assert [watch.changed(), watch.changed()] == [True, False]
    watch.close()


def test_written_over_by_hand(path: Path, watch: FileWatch) -> None:
    path.write_bytes(b"edited")
    assert [watch.changed(), watch.changed()] == [True, False]


def test_a_file_that_can_t_be_opened_is_told_once(path: Path, watch: FileWatch) -> None:
    path.unlink()
    # Not even root can read a folder as a file.
    path.mkdir()
    assert [watch.changed(), watch.changed(), watch.changed()] == [True, False, False]


def test_looking_and_permissions_are_no_changes(path: Path, watch: FileWatch) -> None:
    path.read_bytes()
    path.chmod(0o640)
    assert not watch.changed()


def test_several_files(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    watch = FileWatch(one, other)
    replace_durably(one, b"1")
    replace_durably(other, b"1")
    assert [watch.changed(), watch.changed()] == [True, False]
    replace_durably(other, b"2")
    assert [watch.changed(), watch.changed()] == [True, False]
    watch.close()


def test_closing_gives_the_files_back(path: Path, watch: FileWatch) -> None:
    before = lowest_free_descriptor(path)
    for _ in range(20):
        other = FileWatch(path)
        replace_durably(path, b"1")
        other.changed()
        other.close()
        other.close()
    assert lowest_free_descriptor(path) == before


def lowest_free_descriptor(path: Path) -> int:
    with path.open("rb") as file:
        return file.fileno()
