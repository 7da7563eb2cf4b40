"""The stores that tests run through: `pytest --store NAME` chooses one."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from credtui.store.port import Store
from credtui.store.tinydb.store import TinyDBStore

STORES: Mapping[str, Callable[[Path], Store]] = {"tinydb": TinyDBStore}
"""How to open each store for a folder of the test's own. Opened twice, it has the same data."""

CHOSEN = "TESTED_STORE"
"""The environment variable that holds the chosen name. Helper programs of the tests inherit it."""


def open_store(folder: Path) -> Store:
    """Open the chosen store for a folder of the test's own."""
    return STORES[os.environ[CHOSEN]](folder)


def program_environ(home: Path) -> dict[str, str]:
    """Return the environment variables that make credtui use the chosen store in a home.

    It is the store that `open_store(home / "store")` opens.
    """
    return {"CREDTUI_HOME": str(home)}
