"""`credtui store status` and `credtui store migrate`."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg
import pytest

from credtui.cli.exit_codes import ExitCode
from tests.cli.conftest import Credtui, Ran
from tests.postgres.server import Server
from tests.postgres.shared import create_database, drop_database, shared_url

SECRET = "hunter2"


@pytest.fixture
def owner(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The configured database, which has no tables yet, as its owner."""
    url = create_database("new")
    monkeypatch.setenv("CREDTUI_STORE_URL", url)
    with psycopg.connect(url) as connection:
        connection.execute("""
            DO $$ BEGIN
                CREATE ROLE reader LOGIN;
            EXCEPTION WHEN duplicate_object THEN
            END $$
        """)
    yield url
    drop_database("new")


def where(url: str) -> str:
    address, _, name = url.partition("@")[2].partition("/")
    return f"The database {name} at {address}"


def test_a_new_database_is_made_ready(credtui: Credtui, owner: str) -> None:
    ran = credtui("store", "status")
    assert ran.status == ExitCode.UNAVAILABLE
    assert "Schema      none; this version can't use it\n" in ran.out
    sentence = (
        f"{where(owner)} has no tables of credtui yet. Its owner makes them with "
        "`credtui store migrate`."
    )
    assert ran.err == f"credtui: {sentence}\n"
    assert credtui("store", "status", "--json").json["problem"] == sentence
    for command in ("list", "generate x", "store status"):
        ran = credtui(*command.split())
        assert ran.err.startswith(f"credtui: {sentence}"), "nothing is made unasked"

    done = f"{where(owner)} has the tables of schema 1 now.\n"
    assert credtui("store", "migrate") == (ExitCode.OK, "", done)
    assert credtui("generate", "x").status == ExitCode.OK
    again = credtui("store", "migrate", "--json", owner)
    assert again[::2] == (ExitCode.OK, f"{where(owner)} has schema 1 already.\n")
    assert again.json == {"before": 1, "after": 1}

    reader = owner.replace("postgres@", "reader@")
    assert credtui("store", "status", reader) == (
        ExitCode.UNAVAILABLE,
        "",
        f"credtui: {where(owner)} refuses access: permission denied for schema credtui.\n",
    )
    ran = credtui("store", "migrate", "--application", "reader")
    assert ran.err == f"{where(owner)} has schema 1 already. The role reader may use it.\n"
    assert credtui("store", "status", reader).status == ExitCode.OK


def test_status_tells_of_the_server(credtui: Credtui, owner: str) -> None:
    credtui("store", "migrate")
    ran = credtui("store", "status")
    assert (ran.status, ran.err) == (ExitCode.OK, "")
    assert ran.out.splitlines() == [
        f"Store       {where(owner)}",
        "Schema      1; this version can use it",
        "Server      PostgreSQL 18.6",
        "Standbys    0; synchronous_standby_names = ''",
        "Connection  no TLS; sslmode=prefer",
    ]
    assert credtui("store", "status", "--json").json == {
        "store": "postgresql",
        "location": owner,
        "schema": 1,
        "known_schemas": [1, 2],
        "problem": None,
        "server_version": "18.6",
        "standbys": 0,
        "synchronous_standby_names": "",
        "tls": False,
        "sslmode": "prefer",
        "hazards": [],
    }


def test_status_tells_of_standbys_and_hazards(credtui: Credtui) -> None:
    with Server.create() as primary, primary.standby("second") as standby:
        credtui("store", "migrate", primary.url())
        ran = credtui("store", "status", primary.url())
        assert "Standbys    1; synchronous_standby_names = ''" in ran.out
        (hazard,) = credtui("store", "status", "--json", primary.url()).json["hazards"]
        assert hazard.startswith("The database acknowledges a change before its standby has it")
        assert f"! {hazard}" in ran.out
        primary.configure(synchronous_standby_names="second")
        found = credtui("store", "status", "--json", primary.url()).json
        assert (found["standbys"], found["synchronous_standby_names"]) == (1, "second")
        assert found["hazards"] == []
        for command in ("status", "migrate"):
            ran = credtui("store", command, standby.url())
            assert (ran.status, ran.out) == (ExitCode.UNAVAILABLE, "")
            assert ran.err.endswith(" can't be reached: session is read-only.\n")


