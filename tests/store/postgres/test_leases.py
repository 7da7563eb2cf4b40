"""Leases last as long as their sessions, however the server is set up."""

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from credtui.domain.audit import Action
from credtui.store.postgres.store import PostgresStore
from tests.store.test_contract import ACME, LEASE
from tests.stores import database_of
from tests.support import ALICE, START


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PostgresStore]:
    store = PostgresStore(database_of(tmp_path))
    yield store
    store.close()


@pytest.mark.parametrize(
    "setting", ["transaction_timeout", "idle_in_transaction_session_timeout", "statement_timeout"]
)
def test_time_limits_of_the_server_end_no_lease(
    store: PostgresStore, tmp_path: Path, setting: str
) -> None:
    url = database_of(tmp_path)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {connection.info.dbname} SET {setting} = 200".encode())
    with store.transaction(ACME) as transaction:
        lease = transaction.hold_lease(LEASE)
        transaction.record(START, ALICE, Action.ROTATE)
        lease.__enter__()
    time.sleep(0.5)
    assert store.leases(ACME) == [LEASE]
    lease.__exit__(None, None, None)
    assert store.leases(ACME) == []
