"""The command `store copy`, in processes of its own."""

import os
import pty
import subprocess
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from tests.cli.conftest import PROGRAM, Ran, in_process
from tests.postgres.shared import create_database
from tests.store.copied import clone, filled
from tests.stores import database_of

ENVIRON = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}


def copy(source: str, target: str, *flags: str) -> Ran:
    return in_process([*PROGRAM, "store", "copy", source, target, *flags], ENVIRON)


@pytest.fixture
def source(tmp_path: Path) -> str:
    return filled("tinydb", tmp_path / "home" / "store")[0]


def credtui(home: Path, *words: str, url: str = "") -> Ran:
    place = {"CREDTUI_HOME": str(home), "CREDTUI_ORGANIZATION": "acme"}
    return in_process(
        [*PROGRAM, *words],
        {**ENVIRON, **place, **({"CREDTUI_STORE_URL": url} if url else {})},
    )


def test_there_and_back(source: str, tmp_path: Path) -> None:
    database = database_of(tmp_path / "database")
    there = copy(source, database)
    assert there.status == 0, there.err
    assert "Secret hashes" in there.out
    assert "is in use from now on" in there.err
    home = Path(source).parent
    refused = credtui(home, "generate", "one more")
    assert refused.status == 6
    assert database.rpartition("/")[2] in refused.err
    assert refused.out == ""
    assert len(refused.err.splitlines()) == 1
    assert credtui(home, "list", "--json").status == 0
    assert credtui(home, "generate", "one more", url=database).status == 0
    again = copy(source, database)
    assert (again.status, again.out) == (0, "")
    assert "Nothing to do" in again.err
    back = copy(database, str(tmp_path / "other" / "store"), "--json")
    assert back.status == 0, back.err
    assert back.json["compared"]["credentials"] == 9
    assert back.json["to"] == f"the folder {tmp_path}/other/store"
    assert credtui(tmp_path / "other", "rename", "one more", "moved back").status == 0
    assert credtui(home, "rename", "one more", "x", url=database).status == 6


def refused_with(ran: Ran, status: int, sentence: str) -> None:
    assert ran.status == status, ran
    assert sentence in ran.err
    assert ran.err.startswith("credtui: ")
    assert len(ran.err.splitlines()) == 1
    assert ran.out == ""


def test_what_is_refused(source: str, tmp_path: Path) -> None:
    target = str(tmp_path / "target")
    refused_with(copy(source, source), 3, "Name two stores")
    refused_with(copy(str(tmp_path / "nowhere"), target), 6, "is not there")
    refused_with(copy(str(Path(source).parent), target), 3, "is a home")
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "notes.txt").write_text("mine")
    refused_with(copy(source, str(tmp_path / "used")), 3, "is not empty")
    refused_with(copy(source, "postgresql://ann:pw@127.0.0.1/x"), 2, "must have no password")
    refused_with(copy(source, "mysql://127.0.0.1/x"), 2, "must be a URL that begins with")
    refused_with(
        copy(source, create_database(f"empty_{os.getpid()}")), 6, "`credtui store migrate`"
    )
    refused_with(copy(source, "postgresql://127.0.0.1:1/x"), 6, "can't be reached")
    newer = clone(database_of(tmp_path / "newer"), tmp_path)
    with psycopg.connect(newer) as connection:
        connection.execute("UPDATE credtui.alembic_version SET version_num = '0099'")
    refused_with(copy(source, newer), 7, "later version")
    log = Path(source, "uat", "globex.audit.jsonl")
    log.write_text(log.read_text().replace("Payouts", "Payins", 1))
    refused_with(copy(source, target), 7, "globex in uat")
    assert credtui(Path(source).parent, "generate", "goes on").status == 0


def test_only_the_owner_copies_a_database(source: str, tmp_path: Path) -> None:
    from credtui.store.postgres.migrate import migrate

    database = database_of(tmp_path / "database")
    role = f"app_{os.getpid()}"
    with psycopg.connect(database) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN")
    migrate(database, role)
    refused_with(
        copy(source, database.replace("postgres@", f"{role}@")), 6, "Only the owner of the database"
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cant_be_written(source: str, tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    refused_with(copy(source, str(tmp_path / "locked" / "store")), 6, "permission denied")


def test_progress_on_a_terminal(source: str, tmp_path: Path) -> None:
    leader, follower = pty.openpty()
    child = subprocess.Popen(
        [*PROGRAM, "store", "copy", source, str(tmp_path / "target")],
        env={**ENVIRON, "TERM": "xterm"},
        stdout=subprocess.DEVNULL,
        stderr=follower,
    )
    os.close(follower)
    shown = b""
    with suppress(OSError):  # the terminal ends with the process
        while more := os.read(leader, 1 << 16):
            shown += more
    os.close(leader)
    assert child.wait() == 0
    assert b"Comparing" in shown
    assert b"5/5" in shown
