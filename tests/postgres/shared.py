"""One server for the tests that need a database only.

The first test that needs the server starts it. A program that a test starts finds it through an
environment variable, so that both use the same databases.
"""

import os
from functools import cache
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from tests.postgres.server import Server

ADDRESS = "TESTED_POSTGRES"
"""The environment variable that holds the host and port of the shared server."""


@cache
def shared_server() -> "Server":
    """Return the shared server, which the first call starts. Only a test's own process may ask."""
    from tests.postgres.server import Server  # programs under test start faster without it

    server = Server.create(settings={"max_connections": "300"})
    os.environ[ADDRESS] = f"127.0.0.1:{server.port}"
    return server


def shared_url(database: str = "postgres", user: str = "postgres") -> str:
    """Return the address of a database of the shared server."""
    if ADDRESS not in os.environ:
        shared_server()
    return f"postgresql://{user}@{os.environ[ADDRESS]}/{database}"


def create_database(name: str, template: str = "template0") -> str:
    """Make a database in the shared server, as a copy of another one. Return its address.

    Nobody may be connected to the template.
    """
    # The other strategy, wal_log, took up to twice the time.
    _execute(
        sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
            sql.Identifier(name), sql.Identifier(template)
        )
    )
    return shared_url(name)


def drop_database(name: str) -> None:
    """Remove a database, if it exists, and end its connections."""
    _execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _execute(statement: sql.Composed) -> None:
    with psycopg.connect(shared_url(), autocommit=True) as connection:
        connection.execute(statement)
