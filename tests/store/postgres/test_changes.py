"""Changes are noticed at once where the database tells of them, and soon everywhere else."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from functools import partial
from pathlib import Path

import psycopg
import pytest

from credtui.domain.permissions import Operator
from credtui.domain.place import Place
from credtui.store.postgres import changes
from credtui.store.postgres.migrate import migrate
from credtui.store.postgres.store import PostgresStore
from tests.postgres.pgbouncer import pgbouncer
from tests.postgres.server import Server, wait
from tests.postgres.shared import shared_server
from tests.store.test_contract import ACME, add
from tests.stores import database_of
from tests.support import Watch, make_credential, set_all_operators
from tests.terminal import TIMEOUT

GLOBEX = Place("uat", "globex")
LISTENING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND query LIKE 'LISTEN%%'
"""
NEVER = 3600.0


@pytest.fixture
def url(tmp_path: Path) -> str:
    return database_of(tmp_path)


@pytest.fixture
def only_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks without being told."""
    monkeypatch.setattr(changes, "LOOK_EVERY", NEVER)


@pytest.fixture
def never_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody looks often."""
    monkeypatch.setattr(changes, "LOOK_EVERY", 0.05)
    monkeypatch.setattr(changes, "LISTEN_EVERY", 0.0)


@asynccontextmanager
async def following(store: PostgresStore) -> AsyncIterator[AsyncGenerator[None, None]]:
    """Follow a place's changes, from when the first looks are over."""
    async with asyncio.timeout(TIMEOUT), aclosing(store.changes(ACME)) as following:
        await anext(following)
        await anext(following)
        yield following


async def see_change(store: PostgresStore, change: Callable[[], None]) -> None:
    """Make a change, and follow until it shows."""
    watch = Watch(partial(store.version, ACME))
    async with asyncio.timeout(TIMEOUT), aclosing(store.changes(ACME)) as following:
        await anext(following)
        await asyncio.to_thread(change)
        async for _ in following:
            if watch.changed():
                return


@pytest.mark.usefixtures("only_told")
class TestTold:
    async def test_a_change_by_another_session(self, url: str) -> None:
        async with following(PostgresStore(url)) as follow:
            await asyncio.to_thread(add, PostgresStore(url), make_credential(1))
            await anext(follow)

    async def test_a_change_of_the_operators(self, url: str) -> None:
        ann = Operator(name="ann", representative=True)
        async with following(PostgresStore(url)) as follow:
            await asyncio.to_thread(set_all_operators, PostgresStore(url), ann)
            await anext(follow)

    async def test_changes_of_other_organizations_are_not_told(self, url: str) -> None:
        other = PostgresStore(url)
        async with following(PostgresStore(url)) as follow:
            for number in (1, 2, 3):
                await asyncio.to_thread(add, other, make_credential(number), GLOBEX)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await anext(follow)

    async def test_the_end_of_following_ends_the_connection(self, url: str) -> None:
        database = url.rpartition("/")[2]

        def listening() -> int:
            return int(shared_server().execute(LISTENING, [database])[0][0])

        async with following(PostgresStore(url)):
            assert listening() == 1
        wait(lambda: listening() == 0, lambda: "the end of the connection")

    async def test_a_waiting_follower_can_be_cancelled(self, url: str) -> None:
        async def follow() -> None:
            async with following(PostgresStore(url)) as changes:
                began.set()
                await anext(changes)

        began = asyncio.Event()
        task = asyncio.create_task(follow())
        await began.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.mark.usefixtures("never_told")
class TestLooking:
    @pytest.fixture
    def server(self) -> Iterator[Server]:
        with Server.create() as server:
            migrate(server.url())
            yield server

    async def test_through_a_pooler(self, server: Server) -> None:
        with pgbouncer(server, pool_size=1) as pooler:
            store, other = PostgresStore(pooler.url()), PostgresStore(pooler.url())
            await see_change(store, partial(add, other, make_credential(1)))
            with psycopg.connect(pooler.url(), autocommit=True) as shared:
                assert shared.execute("SELECT pg_listening_channels()").fetchall() == []

    async def test_without_notifications(self, url: str) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SET allow_system_table_mods = on")
            connection.execute("ALTER FUNCTION pg_notify(text, text) RENAME TO no_notify")
        store, other = PostgresStore(url), PostgresStore(url)
        await see_change(store, partial(add, other, make_credential(1)))
        assert len(other.events(ACME)) == 1

    async def test_the_server_ends_and_comes_back(
        self, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store = PostgresStore(server.url())
        async with following(store) as follow:
            await asyncio.to_thread(server.kill)
            for _ in range(3):
                await anext(follow)
            await asyncio.to_thread(server.start)
            while server.execute(LISTENING, ["postgres"]) != [(1,)]:
                await anext(follow)
            monkeypatch.setattr(changes, "LOOK_EVERY", NEVER)
            await asyncio.to_thread(add, PostgresStore(server.url()), make_credential(1))
            await anext(follow)
