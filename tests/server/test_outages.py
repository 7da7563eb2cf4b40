"""The token endpoint while its database is away: 503 and never 401, and it comes back by itself."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest

from credtui.store.postgres.migrate import migrate
from tests.postgres.server import Server as Database
from tests.postgres.shared import ADDRESS, create_database
from tests.server.serving import Account, Server, serving, wait_for
from tests.server.test_errors import refused
from tests.stores import APPLICATION, CHOSEN, database_of

LIMIT = 10.0
"""Seconds within which every request has an answer."""


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A database server of the test's own, which all stores of the test use."""
    with Database.create() as database:
        monkeypatch.setenv(CHOSEN, "postgres")
        monkeypatch.setenv(ADDRESS, f"127.0.0.1:{database.port}")
        database.execute(f"CREATE ROLE {APPLICATION} LOGIN")
        migrate(create_database("migrated"), APPLICATION)
        yield database


@pytest.fixture
def account(database: Database, tmp_path: Path) -> Account:
    return Account(tmp_path / "store", "acme")


@pytest.fixture
def served(account: Account, tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "store", tmp_path / "log") as server:
        yield server


@contextmanager
def stopped(database: Database, _: str) -> Iterator[None]:
    database.stop()
    yield
    database.start()


@contextmanager
def paused(database: Database, _: str) -> Iterator[None]:
    database.pause()
    try:
        yield
    finally:
        database.resume()


@contextmanager
def without_tables(database: Database, name: str) -> Iterator[None]:
    database.execute("ALTER SCHEMA credtui RENAME TO away", database=name)
    yield
    database.execute("ALTER SCHEMA away RENAME TO credtui", database=name)


def ask_at_once(server: Server, account: Account, requests: int) -> list[httpx.Response]:
    """Ask for tokens on as many connections as there are requests."""

    def ask(_: int) -> httpx.Response:
        return httpx.post(server.token_url, data=account.form(), timeout=LIMIT)

    with ThreadPoolExecutor(requests) as pool:
        return list(pool.map(ask, range(requests)))


def bad_health(server: Server) -> httpx.Response | None:
    answer = httpx.get(f"{server.url}/healthz", timeout=LIMIT)
    return None if answer.status_code == 200 else answer


@pytest.mark.parametrize("outage", [stopped, paused, without_tables])
def test_an_outage(
    database: Database,
    served: Server,
    account: Account,
    outage: Callable[[Database, str], AbstractContextManager[None]],
) -> None:
    name = database_of(served.store).rpartition("/")[2]
    granted = ask_at_once(served, account, 8)
    assert [answer.status_code for answer in granted] == [200] * 8
    token = {"Authorization": f"Bearer {granted[0].json()['access_token']}"}
    # The uses of these tokens are not written yet when the outage begins.
    with outage(database, name):
        with ThreadPoolExecutor(1) as pool:
            test = pool.submit(httpx.get, f"{served.token_url}/test", headers=token, timeout=LIMIT)
            answers = [*ask_at_once(served, account, 24), test.result()]
        # A look at the store counts for a second.
        answers.append(wait_for(partial(bad_health, served), "bad health"))
        for answer in answers:
            refused(answer, 503, "temporarily_unavailable")
            assert int(answer.headers["Retry-After"]) > 0
        assert httpx.get(f"{served.url}/livez", timeout=LIMIT).status_code == 200
        errors = [line["event"] for line in served.lines if line["level"] == "error"]
        assert errors
        assert len(errors) < 10, "a problem has a line, and not each request that meets it"
        assert all(" database " in error or "The store" in error for error in errors), errors
    count = 8

    def answers_again() -> bool:
        nonlocal count
        answer = httpx.post(served.token_url, data=account.form(), timeout=LIMIT)
        assert answer.status_code in {200, 503}
        count += answer.status_code == 200
        return answer.status_code == 200

    wait_for(answers_again, "tokens")
    wait_for(
        lambda: httpx.get(f"{served.url}/healthz", timeout=LIMIT).status_code == 200, "good health"
    )
    assert httpx.get(f"{served.token_url}/test", headers=token, timeout=LIMIT).status_code == 200
    assert served.stop() == 0
    # The last uses are written when the server stops.
    usage = account.service.page().usage[account.client_id]
    assert sum(usage.issued.values()) == count


def test_processes_hold_few_connections_and_leave_none(
    database: Database, account: Account, tmp_path: Path
) -> None:
    workers = 3

    def connections() -> int:
        asked = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'credtui'"
        return int(database.execute(asked)[0][0]) - own

    own = 0
    own = connections()
    with serving(tmp_path / "store", tmp_path / "log", workers=workers) as server:
        most = 0
        for _ in range(4):
            answers = ask_at_once(server, account, 24)
            assert [answer.status_code for answer in answers] == [200] * 24
            most = max(most, connections())
        # Two for look-ups, and up to four for what threads do: in each process and their parent.
        assert 0 < most <= (workers + 1) * 6
        assert server.stop() == 0
    wait_for(lambda: connections() == 0, "all connections to end")
