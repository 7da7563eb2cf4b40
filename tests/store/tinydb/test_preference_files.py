"""The file with what operators prefer."""

import json
import os
import stat
from pathlib import Path

import pytest

from credtui.domain.errors import StoreError
from credtui.store.tinydb.preference_files import PreferenceFiles
from credtui.store.tinydb.store import TinyDBStore

pytestmark = pytest.mark.files


@pytest.fixture
def path(store_folder: Path) -> Path:
    store_folder.mkdir(mode=0o700)
    return store_folder / "preferences.json"


def test_the_file_is_its_owner_s_alone(store: TinyDBStore, store_folder: Path) -> None:
    """The first choice may come before the first credential, and makes the folder."""
    store.keep_theme("alice", "light")
    path = store_folder / "preferences.json"
    assert json.loads(path.read_text()) == {"alice": {"theme": "light"}}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(store_folder.stat().st_mode) == 0o700


def test_a_shared_folder_s_file_is_the_group_s(path: Path) -> None:
    path.parent.chmod(0o2770)
    PreferenceFiles(path.parent).keep_theme("alice", "light")
    for made in path.parent.iterdir():
        assert stat.S_IMODE(made.stat().st_mode) == 0o660


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b"\0" * 4096,
        b"[" * 100_000,
        b'{"alice": "light"}',
        b'{"alice": {"theme": 1}}',
        b'{"alice": {}}',
    ],
)
def test_a_damaged_file_holds_nothing_and_is_replaced(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    files = PreferenceFiles(path.parent)
    assert files.theme_of("alice") is None
    files.keep_theme("alice", "light")
    assert files.theme_of("alice") == "light"


def test_what_a_later_version_keeps_stays(path: Path) -> None:
    path.write_text('{"bob": {"theme": "dark", "width": 3}}')
    files = PreferenceFiles(path.parent)
    files.keep_theme("alice", "light")
    assert files.theme_of("bob") == "dark"
    assert json.loads(path.read_text())["bob"]["width"] == 3
    files.keep_theme("bob", "light")
    assert json.loads(path.read_text())["bob"] == {"theme": "light", "width": 3}


@pytest.mark.parametrize("kind", ["pipe", "folder", "link to nothing"])
def test_something_else_in_its_place(path: Path, kind: str) -> None:
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("nowhere")
    files = PreferenceFiles(path.parent)
    if kind == "link to nothing":
        assert files.theme_of("alice") is None
    else:
        with pytest.raises(StoreError):
            files.theme_of("alice")


def test_it_stays_small(path: Path) -> None:
    path.write_text(json.dumps({f"operator-{n}": {"theme": "dark"} for n in range(1500)}))
    files = PreferenceFiles(path.parent)
    files.keep_theme("alice", "light")
    assert len(json.loads(path.read_text())) == 1000
    assert files.theme_of("alice") == "light"
    assert files.theme_of("operator-1499") == "dark"
    assert files.theme_of("operator-0") is None


def test_left_overs_of_a_kill_are_no_obstacle(path: Path) -> None:
    (path.parent / ".preferences.json.new").write_text("{")
    files = PreferenceFiles(path.parent)
    files.keep_theme("alice", "light")
    assert files.theme_of("alice") == "light"
    assert sorted(made.name for made in path.parent.iterdir()) == [
        "preferences.json",
        "preferences.lock",
    ]
