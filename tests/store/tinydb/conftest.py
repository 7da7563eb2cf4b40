"""Fixtures for the tests of stores."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.store.tinydb.workers import Workers


@pytest.fixture(scope="session")
def workers() -> Iterator[Workers]:
    with Workers() as workers:
        yield workers


@pytest.fixture
def user() -> int | None:
    """Somebody for a worker to become, whom permissions restrain."""
    return 65534 if os.getuid() == 0 else None


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody may enter, as they may not pytest's own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        for path in (folder, *folder.rglob("*")):
            if path.is_dir():
                path.chmod(0o700)
