"""Fixtures for the tests of the portal."""

from pathlib import Path

import pytest

from tests.tui.apps import Stage


@pytest.fixture
def empty(store_folder: Path) -> Stage:
    """An installation without credentials."""
    return Stage(store_folder)


@pytest.fixture
def demo(store_folder: Path) -> Stage:
    """The demo's three credentials: Payout gateway (primary), Reporting batch, Treasury sync."""
    return Stage(store_folder, demo=True)


@pytest.fixture
def two(store_folder: Path) -> Stage:
    """Two credentials: Payout gateway (primary), Reporting batch."""
    stage = Stage(store_folder)
    stage.add("Payout gateway", "Reporting batch")
    return stage
