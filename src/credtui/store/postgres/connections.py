"""Connections to the database: how they are opened, kept for the next use, and cut off in time."""

import logging
import os
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus

from credtui.store.marks import Mark
from credtui.store.postgres import sql
from credtui.store.postgres.address import name_of, where
from credtui.store.postgres.alarms import ALARMS
from credtui.store.postgres.errors import ConflictError, again, explained
from credtui.store.postgres.schema import ensure_usable

T = TypeVar("T")

# psycopg warns about what credtui reports itself, and would write that across the screen.
logging.getLogger("psycopg").setLevel(logging.CRITICAL)

PATIENCE = 9.0
"""Seconds after which an operation that got no answer is given up, with all its connections."""

STATEMENT_PATIENCE = 6.0
"""Seconds after which a statement that got no answer is given up. Some wait 5 for a lock."""

NO_ANSWER = "no answer in time"
"""The reason for an error when a statement was given up."""

_PROBING = 2.0
"""Seconds after which a kept connection counts as ended."""

_CONNECTING = 6.0
"""Seconds for all hosts of an address together. Each host has 2 seconds at least."""

_STANDBY_MISSED = "01000"
"""The SQLSTATE of the warning that a commit didn't wait for its standby."""

_KEPT = 4
"""How many connections to keep for the next use."""


def parameters(url: str, seconds: float = _CONNECTING) -> dict[str, Any]:
    """Return what libpq needs besides the address, where the address doesn't say otherwise.

    Only a server that takes writes will do: a standby may lag behind, and still know a secret that
    was rotated. The keep-alives find a dead line within ten seconds.

    Args:
        url: The address.
        seconds: How long to wait for all hosts together.
    """
    given = conninfo_to_dict(url)
    hosts = str(given.get("host", "")).count(",") + 1
    ours = {
        "connect_timeout": max(2, int(min(seconds, _CONNECTING) / hosts)),
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


def connect(
    url: str, *, autocommit: bool = True, seconds: float = _CONNECTING
) -> psycopg.Connection:
    """Return a new connection.

    Raises:
        psycopg.Error: There is none.
    """
    return psycopg.connect(url, autocommit=autocommit, **parameters(url, seconds))


def connect_usable(url: str, seconds: float = PATIENCE) -> psycopg.Connection:
    """Return a new connection to a database whose schema this version can use.

    Args:
        url: The database.
        seconds: After how long to give up.

    Raises:
        psycopg.Error: There is no connection.
        StoreError: The schema is another one, or the database is an unfinished copy.
    """
    give_up = time.monotonic() + seconds
    connection = connect(url, seconds=seconds)
    try:
        with deadline(connection, give_up - time.monotonic()):
            ensure_usable(read_schema(connection), where(url))
            _ensure_finished(connection, url)
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


def read_mark(connection: psycopg.Connection) -> Mark | None:
    """Return the mark of a database, None for one that is in use."""
    row = connection.execute(sql.MARK).fetchone()
    return Mark(*row) if row else None


def _ensure_finished(connection: psycopg.Connection, url: str) -> None:
    mark = read_mark(connection)
    if mark and mark.kind == "unfinished":
        raise mark.refusal(name_of(url))


@contextmanager
def deadline(connection: psycopg.Connection, seconds: float = STATEMENT_PATIENCE) -> Iterator[None]:
    """Cut a connection off if the context takes longer, so that its statement fails.

    The server's own time limits don't end a COMMIT that waits for a standby, and are of no use when
    the server or the network is gone.

    Raises:
        psycopg.OperationalError: The context took longer, and its statement failed.
    """
    cut = False

    def give_up() -> None:
        # Never after the context, when the number of the socket may be that of another one.
        nonlocal cut
        cut = True
        cut_off(connection)

    try:
        with ALARMS.after(seconds, give_up):
            yield
    except psycopg.Error:
        if cut:
            raise psycopg.OperationalError(NO_ANSWER) from None
        raise


def cut_off(connection: "psycopg.Connection | psycopg.AsyncConnection") -> None:
    """End a connection's line, so that its statement fails at once."""
    with (
        suppress(OSError, psycopg.Error),
        socket.socket(fileno=os.dup(connection.fileno())) as line,
    ):
        line.shutdown(socket.SHUT_RDWR)


@contextmanager
def unconfirmed(connection: psycopg.Connection) -> Iterator[list[str]]:
    """Collect the warnings that a commit within the context has not waited for its standby.

    Such a commit succeeds all the same.
    """
    warnings: list[str] = []

    def note(diagnostic: psycopg.errors.Diagnostic) -> None:
        if diagnostic.sqlstate == _STANDBY_MISSED:
            warnings.append(str(diagnostic.message_primary))

    connection.add_notice_handler(note)
    try:
        yield warnings
    finally:
        connection.remove_notice_handler(note)


class Connections:
    """The connections of a process. They are opened when they are needed, and kept.

    The pool of psycopg opens connections in threads of its own. It can't tell why there is none,
    and its threads would start with every command.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._idle: deque[psycopg.Connection] = deque()

    def open(self, seconds: float = PATIENCE) -> psycopg.Connection:
        """Return a new connection, which the caller closes or gives to `keep`.

        Args:
            seconds: After how long to give up.

        Raises:
            StoreError: There is none.
        """
        with explained(self.url):
            return connect_usable(self.url, seconds)

    def run(self, work: Callable[[psycopg.Connection], T]) -> T:
        """Return what a piece of work returns, which reads only, or can be done twice.

        The work is done again if the database undid it because of another session. If the work
        leaves a transaction open, the connection stays with the caller, who gives it back with
        `keep`.

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
        give_up = time.monotonic() + PATIENCE
        connection = self._take_good() or self.open(give_up - time.monotonic())
        try:
            with explained(self.url), deadline(connection, give_up - time.monotonic()):
                result = work(connection)
        except BaseException:
            connection.close()
            raise
        if connection.info.transaction_status != TransactionStatus.INTRANS:
            self.keep(connection)
        return result

    def _take_good(self) -> psycopg.Connection | None:
        """Return a kept connection to a server that is alive, and is no standby behind a pooler."""
        if kept := self._take():
            with suppress(psycopg.Error), deadline(kept, _PROBING):
                ((is_standby,),) = kept.execute(sql.IS_STANDBY)
                if not is_standby:
                    return kept
            kept.close()
            self.close()  # the others led to the same server
        return None

    def close(self) -> None:
        """Close the kept connections."""
        while connection := self._take():
            connection.close()

    def _take(self) -> psycopg.Connection | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None
