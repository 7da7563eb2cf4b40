"""The stores that tests run on.

A test with the marker `each_store` runs on each store. Every other test runs on TinyDB. With
`pytest --store NAME`, all run on that store only.

Each program that tests start imports this module, and loads no more than its own store needs.
"""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from pathlib import Path
from threading import Lock

from credtui.store.port import Store

_making = Lock()


APPLICATION = "application"
"""The role that credtui works as in the tests. The superuser owns the databases."""

POOLER = "TESTED_POOLER"
"""The environment variable that holds the host and port of a pooler, to reach the server by."""


def open_tinydb(folder: Path) -> Store:
    """Open the store in a folder."""
    from credtui.store.tinydb.store import TinyDBStore

    return TinyDBStore(folder)


def open_postgres(folder: Path) -> Store:
    """Open the store in the database that belongs to a folder. The first call makes it."""
    from credtui.store.postgres.store import PostgresStore

    return PostgresStore(as_application(database_of(folder)))


def as_application(url: str) -> str:
    """Return the address of a database as the role that credtui works as."""
    from tests.postgres.shared import ADDRESS

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
    from psycopg.errors import DuplicateDatabase

    from tests.postgres.shared import create_database, shared_url

    name = _name_of(folder)
    with suppress(DuplicateDatabase):
        return create_database(name, _template())
    return shared_url(name)


def remove_database_of(folder: Path) -> None:
    """Remove the database that belongs to a folder, if the tests run on PostgreSQL."""
    if os.environ[CHOSEN] == "postgres":
        from tests.postgres.shared import drop_database

        drop_database(_name_of(folder))


def _name_of(folder: Path) -> str:
    return "of_" + blake2b(str(folder).encode(), digest_size=8).hexdigest()


@cache
def _template() -> str:
    """Return the name of a database with the tables, which others are copied from."""
    import psycopg
    from psycopg.errors import DuplicateDatabase

    from credtui.store.postgres.migrate import migrate
    from tests.postgres.shared import create_database

    with suppress(DuplicateDatabase):
        url = create_database("migrated")
        with psycopg.connect(url) as connection:
            connection.execute(f"CREATE ROLE {APPLICATION} LOGIN")
        migrate(url, APPLICATION)
    return "migrated"


STORES: Mapping[str, Callable[[Path], Store]] = {"tinydb": open_tinydb, "postgres": open_postgres}
"""How to open each store for a folder of the test's own. Opened twice, it has the same data."""

DEFAULT = "tinydb"
"""The store of tests that run on one store, and of those that need its files."""

CHOSEN = "TESTED_STORE"
"""The environment variable that holds the chosen name. Helper programs of the tests inherit it."""


def open_store(folder: Path) -> Store:
    """Open the chosen store for a folder of the test's own."""
    return STORES[os.environ[CHOSEN]](folder)


def program_environ(home: Path) -> dict[str, str]:
    """Return the environment variables that make credtui use the chosen store in a home.

    It is the store that `open_store(home / "store")` opens.
    """
    environ = {"CREDTUI_HOME": str(home)}
    if os.environ[CHOSEN] == "postgres":
        url = environ["CREDTUI_STORE_URL"] = as_application(database_of(home / "store"))
        # sshd passes no variables on.
        configuration = home / "credtui.toml"
        before = configuration.read_text() if configuration.exists() else ""
        if "[store]" not in before:
            home.mkdir(parents=True, exist_ok=True)
            configuration.write_text(f'{before}\n[store]\nurl = "{url}"\n')
    return environ
