"""The state of a database, for the person who sets it up."""

from collections.abc import Sequence
from typing import NamedTuple

from credtui.domain.errors import StoreError
from credtui.store.postgres import sql
from credtui.store.postgres.address import name_of, where
from credtui.store.postgres.connections import connect, deadline, read_schema
from credtui.store.postgres.errors import explained
from credtui.store.postgres.hazards import hazards, hazards_of_server, parameter
from credtui.store.postgres.schema import USABLE, ensure_usable


class Status(NamedTuple):
    """The state of a database.

    Attributes:
        where: The database, for a sentence.
        schema: The number of its schema, None if there is none.
        known: The schemas that this version can use.
        problem: Why this version can't use it, None if it can.
        server_version: The version of PostgreSQL.
        standbys: How many standbys are connected to it.
        synchronous_standby_names: The setting of the server.
        tls: Whether the connection is encrypted.
        sslmode: What the connection checks of the server.
        hazards: Sentences about what endangers the data.
    """

    where: str
    schema: int | None
    known: Sequence[int]
    problem: StoreError | None
    server_version: str
    standbys: int
    synchronous_standby_names: str
    tls: bool
    sslmode: str
    hazards: Sequence[str]


def read_status(url: str) -> Status:
    """Return the state of a database, also if this version can't use it.

    Raises:
        StoreError: The database can't be reached.
    """
    with explained(url), connect(url) as connection, deadline(connection):
        schema = read_schema(connection)
        found = hazards(name_of(url), connection) if schema else hazards_of_server(connection)
        ((names, standbys),) = connection.execute(sql.SYNCHRONOUS).fetchall()
        return Status(
            where=where(url),
            schema=schema,
            known=USABLE,
            problem=_problem(schema, url),
            server_version=connection.info.parameter_status("server_version") or "",
            standbys=standbys,
            synchronous_standby_names=names,
            tls=connection.pgconn.ssl_in_use,
            sslmode=parameter(connection, "sslmode"),
            hazards=tuple(found),
        )


def _problem(schema: int | None, url: str) -> StoreError | None:
    try:
        ensure_usable(schema, where(url))
    except StoreError as error:
        return error
    return None
