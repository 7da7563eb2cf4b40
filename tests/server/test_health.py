"""What those who watch a server are told."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.server.serving import Account, Server, serving, wait_for
from tests.server.test_errors import TOKEN, refused
from tests.terminal import restrained

OK = (200, {"status": "ok"})


@pytest.fixture
def watched(own_store: Path, tmp_path: Path) -> Iterator[tuple[Server, Account]]:
    account = Account(own_store, "acme")
    with serving(own_store, tmp_path / "log", start=restrained()) as server:
        yield server, account


def told(server: Server, path: str = "/healthz") -> tuple[int, dict[str, str]]:
    answer = httpx.get(server.url + path, timeout=60)
    return answer.status_code, answer.json()


def ensure_down(server: Server, account: Account) -> None:
    """See 503 wherever the store is needed, and that the process is said to live."""
    with server.client() as http:
        refused(http.post(TOKEN, data=account.form()), 503, "temporarily_unavailable")
        answer = http.get("/healthz")
        said = refused(answer, 503, "temporarily_unavailable")
    assert said == "Credentials can not be read at the moment. Try again later."
    assert int(answer.headers["retry-after"]) > 0
    assert told(server, "/livez") == OK


def test_all_is_well(server: Server, account: Account) -> None:
    assert told(server) == told(server, "/livez") == OK
    assert httpx.head(f"{server.url}/healthz", timeout=60).status_code == 200


@pytest.mark.files
def test_a_folder_that_was_taken_away(watched: tuple[Server, Account]) -> None:
    server, account = watched
    away = server.store.with_name("away")
    assert told(server) == OK
    server.store.rename(away)
    wait_for(lambda: told(server)[0] == 503, "the store to be missed")
    ensure_down(server, account)
    away.rename(server.store)
    wait_for(lambda: told(server) == OK, "the store to be seen again")


@pytest.mark.files
@pytest.mark.parametrize("folder", [".", "uat", "production"])
def test_a_folder_that_can_not_be_read(watched: tuple[Server, Account], folder: str) -> None:
    server, account = watched
    Account(server.store, "globex", environment="production")
    sealed = server.store / folder
    mode = sealed.stat().st_mode
    sealed.chmod(0)
    try:
        wait_for(lambda: told(server)[0] == 503, "the store to be missed")
        if folder != "production":
            ensure_down(server, account)
    finally:
        sealed.chmod(mode)
    wait_for(lambda: told(server) == OK, "the store to be seen again")


def test_a_store_without_clients_is_well(own_store: Path, tmp_path: Path) -> None:
    with serving(own_store, tmp_path / "log") as server:
        assert told(server) == OK