def test_a_folder_needs_no_migration(
    credtui: Credtui, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CREDTUI_STORE_URL", raising=False)
    folder = home / "store"
    assert credtui("store", "status") == (ExitCode.OK, f"Store       The folder {folder}\n", "")
    assert credtui("store", "status", "--json").json == {"store": "folder", "location": str(folder)}
    sentence = f"The store is the folder {folder}: there is nothing to migrate.\n"
    assert credtui("store", "migrate") == (ExitCode.OK, "", sentence)
    assert credtui("store", "migrate", "--json").json == {"before": None, "after": None}
    assert not home.exists()


@pytest.mark.parametrize("command", ["status", "migrate"])
def test_a_database_that_cannot_be_used(credtui: Credtui, owner: str, command: str) -> None:
    for url, name, reason in (
        ("postgresql://127.0.0.1:1/x", "x at 127.0.0.1:1", "Connection refused"),
        (
            "postgresql://127.0.0.1:1,127.0.0.1:2/x",
            "x at 127.0.0.1:1,127.0.0.1:2",
            "127.0.0.1:1 Connection refused; 127.0.0.1:2 Connection refused",
        ),
        (shared_url("nowhere"), None, 'database "nowhere" does not exist'),
        (shared_url("new", "nobody"), None, 'role "nobody" does not exist'),
    ):
        ran = credtui("store", command, url)
        database = f"The database {name}" if name else where(url)
        sentence = f"credtui: {database} can't be reached: {reason}.\n"
        assert ran == (ExitCode.UNAVAILABLE, "", sentence)


def test_a_role_that_may_not_migrate(credtui: Credtui, owner: str) -> None:
    ran = credtui("store", "migrate", owner.replace("postgres@", "reader@"))
    assert ran == (
        ExitCode.UNAVAILABLE,
        "",
        f"credtui: {where(owner)} refuses access: permission denied for database new.\n",
    )
    ran = credtui("store", "migrate", "--application", "nobody")
    assert ran == (
        ExitCode.UNAVAILABLE,
        "",
        f'credtui: {where(owner)} can\'t be used: role "nobody" does not exist.\n',
    )
    assert credtui("store", "status", "--json").json["schema"] is None, "all or nothing"


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://credtui:{SECRET}@db1/credtui",
        f"postgresql://credtui:a@b/{SECRET}@db1/credtui",
        f"postgresql://credtui:12/{SECRET}@db1/credtui",
        f"postgresql://credtui:12?{SECRET}@db1/credtui",
        f"postgresql://credtui%3A{SECRET}@db1/credtui",
        f"postgresql://a@b:{SECRET}@db1/credtui",
        f"postgresql://db1/credtui?password={SECRET}",
        f"postgresql://db1/credtui?a=b&%70assword={SECRET}",
        f"postgres://db1/credtui?sslpassword={SECRET}",
        f"postgres://db1/credtui?oauth_client_secret={SECRET}",
    ],
)
@pytest.mark.parametrize(
    "words",
    [
        "store status {}",
        "store migrate {}",
        "store status postgresql:///x {}",
        "list {}",
        "--home={} list",
        "generate {}",
    ],
)
def test_a_password_is_refused_and_not_repeated(
    credtui: Credtui, home: Path, words: str, url: str
) -> None:
    ran = credtui(*words.format(url).split())
    assert (ran.status, ran.out) == (ExitCode.USAGE, "")
    assert ran.err == (
        "credtui: The address of a database must have no password: others see it in the list of "
        "processes. Put the password into libpq's password file, ~/.pgpass, with mode 0600.\n"
    )
    assert not home.exists()


@pytest.mark.parametrize(
    "url",
    ["", "mysql://x/y", "host=x", "postgresql://x/a b", "postgresql://x/y#z", "postgresql://["],
)
def test_what_is_no_address(credtui: Credtui, url: str) -> None:
    ran = credtui("store", "migrate", url)
    assert (ran.status, ran.out) == (ExitCode.USAGE, "")
    assert ran.err.startswith("credtui: argument URL: it must ")
    assert not url or url not in ran.err


WITHOUT = """
import sys
sys.modules[{module!r}] = None
from credtui.__main__ import main
sys.argv[1:] = {words!r}
sys.exit(main())
"""


def without(module: str, words: list[str], environ: Mapping[str, str]) -> Ran:
    """Run a command where a module isn't installed."""
    script = WITHOUT.format(module=module, words=words)
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PATH": os.environ["PATH"], **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("words", ["store status", "store migrate", "list", "serve"])
def test_without_the_extra(tmp_path: Path, words: str) -> None:
    environ = {"CREDTUI_HOME": str(tmp_path), "CREDTUI_STORE_URL": "postgresql://127.0.0.1:1/x"}
    ran = without("psycopg", words.split(), environ)
    assert (ran.status, ran.out) == (ExitCode.USAGE, "")
    assert ran.err == (
        "credtui: A database as the store needs credtui's extra postgres. Add it with what "
        "installed credtui: pip install 'credtui[postgres]', pipx inject credtui "
        "'credtui[postgres]' or uv tool install 'credtui[postgres]'.\n"
    )
    del environ["CREDTUI_STORE_URL"]
    if words != "serve":
        assert without("psycopg", words.split(), environ).status == ExitCode.OK


def test_only_migrate_needs_alembic(owner: str, home: Path) -> None:
    environ = {"CREDTUI_HOME": str(home), "CREDTUI_STORE_URL": owner}
    assert without("alembic", ["store", "migrate"], environ).status == ExitCode.USAGE
    assert without("x", ["store", "migrate"], environ).status == ExitCode.OK
    for words in (["store", "status"], ["generate", "x"]):
        assert without("alembic", words, environ).status == ExitCode.OK
