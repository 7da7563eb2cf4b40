"""Each operation ends in a sentence when the server, the network or a host of the address fails."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from credtui.domain.audit import Action
from credtui.domain.errors import StoreBusyError, StoreError
from credtui.domain.usage import Usage
from credtui.store.postgres import connections, sql
from credtui.store.postgres.migrate import migrate
from credtui.store.postgres.store import PostgresStore
from tests.postgres.pgbouncer import pgbouncer
from tests.postgres.proxy import Proxy
from tests.postgres.server import Server, free_port, wait
from tests.store.test_contract import ACME, BOB, add
from tests.stores import database_of
from tests.support import ALICE, START, make_credential, seeded_bytes
from tests.terminal import TIMEOUT


def change_organization(store: PostgresStore) -> None:
    with store.transaction(ACME) as transaction:
        transaction.record(START, ALICE, Action.CONFIRM)


def change_operators(store: PostgresStore) -> None:
    with store.operators_transaction() as transaction:
        transaction.record(START, ALICE, Action.SET_OPERATOR)


def find_client(store: PostgresStore) -> object:
    return asyncio.run(store.find_client("uat", make_credential(1).client_id))


def find_bearer(store: PostgresStore) -> object:
    client_id, expiry = make_credential(1).client_id, START + timedelta(hours=1)
    return asyncio.run(store.find_bearer("uat", client_id, "token", expiry))


OPERATIONS: Mapping[str, Callable[[PostgresStore], object]] = {
    "load": lambda store: store.load(ACME),
    "organizations": PostgresStore.organizations,
    "standing_in": lambda store: store.standing_in("acme", BOB),
    "transaction": change_organization,
    "leases": lambda store: store.leases(ACME),
    "version": lambda store: store.version(ACME),
    "operators": PostgresStore.operators,
    "standing": lambda store: store.standing(BOB),
    "operators_transaction": change_operators,
    "events": lambda store: store.events(ACME),
    "verify_events": lambda store: store.verify_events(ACME),
    "find_client": find_client,
    "add_usage": lambda store: store.add_usage(ACME, {make_credential(1).client_id: Usage()}),
    "theme_of": lambda store: store.theme_of("bob"),
    "keep_theme": lambda store: store.keep_theme("bob", "dark"),
    "token_key": lambda store: store.token_key(seeded_bytes()),
    "revoke": lambda store: store.revoke("uat", "token", START),
    "find_bearer": find_bearer,
    "sweep_revocations": lambda store: store.sweep_revocations("uat", START),
    "hazards": PostgresStore.hazards,
    "operators_for_key": lambda store: store.operators_for_key(b"key"),
}


def work(store: PostgresStore) -> None:
    """Do each operation, one after the other."""
    for operation in OPERATIONS.values():
        operation(store)


def sentences(url: str, *, kept: Callable[[], object] | None = None) -> set[str]:
    """Return what the operations say, each on a store of its own, all at the same time.

    Args:
        url: The database.
        kept: Makes the database fail, after each store has kept connections.
    """
    stores = [PostgresStore(url) for _ in OPERATIONS]

    def fail(store: PostgresStore, operation: Callable[[PostgresStore], object]) -> str:
        with pytest.raises(StoreError) as error:
            operation(store)
        return str(error.value)

    try:
        with ThreadPoolExecutor(len(stores)) as pool:
            if kept:
                for store in stores:
                    store.load(ACME)
                    store._connections.keep(store._connections.open())
                kept()
            ends = [
                pool.submit(fail, *pair) for pair in zip(stores, OPERATIONS.values(), strict=True)
            ]
            return {end.result(TIMEOUT) for end in ends}
    finally:
        for store in stores:
            store.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server.create(settings={"max_connections": "200"}) as server:
        migrate(server.url())
        with_credential = PostgresStore(server.url())
        add(with_credential, make_credential(1))
        with_credential.close()
        yield server


@pytest.fixture
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "PATIENCE", 0.7)
    monkeypatch.setattr(connections, "_PROBING", 0.2)
    monkeypatch.setattr(connections.connect_usable, "__defaults__", (0.7,))
    monkeypatch.setattr("credtui.store.postgres.lookups.PATIENCE", 0.2)


@contextmanager
def paused(server: Server) -> Iterator[None]:
    server.pause()
    try:
        yield
    finally:
        server.resume()


@pytest.mark.usefixtures("_soon")
class TestHung:
    def test_a_server_that_hangs(self, server: Server) -> None:
        with paused(server):
            (sentence,) = sentences(server.url())
        assert sentence == (
            f"The database postgres at 127.0.0.1:{server.port} can't be reached: "
            "connection timeout expired."
        )

    def test_a_network_that_swallows_all(self, server: Server) -> None:
        with Proxy(server.port) as proxy:
            (sentence,) = sentences(proxy.url("postgres"), kept=proxy.swallow)
        assert sentence.endswith("can't be reached: connection timeout expired.")

    def test_a_server_that_hangs_after_its_greeting(self, server: Server) -> None:
        """A locked table stands for a server that takes connections, and answers nothing."""
        with psycopg.connect(server.url()) as locker:
            locker.execute("LOCK TABLE credtui.alembic_version")
            (sentence,) = sentences(server.url())
        assert sentence.endswith("can't be reached: no answer in time.")


def test_a_port_where_nobody_listens() -> None:
    (sentence,) = sentences(f"postgresql://postgres@127.0.0.1:{free_port()}/postgres")
    assert sentence.endswith("can't be reached: Connection refused.")


class TestHosts:
    @pytest.fixture(scope="class")
    def standby(self, server: Server) -> Iterator[Server]:
        with server.standby("second") as standby:
            yield standby

    def test_the_first_host_is_a_standby(self, server: Server, standby: Server) -> None:
        hosts = f"127.0.0.1:{standby.port},127.0.0.1:{server.port}"
        store = PostgresStore(f"postgresql://postgres@{hosts}/postgres")
        work(store)
        store.close()

    def test_the_first_host_is_down(self, server: Server) -> None:
        hosts = f"127.0.0.1:{free_port()},127.0.0.1:{server.port}"
        store = PostgresStore(f"postgresql://postgres@{hosts}/postgres")
        work(store)
        store.close()

    def test_the_first_host_hangs(self, server: Server) -> None:
        with Proxy(server.port) as proxy:
            proxy.swallow()
            hosts = f"{proxy.address},127.0.0.1:{server.port}"
            store = PostgresStore(f"postgresql://postgres@{hosts}/postgres")
            assert store.load(ACME).credentials
            store.close()

    def test_all_hosts_are_standbys(self, standby: Server) -> None:
        (sentence,) = sentences(standby.url())
        assert sentence.endswith("can't be reached: session is read-only.")


def test_a_pooler_that_leads_to_a_standby() -> None:
    """The program's connection to the pooler stays the same."""
    with Server.create() as primary, pgbouncer(primary) as pooler:
        migrate(primary.url())
        store = PostgresStore(pooler.url())
        work(store)
        with primary.standby("second") as standby:
            pooler.lead_to(standby)

            def refused(operation: Callable[[PostgresStore], object]) -> bool:
                try:
                    operation(store)
                except StoreError:
                    return True
                return False

            wait(lambda: refused(find_client), lambda: "the pooler to lead to the standby")
            assert [name for name, one in OPERATIONS.items() if not refused(one)] == []
            pooler.lead_to(primary)
            wait(lambda: not refused(find_client), lambda: "the pooler to lead to the primary")
            work(store)
        store.close()


def test_kept_connections_that_ended_are_replaced() -> None:
    with Server.create() as server:
        migrate(server.url())
        store = PostgresStore(server.url())
        for end in (server.stop, server.kill):
            work(store)
            store._connections.keep(store._connections.open())
            end()
            server.start()
            work(store)
        store.close()


def test_a_session_that_stays_stopped_keeps_the_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "SETTINGS", sql.SETTINGS.replace("'5s'", "'0.2s'"))
    store, stopped = PostgresStore(database_of(tmp_path)), PostgresStore(database_of(tmp_path))
    with (
        stopped.transaction(ACME),
        pytest.raises(StoreBusyError, match=r"Try again in a moment\.$"),
    ):
        change_organization(store)
    change_organization(store)
    for one in (store, stopped):
        one.close()
