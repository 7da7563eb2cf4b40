"""Connections to the database: how they are opened, kept for the next use, and cut off in time."""

import logging
import os
import socket
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from threading import Timer
from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus

from credtui.domain.errors import StoreError
from credtui.store.postgres import sql
from credtui.store.postgres.address import where
from credtui.store.postgres.errors import ConflictError, again, explained
from credtui.store.postgres.schema import ensure_usable

T = TypeVar("T")

# psycopg warns about what credtui reports itself, and would write that across the screen.
logging.getLogger("psycopg").setLevel(logging.CRITICAL)

PATIENCE = 6.0
"""Seconds after which a statement that got no answer is given up."""

_CONNECTING = 6
"""Seconds for all hosts of an address together."""

_KEPT = 4
"""How many connections to keep for the next use."""


def parameters(url: str) -> dict[str, Any]:
    """Return what libpq needs besides the address, where the address doesn't say otherwise.

    Only a server that takes writes will do: a standby may lag behind, and still know a secret that
    was rotated. The keep-alives find a dead line within ten seconds.
    """
    given = conninfo_to_dict(url)
    hosts = str(given.get("host", "")).count(",") + 1
    ours = {
        "connect_timeout": max(2, _CONNECTING // hosts),
        "keepalives_idle": 4,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": 8000,
        "application_name": "credtui",
    }
    return {
        **{name: value for name, value in ours.items() if name not in given},
        "target_session_attrs": "read-write",
        # A pooler in transaction mode gives each transaction to another session of the server.
        "prepare_threshold": None,
    }


def connect(url: str, *, autocommit: bool = True) -> psycopg.Connection:
    """Return a new connection.

    Raises:
        psycopg.Error: There is none.
    """
    return psycopg.connect(url, autocommit=autocommit, **parameters(url))


def connect_usable(url: str) -> psycopg.Connection:
    """Return a new connection to a database whose schema this version can use.

    Raises:
        psycopg.Error: There is no connection.
        StoreError: The schema is another one.
    """
    connection = connect(url)
    try:
        with deadline(connection):
            ensure_usable(read_schema(connection), where(url))
    except BaseException:
        connection.close()
        raise
    return connection


def read_schema(connection: psycopg.Connection) -> int | None:
    """Return the number of the database's schema, None if there is none."""
    try:
        row = connection.execute(sql.SCHEMA).fetchone()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        return None
    return int(row[0]) if row else None


@contextmanager
def deadline(connection: psycopg.Connection, seconds: float = PATIENCE) -> Iterator[None]:
    """Cut a connection off if the context takes longer, so that its statement fails.

    The server's own time limits don't end a COMMIT that waits for a standby, and are of no use when
    the server or the network is gone.
    """
    timer = Timer(seconds, partial(cut_off, connection))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def cut_off(connection: "psycopg.Connection | psycopg.AsyncConnection") -> None:
    """End a connection's line, so that its statement fails at once."""
    with (
        suppress(OSError, psycopg.Error),
        socket.socket(fileno=os.dup(connection.fileno())) as line,
    ):
        line.shutdown(socket.SHUT_RDWR)


class Connections:
    """The connections of a process. They are opened when they are needed, and kept.

    The pool of psycopg opens connections in threads of its own. It can't tell why there is none,
    and its threads would start with every command.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._idle: deque[psycopg.Connection] = deque()

    def open(self) -> psycopg.Connection:
        """Return a new connection, which the caller closes or gives to `keep`.

        Raises:
            StoreError: There is none.
        """
        with explained(self.url):
            return connect_usable(self.url)

    def run(self, work: Callable[[psycopg.Connection], T]) -> T:
        """Return what a piece of work returns, which reads only, or can be done twice.

        A kept connection may have ended in the meantime, and another primary may be there. So the
        work is done again if a kept connection breaks. The work is also done again if the database
        undid it because of another session. If the work leaves a transaction open, the connection
        stays with the caller, who gives it back with `keep`.

        Raises:
            StoreError: The database can't be reached, or refused.
        """
        try:
            return self._run(work)
        except ConflictError:
            return again(partial(self._run, work))

    def keep(self, connection: psycopg.Connection) -> None:
        """Keep a connection for the next use, or close it if it is of no more use."""
        idle = connection.info.transaction_status == TransactionStatus.IDLE
        if idle and len(self._idle) < _KEPT:
            self._idle.append(connection)
        else:
            connection.close()

    def _run(self, work: Callable[[psycopg.Connection], T]) -> T:
        while True:
            kept = self._take()
            connection = kept or self.open()
            try:
                with deadline(connection), explained(self.url):
                    result = work(connection)
            except BaseException as error:
                broken = connection.broken
                connection.close()
                if kept and broken and isinstance(error, StoreError):
                    continue
                raise
            if connection.info.transaction_status != TransactionStatus.INTRANS:
                self.keep(connection)
            return result

    def close(self) -> None:
        """Close the kept connections."""
        while connection := self._take():
            connection.close()

    def _take(self) -> psycopg.Connection | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None
