"""The stores that tests run through: `pytest --store NAME` chooses one."""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from pathlib import Path
from threading import Lock

import psycopg
from psycopg.errors import DuplicateDatabase

from credtui.store.port import Store
from credtui.store.postgres.migrate import migrate
from credtui.store.postgres.store import PostgresStore
from credtui.store.tinydb.store import TinyDBStore
from tests.postgres.shared import ADDRESS, create_database, shared_url

_making = Lock()


APPLICATION = "application"
"""The role that credtui works as in the tests. The superuser owns the databases."""

POOLER = "TESTED_POOLER"
"""The environment variable that holds the host and port of a pooler, to reach the server by."""


def open_postgres(folder: Path) -> Store:
    """Open the store in the database that belongs to a folder. The first call makes it."""
    return PostgresStore(as_application(database_of(folder)))


def as_application(url: str) -> str:
    """Return the address of a database as the role that credtui works as."""
    url = url.replace("//postgres@", f"//{APPLICATION}@")
    return url.replace(os.environ[ADDRESS], os.environ.get(POOLER, os.environ[ADDRESS]))


def database_of(folder: Path) -> str:
    """Return the address of the database that belongs to a folder, as its owner.

    The first call makes it.
    """
    with _making:
        return _database_of(folder)


@cache
def _database_of(folder: Path) -> str:
    name = "of_" + blake2b(str(folder).encode(), digest_size=8).hexdigest()
    with suppress(DuplicateDatabase):
        return create_database(name, _template())
    return shared_url(name)


@cache
def _template() -> str:
    """Return the name of a database with the tables, which others are copied from."""
    with suppress(DuplicateDatabase):
        url = create_database("migrated")
        with psycopg.connect(url) as connection:
            connection.execute(f"CREATE ROLE {APPLICATION} LOGIN")
        migrate(url, APPLICATION)
    return "migrated"


STORES: Mapping[str, Callable[[Path], Store]] = {"tinydb": TinyDBStore, "postgres": open_postgres}
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
    if os.environ[CHOSEN] == "postgres":
        return {
            "CREDTUI_HOME": str(home),
            "CREDTUI_STORE_URL": as_application(database_of(home / "store")),
        }
    return {"CREDTUI_HOME": str(home)}
