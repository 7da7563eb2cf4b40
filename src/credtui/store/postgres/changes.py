"""Noticing changes: the database tells of most of them at once, and a look finds the others.

A session that made a change notifies the channel of its place when the change is committed. The
portals of that place listen there. Some engines have no notifications, and a pooler in transaction
mode loses them. So each portal also looks every few seconds.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterable
from contextlib import suppress
from hashlib import blake2b
from typing import NoReturn

import psycopg

from credtui.domain.place import Place
from credtui.store.postgres import sql
from credtui.store.postgres.connections import deadline, parameters

LOOK_EVERY = 2.0
"""Seconds between two looks for a change that the database didn't tell of."""

LISTEN_EVERY = 30.0
"""Seconds between two attempts to listen."""

_PATIENCE = 1.0
"""Seconds for sending a notification: the person who made the change waits for it."""


async def changes(url: str, *places: Place) -> AsyncGenerator[None, None]:
    """Yield whenever one of some places may have changed; see `OrganizationStore.changes`."""
    line: psycopg.AsyncConnection | None = None
    listen_at = 0.0
    try:
        while True:
            yield
            began = time.monotonic()
            try:
                if line:
                    async for _ in line.notifies(timeout=LOOK_EVERY, stop_after=1):
                        pass
                    continue
                if began >= listen_at:
                    listen_at = began + LISTEN_EVERY
                    async with asyncio.timeout(LOOK_EVERY):
                        line = await _listen(url, places)
                    continue  # There may have been a change before the line was there.
            except (psycopg.Error, TimeoutError):
                if line:
                    line.pgconn.finish()
                    line = None
            await asyncio.sleep(began + LOOK_EVERY - time.monotonic())
    finally:
        if line:
            line.pgconn.finish()


def notify(connection: psycopg.Connection, place: Place) -> None:
    """Tell those who listen that a place has changed. A failure is no error: they look anyway.

    Call this after the change's transaction. A transaction with a notification holds a lock of the
    whole database while it commits, and so while it waits for its standby.
    """
    with suppress(psycopg.Error), deadline(connection, _PATIENCE):
        connection.execute(sql.NOTIFY, {"channel": _channel(place)})


async def _listen(url: str, places: Iterable[Place]) -> psycopg.AsyncConnection:
    """Return a connection that is told of changes in some places.

    Raises:
        psycopg.Error: There is none.
    """
    line = await psycopg.AsyncConnection.connect(url, autocommit=True, **parameters(url))
    try:
        row = await (await line.execute(sql.BACKEND)).fetchone()
        if row != (line.info.backend_pid,):
            _refuse_pooler()
        for place in places:
            await line.execute(f"LISTEN {_channel(place)}".encode())
    except BaseException:
        line.pgconn.finish()
        raise
    return line


def _refuse_pooler() -> NoReturn:
    # LISTEN would stay with a session that the pooler gives to other clients.
    raise psycopg.NotSupportedError("a pooler answers")


def _channel(place: Place) -> str:
    # Its name must be an identifier of at most 63 bytes.
    name = f"{place.environment}/{place.organization}"
    return f"credtui_{blake2b(name.encode(), digest_size=16).hexdigest()}"
