"""Look-ups for clients: all that wait while the database is asked share the next question to it.

A look-up must show each change that was acknowledged before it began. So nothing is remembered, and
a question is sent only after each look-up in it has begun. What is remembered is how a row was
parsed: an equal row gives the same client.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Generic, NamedTuple, NoReturn, TypeVar

import psycopg

from credtui.domain.client import Client
from credtui.domain.place import Place
from credtui.store.postgres import sql
from credtui.store.postgres.address import where
from credtui.store.postgres.connections import NO_ANSWER, cut_off, parameters
from credtui.store.postgres.errors import explained
from credtui.store.postgres.rows import Row, parsing, read_credential
from credtui.store.postgres.schema import ensure_usable

Q = TypeVar("Q")
A = TypeVar("A")

PATIENCE = 3.0
"""Seconds after which a question that got no answer is given up."""

LINES = 2
"""How many questions may be on their way to the database at the same time."""

_LARGEST = 500
"""How many look-ups share a question at most."""

_PARSED = 50_000
"""How many rows are remembered with the client that was read from them."""


class ClientKey(NamedTuple):
    """What identifies a client."""

    environment: str
    client_id: str


class Revocation(NamedTuple):
    """An access token that may be revoked."""

    environment: str
    token: str
    expiry: int


class Batches(Generic[Q, A]):
    """Answers questions, many at a time.

    Args:
        answer: Answers several questions, in their order.
    """

    def __init__(self, answer: Callable[[Sequence[Q]], Awaitable[Sequence[A]]]) -> None:
        self._answer = answer
        self._waiting: list[tuple[Q, asyncio.Future[A]]] = []
        self._running: set[asyncio.Task[None]] = set()

    async def ask(self, question: Q) -> A:
        """Return the answer.

        Raises:
            StoreError: There is none.
        """
        future: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, future))
        if len(self._running) < LINES:
            task = asyncio.create_task(self._work())
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return await future

    async def _work(self) -> None:
        while batch := self._waiting[:_LARGEST]:
            del self._waiting[: len(batch)]
            try:
                answers = await self._answer([question for question, _ in batch])
            except Exception as error:  # noqa: BLE001  # each who asked gets it
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
            else:
                for (_, future), answer in zip(batch, answers, strict=True):
                    if not future.done():
                        future.set_result(answer)


class Lookups:
    """Look-ups in one event loop, on connections of their own."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._idle: list[psycopg.AsyncConnection] = []
        self._clients: dict[ClientKey, tuple[Row, Client]] = {}
        self.client: Batches[ClientKey, Client | None] = Batches(self._find_clients)
        self.revocation: Batches[Revocation, bool] = Batches(self._find_revocations)

    def close(self) -> None:
        """Close the connections. The event loop need not run any more."""
        while self._idle:
            self._idle.pop().pgconn.finish()

    async def _find_clients(self, keys: Sequence[ClientKey]) -> Sequence[Client | None]:
        asked = list(dict.fromkeys(keys))
        rows = await self._ask(
            sql.CLIENTS, [key.client_id for key in asked], [key.environment for key in asked]
        )
        with parsing(self._url):
            found = {ClientKey(row[2], row[4]): self._read(row) for row in rows if row[4]}
        return [found.get(key) for key in keys]

    async def _find_revocations(self, asked: Sequence[Revocation]) -> Sequence[bool]:
        rows = await self._ask(
            sql.REVOKED,
            [one.environment for one in asked],
            [one.token for one in asked],
            [one.expiry for one in asked],
        )
        return [row[1] for row in rows]

    def _read(self, row: Row) -> Client:
        key = ClientKey(row[2], row[4])
        known = self._clients.get(key)
        if known and known[0] == row:
            return known[1]
        client = Client(Place(row[2], row[3]), read_credential(row[2:]), tuple(row[1]))
        if len(self._clients) >= _PARSED:
            self._clients.clear()
        self._clients[key] = row, client
        return client

    async def _ask(self, statement: str, *values: Any) -> Sequence[Row]:
        """Return what a statement finds. A kept connection that has ended is replaced.

        Raises:
            StoreError: The database can't be reached, or a standby answers, which may lag behind.
        """
        with explained(self._url):
            if self._idle:
                with suppress(psycopg.OperationalError):
                    return await self._ask_on(self._idle.pop(), statement, values)
                self.close()  # the others led to the same server
            return await self._ask_on(await self._connect(), statement, values)

    async def _ask_on(
        self, connection: psycopg.AsyncConnection, statement: str, values: Sequence[Any]
    ) -> Sequence[Row]:
        """Return what a statement finds on a connection, which is kept if it is still good.

        Raises:
            psycopg.Error: The statement failed.
        """
        with _used_for_a_while(connection):
            rows = await (await connection.execute(statement, values)).fetchall()
            if rows[0][0]:
                _refuse_standby()
        self._idle.append(connection)
        return rows

    async def _connect(self) -> psycopg.AsyncConnection:
        connection = await psycopg.AsyncConnection.connect(
            self._url, autocommit=True, **parameters(self._url, PATIENCE)
        )
        with _used_for_a_while(connection):
            row = None
            with suppress(psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
                row = await (await connection.execute(sql.SCHEMA)).fetchone()
            ensure_usable(int(row[0]) if row else None, where(self._url))
        return connection


@contextmanager
def _used_for_a_while(connection: psycopg.AsyncConnection) -> Iterator[None]:
    """Cut a connection off if the context takes too long, and close it after any error."""
    loop = asyncio.get_running_loop()
    late = loop.call_later(PATIENCE, cut_off, connection)
    try:
        yield
    except BaseException as error:
        connection.pgconn.finish()
        if isinstance(error, psycopg.Error) and loop.time() >= late.when():
            raise psycopg.OperationalError(NO_ANSWER) from None
        raise
    finally:
        late.cancel()


def _refuse_standby() -> NoReturn:
    raise psycopg.OperationalError("a standby answers, which may lag behind")
