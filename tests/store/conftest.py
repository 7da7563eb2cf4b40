"""Fixtures for the tests of stores."""

from collections.abc import Iterator

import pytest

from tests.store.workers import Workers


@pytest.fixture(scope="session")
def workers() -> Iterator[Workers]:
    with Workers() as workers:
        yield workers
