"""Fixtures for the tests of the portal."""

from pathlib import Path

import pytest

from tests.tui.apps import Installation


@pytest.fixture
def empty(store_folder: Path) -> Installation:
    """An installation without credentials."""
    return Installation(store_folder)


@pytest.fixture
def demo(store_folder: Path) -> Installation:
    """The demo's three credentials: Payout gateway (primary), Reporting batch, Treasury sync."""
    return Installation(store_folder, demo=True)


@pytest.fixture
def two(store_folder: Path) -> Installation:
    """Two credentials: Payout gateway (primary), Reporting batch."""
    installation = Installation(store_folder)
    installation.add("Payout gateway", "Reporting batch")
    return installation
