"""Fixtures for the tests of the TinyDB store."""

import os
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from credtui.store.tinydb.store import TinyDBStore
from tests.store.tinydb.workers import Workers


@pytest.fixture
def open_store(store_folder: Path) -> Callable[[], TinyDBStore]:
    """Opens a TinyDB store, whichever store is chosen for the other tests."""
    return partial(TinyDBStore, store_folder)


@pytest.fixture(scope="session")
def workers() -> Iterator[Workers]:
    with Workers() as workers:
        yield workers


@pytest.fixture
def user() -> int | None:
    """The user ID that a worker takes, because permissions don't restrain root; else None."""
    return 65534 if os.getuid() == 0 else None


@pytest.fixture
def log(store_folder: Path) -> Path:
    """The audit log of the organization in most tests."""
    return store_folder / "uat" / "acme.audit.jsonl"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user may enter. pytest's `tmp_path` is closed to other users."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        for path in (folder, *folder.rglob("*")):
            if path.is_dir():
                path.chmod(0o700)
