"""The stores that tests run through: `pytest --store NAME` chooses one."""

from collections.abc import Callable, Mapping
from pathlib import Path

from credtui.store.port import Store
from credtui.store.tinydb.store import TinyDBStore

STORES: Mapping[str, Callable[[Path], Store]] = {"tinydb": TinyDBStore}
"""Opens a store for a folder of the test's own. Opened twice, it is one and the same store."""
