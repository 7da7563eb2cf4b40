"""Look-ups for clients: all that wait while the database is asked share the next question to it.

A look-up must show each change that was acknowledged before it began. So nothing is remembered, and
a question is sent only after each look-up in it has begun. What is remembered is how a row was
parsed: an equal row gives the same client.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Generic, NamedTuple, NoReturn, TypeVar

import psycopg

from credtui.domain.client import Client
from credtui.domain.errors import StoreError
from credtui.domain.place import Place
from credtui.store.marks import Mark
from credtui.store.postgres import sql
from credtui.store.postgres.address import name_of, where
from credtui.store.postgres.connections import NO_ANSWER, cut_off, parameters
from credtui.store.postgres.errors import explained
from credtui.store.postgres.rows import Row, parsing, read_credential
from credtui.store.postgres.schema import ensure_usable

Q = TypeVar("Q")
A = TypeVar("A")

PATIENCE = 3.0
"""Seconds after which a connection that gives no answer is given up."""

LINES = 2
"""How many questions may be on their way to the database at the same time."""

_LARGEST = 500
"""How many look-ups share a question at most."""

_PARSED = 50_000
"""How many rows are remembered with the client that was read from them."""


class Wanted(NamedTuple):
    """A client that is looked up.

    Attributes:
        environment: Its environment.
        client_id: Its Client ID.
        token: The identity of an access token. If it is revoked, the client is not found. None if
            there is no token.
        expiry: When the token expires, in seconds since 1970.
    """

    environment: str
    client_id: str
    token: str | None = None
    expiry: int | None = None


class Batches(Generic[Q, A]):
    """Answers questions, many at a time.

    Args:
        answer: Answers several questions, in their order. An exception in place of an answer is
            raised to those who asked that question. An exception that it raises is raised to all.
    """

    def __init__(self, answer: Callable[[Sequence[Q]], Awaitable[Sequence[A | Exception]]]) -> None:
        self._answer = answer
        self._waiting: list[tuple[Q, asyncio.Future[A]]] = []
        self._running: set[asyncio.Task[Any] | None] = set()

    async def ask(self, question: Q) -> A:
        """Return the answer.

        Raises:
            Exception: What `answer` raised, or gave in place of an answer.
        """
        future: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, future))
        if len(self._running) < LINES:
            self._running.add(asyncio.create_task(self._work()))
        return await future

    async def _work(self) -> None:
        """Answer until nobody waits.

        The next question may come before a callback of this task would run. So the task itself
        notes that it ends.
        """
        try:
            await self._answer_all()
        finally:
            self._running.discard(asyncio.current_task())

    async def _answer_all(self) -> None:
        while batch := self._waiting[:_LARGEST]:
            del self._waiting[: len(batch)]
            answers: Sequence[A | Exception]
            try:
                answers = await self._answer([question for question, _ in batch])
            except Exception as error:  # noqa: BLE001  # each who asked gets it
                # Don't let those who have asked meanwhile wait as long for the same error.
                batch += self._waiting
                self._waiting.clear()
                answers = [error] * len(batch)
            for (_, future), answer in zip(batch, answers, strict=True):
                if future.done():  # who asked has gone
                    continue
                if isinstance(answer, Exception):
                    future.set_exception(answer)
                else:
                    future.set_result(answer)


class Lookups(Batches[Wanted, Client | None]):
    """Look-ups in one event loop, on connections of their own."""

    def __init__(self, url: str) -> None:
        super().__init__(self._find)
        self._url = url
        self._idle: list[psycopg.AsyncConnection] = []
        self._parsed: dict[tuple[str, str], tuple[Row, Client]] = {}

    def close(self) -> None:
        """Close the connections. The event loop need not run any more."""
        while self._idle:
            self._idle.pop().pgconn.finish()

    async def _find(self, wanted: Sequence[Wanted]) -> Sequence[Client | StoreError | None]:
        """Return each client that is wanted, None if there is none.

        A client that can't be read is an error for those who want this client.
        """
        keys = list(dict.fromkeys((one.environment, one.client_id) for one in wanted))
        values: dict[str, Sequence[Any]] = {
            "environments": [environment for environment, _ in keys],
            "client_ids": [client_id for _, client_id in keys],
        }
        statement = sql.CLIENTS
        if any(one.token is not None for one in wanted):
            statement = sql.BEARERS
            values["places"] = [one.environment for one in wanted]
            values["tokens"] = [one.token for one in wanted]
            values["expiries"] = [one.expiry for one in wanted]
        rows = await self._ask(statement, values)
        found = {(row[3], row[5]): self._read(row[2:]) for row in rows if row[5]}
        revoked = {*rows[0][1]}
        return [
            None if number in revoked else found.get((one.environment, one.client_id))
            for number, one in enumerate(wanted, 1)
        ]

    def _read(self, row: Row) -> Client | StoreError:
        key = row[1], row[3]
        known = self._parsed.get(key)
        if known and known[0] == row:
            return known[1]
        try:
            with parsing(self._url):
                client = Client(Place(row[1], row[2]), read_credential(row[1:]), tuple(row[0]))
        except StoreError as error:
            return error
        if len(self._parsed) >= _PARSED:
            self._parsed.clear()
        self._parsed[key] = row, client
        return client

    async def _ask(self, statement: str, values: Mapping[str, Any]) -> Sequence[Row]:
        """Return what a statement finds. A kept connection that has ended is replaced.

        Raises:
            StoreError: The database can't be reached, is marked, or a standby answers, which may
                lag behind.
        """
        with explained(self._url):
            if self._idle:
                try:
                    return await self._ask_on(self._idle.pop(), statement, values)
                except psycopg.OperationalError as error:
                    self.close()  # the others lead to the same server
                    if str(error) == NO_ANSWER:  # nobody waits for another try
                        raise
            return await self._ask_on(await self._connect(), statement, values)

    async def _ask_on(
        self, connection: psycopg.AsyncConnection, statement: str, values: Mapping[str, Any]
    ) -> Sequence[Row]:
        """Return what a statement finds on a connection, which is kept if it is still good.

        Raises:
            psycopg.Error: The statement failed.
            StoreError: The database is marked.
        """
        with _used_for_a_while(connection):
            rows = await (await connection.execute(statement, values)).fetchall()
            if (why_not := rows[0][0]) and why_not[0] == "unfit":
                _refuse_standby()
        self._idle.append(connection)
        if why_not:
            raise Mark(*why_not).refusal(name_of(self._url))
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
