"""The password of the database: libpq finds it in its own ways, and credtui shows it nowhere."""

import json
import os
import pickle
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from credtui.cli.exit_codes import ExitCode
from credtui.domain.errors import StoreError
from credtui.store.postgres.store import PostgresStore
from tests.postgres.locked import Locked, locked
from tests.postgres.processes import children
from tests.secrets_scan import found_in
from tests.server.serving import wait_for
from tests.store.test_contract import ACME, add
from tests.support import make_credential
from tests.terminal import Terminal

PROGRAM = (sys.executable, "-m", "credtui")
BY_SERVICE = "postgresql:///?service=credtui"


@pytest.fixture(scope="module")
def database() -> Iterator[Locked]:
    with locked() as database:
        yield database


Way = Callable[[Locked, Path], Mapping[str, str]]
"""Prepares a folder, which is the account's home too. Returns environment variables."""

WAYS: Mapping[str, Way] = {
    "passfile in the address": lambda database, folder: {
        "CREDTUI_STORE_URL": f"{database.url}?passfile={database.passfile(folder / 'pass')}"
    },
    "PGPASSFILE": lambda database, folder: {
        "CREDTUI_STORE_URL": database.url,
        "PGPASSFILE": str(database.passfile(folder / "pass")),
    },
    "~/.pgpass": lambda database, folder: {
        "CREDTUI_STORE_URL": database.url,
        "HOME": str(database.passfile(folder / ".pgpass").parent),
    },
    "PGSERVICEFILE": lambda database, folder: {
        "CREDTUI_STORE_URL": BY_SERVICE,
        "PGSERVICEFILE": str(database.service_file(folder / "services")),
    },
    "~/.pg_service.conf": lambda database, folder: {
        "CREDTUI_STORE_URL": BY_SERVICE,
        "HOME": str(database.service_file(folder / ".pg_service.conf").parent),
    },
    "PGPASSWORD": lambda database, _: {
        "CREDTUI_STORE_URL": database.url,
        "PGPASSWORD": database.password,
    },
}


def environ_of(way: str, database: Locked, folder: Path) -> dict[str, str]:
    given = WAYS[way](database, folder)
    home = {"CREDTUI_HOME": str(folder / "credtui"), "HOME": "/nonexistent"}
    return {"PATH": os.environ["PATH"], **home, **given}


def leaks(database: Locked, way: str, *pids: int) -> list[str]:
    """Return where the password is in the processes, besides where the person put it."""
    places = found_in(database.password, processes=pids)
    if way == "PGPASSWORD":
        return [place for place in places if not place.endswith("/environ")]
    return places


def test_commands(database: Locked, tmp_path: Path) -> None:
    at_work = {}
    for number, way in enumerate(WAYS):
        folder = tmp_path / str(number)
        folder.mkdir()
        at_work[way] = subprocess.Popen(
            [*PROGRAM, "store", "status", "--json"],
            env=environ_of(way, database, folder),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    for way, process in at_work.items():
        out, err = process.communicate()
        assert process.returncode == ExitCode.OK, (way, err)
        assert json.loads(out)["schema"] == 1
        assert database.password not in out + err


@pytest.mark.parametrize("way", ["PGPASSFILE", "~/.pg_service.conf", "PGPASSWORD"])
def test_the_portal(database: Locked, tmp_path: Path, way: str) -> None:
    """The portal removes most environment variables, and connects again later."""
    environ = {
        **environ_of(way, database, tmp_path),
        "CREDTUI_ORGANIZATION": f"o{[*WAYS].index(way)}",
    }
    with Terminal(PROGRAM, env=environ) as terminal:
        terminal.wait_for("API credentials")
        terminal.press("n")
        terminal.wait_for("Credential name")
        database.server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'credtui'"
        )
        terminal.send("Payout\r")
        terminal.wait_for("Save your secret now")
        assert leaks(database, way, terminal.process.pid) == []
        assert database.password not in terminal.text


@pytest.mark.parametrize("way", ["~/.pgpass", "PGPASSWORD"])
def test_the_token_endpoint(database: Locked, tmp_path: Path, way: str) -> None:
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*PROGRAM, "serve", "--port", "0", "--workers", "2"],
            env=environ_of(way, database, tmp_path),
            stderr=output,
        )
    try:
        wait_for(lambda: b'"listening"' in log.read_bytes() or process.poll(), "the server")
        first = json.loads(log.read_text().splitlines()[0])
        url = f"http://127.0.0.1:{first['port']}/healthz"
        assert httpx.get(url, timeout=60).status_code == 200
        assert leaks(database, way, process.pid, *children(process.pid)) == []
    finally:
        process.terminate()
        process.wait()
    assert database.password not in log.read_text()


@pytest.mark.parametrize("words", ["list", "store status", "store migrate", "serve --port 0"])
def test_a_wrong_password_is_one_sentence(database: Locked, tmp_path: Path, words: str) -> None:
    wrong = "wrong-" + database.password[::-1]
    passfile = database.passfile(tmp_path / "wrong", wrong)
    done = subprocess.run(
        [*PROGRAM, *words.split()],
        env={
            "PATH": os.environ["PATH"],
            "CREDTUI_HOME": str(tmp_path / "home"),
            "CREDTUI_STORE_URL": database.url,
            "PGPASSFILE": str(passfile),
            "CREDTUI_TRACEBACK": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (ExitCode.UNAVAILABLE, "")
    sentence = done.stderr.splitlines()[-1]
    assert "password authentication failed for user" in sentence
    assert "credtui at 127.0.0.1" in sentence
    assert wrong not in done.stderr


def test_what_python_shows_of_a_store(
    database: Locked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"{database.url}?passfile={database.passfile(tmp_path / 'pass')}"
    store = PostgresStore(url)
    add(store, make_credential(1))
    shown = [repr(store), repr(vars(store)), repr(pickle.dumps(store))]
    shown += [repr(connection) for connection in store._connections._idle]
    assert len(shown) > 3
    monkeypatch.setenv("PGPASSWORD", "wrong-" + database.password)
    wrong = PostgresStore(database.url)
    for broken in (lambda: wrong.load(ACME), lambda: wrong.operators_for_key(b"x")):
        with pytest.raises(StoreError) as caught:
            broken()
        shown += traceback.format_exception(caught.value)
        # The first step is in this test, which knows the password.
        assert caught.tb.tb_next
        steps = traceback.walk_tb(caught.tb.tb_next)
        shown += traceback.StackSummary.extract(steps, capture_locals=True).format()
    store.close()
    assert database.password not in "".join(shown)


def test_the_server_s_log(database: Locked) -> None:
    assert "password authentication failed" in database.server.log
    assert database.password not in database.server.log
