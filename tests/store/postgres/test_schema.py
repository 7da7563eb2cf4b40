"""Schemas that are earlier and later than this version's: a rolling upgrade works."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import httpx
import psycopg
import pytest

from credtui.cli.exit_codes import ExitCode
from credtui.domain.audit import Action
from credtui.domain.errors import StoreBusyError, StoreError, StoreTooNewError
from credtui.domain.place import Place
from credtui.store.postgres.migrate import MIGRATIONS, Migration, migrate
from credtui.store.postgres.store import PostgresStore
from tests.postgres.shared import create_database
from tests.server.serving import Account, Server, serving, wait_for
from tests.store.postgres.everything import use_all
from tests.store.test_contract import ACME, add, hold_lease
from tests.stores import CHOSEN, as_application, database_of
from tests.support import ALICE, START, make_credential
from tests.terminal import Terminal

NEXT = """
from alembic import op

revision, down_revision = "0002", "0001"

def upgrade():
    op.execute("ALTER TABLE credtui.credential ADD COLUMN note text")
    op.execute("ALTER TABLE credtui.ledger ADD COLUMN note text")
    op.execute("ALTER TABLE credtui.event ADD COLUMN note text")
    op.execute("CREATE TABLE credtui.note (organization text PRIMARY KEY, note text)")
"""
AFTER_NEXT = """
from alembic import op

revision, down_revision = "0003", "0002"

def upgrade():
    op.execute("CREATE TABLE credtui.another (x int)")
"""
FAILING = """
from alembic import op

revision, down_revision = "0002", "0001"

def upgrade():
    op.execute("CREATE TABLE credtui.half (x int)")
    op.execute("ALTER TABLE credtui.credential DROP COLUMN slot")
    op.execute("SELECT 1 / 0")
"""

COLUMNS = """
SELECT table_name || '.' || column_name FROM information_schema.columns
WHERE table_schema = 'credtui'
"""
WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND datname = current_database()
"""


@dataclass
class Database:
    """A database of schema 1, and the migrations of later versions."""

    owner: str
    folder: Path

    @property
    def application(self) -> str:
        return as_application(self.owner)

    def upgrade(self, *scripts: str) -> Migration:
        """Migrate as a version does that has these scripts after its first one."""
        if not self.folder.exists():
            shutil.copytree(MIGRATIONS, self.folder)
        for number, script in enumerate(scripts, start=2):
            (self.folder / "versions" / f"{number:04}.py").write_text(script)
        return migrate(self.owner, scripts=self.folder, target=len(scripts) + 1)

    def execute(self, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.owner, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def schema(self) -> object:
        return self.execute("SELECT version_num FROM credtui.alembic_version")[0][0]

    def columns(self) -> set[object]:
        return {row[0] for row in self.execute(COLUMNS)}


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(database_of(tmp_path / "store"), tmp_path / "migrations")


@pytest.fixture
def store(database: Database) -> Iterator[PostgresStore]:
    store = PostgresStore(database.application)
    yield store
    store.close()


def uses(store: PostgresStore) -> list[Callable[[], object]]:
    return [
        lambda: store.load(ACME),
        lambda: add(store, make_credential(9)),
        lambda: store.operators_for_key(b"x"),
        store.operators,
    ]


def refuse(url: str, kind: type[StoreError], sentence: str) -> None:
    """Check that a new program refuses to use a database."""
    store = PostgresStore(url)
    for use in uses(store):
        with pytest.raises(kind, match=sentence) as refused:
            use()
        assert type(refused.value) is kind
    store.close()


def test_no_tables(tmp_path: Path) -> None:
    url = create_database("no_tables")
    refuse(url, StoreError, "has no tables of credtui yet")
    with psycopg.connect(url) as connection:
        connection.execute("CREATE SCHEMA credtui")
    refuse(url, StoreError, "has no tables of credtui yet")


def test_an_earlier_schema(database: Database) -> None:
    database.execute("UPDATE credtui.alembic_version SET version_num = '0000'")
    refuse(database.application, StoreError, "has schema 0, and this version .* needs 1 or later")


def test_the_next_schema_is_used_in_full(database: Database, store: PostgresStore) -> None:
    add(store, make_credential(1))
    assert database.upgrade(NEXT)[1:] == (1, 2)
    assert database.upgrade(NEXT)[1:] == (2, 2)
    use_all(store, Place("uat", "globex"), 3)
    fresh = PostgresStore(database.application)
    use_all(fresh, Place("uat", "initech"), 5)
    assert fresh.load(ACME) == store.load(ACME)
    fresh.close()


def test_this_version_does_not_migrate_a_later_schema(database: Database) -> None:
    database.upgrade(NEXT)
    with pytest.raises(StoreTooNewError, match="a later version of credtui, to schema 2"):
        migrate(database.owner)
    assert database.schema() == "0002"


def test_the_schema_after_the_next_one_is_refused(database: Database, store: PostgresStore) -> None:
    add(store, make_credential(1))
    database.upgrade(NEXT, AFTER_NEXT)
    sentence = r"later version of credtui \(schema 3; this one knows 1 to 2\)"
    refuse(database.application, StoreTooNewError, sentence)
    with pytest.raises(StoreTooNewError, match=sentence):
        add(store, make_credential(2))  # on a connection that is open already


def test_a_failed_migration_leaves_nothing(database: Database, store: PostgresStore) -> None:
    before = database.columns()
    with pytest.raises(StoreError, match="can't be used: division by zero"):
        database.upgrade(FAILING)
    assert (database.columns(), database.schema()) == (before, "0001")
    use_all(store, ACME, 1)
    assert database.upgrade(NEXT)[1:] == (1, 2)


def test_two_first_migrations_at_the_same_time() -> None:
    for attempt in range(3):
        url = create_database(f"two_first_{attempt}")
        with ThreadPoolExecutor(4) as pool:
            done = list(pool.map(migrate, [url] * 4))
        assert [one.after for one in done] == [1] * 4
        assert None in [one.before for one in done]
        store = PostgresStore(url)
        use_all(store, ACME, 1)
        store.close()


def test_two_upgrades_at_the_same_time(database: Database) -> None:
    # Alembic keeps what belongs to a migration in its modules, so the second one is a process.
    script = (
        "import sys; from pathlib import Path; from credtui.store.postgres.migrate import migrate;"
        "print(migrate(sys.argv[1], scripts=Path(sys.argv[2]), target=2)[1:])"
    )
    database.folder.parent.mkdir(exist_ok=True)
    shutil.copytree(MIGRATIONS, database.folder)
    (database.folder / "versions" / "0002.py").write_text(NEXT)
    words = [sys.executable, "-c", script, database.owner, str(database.folder)]
    with psycopg.connect(database.owner) as holder:
        holder.execute("SELECT FROM credtui.alembic_version FOR UPDATE")
        both = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        while database.execute(WAITING) != [(2,)]:
            assert all(one.poll() is None for one in both)
    assert sorted(one.communicate()[0] for one in both) == ["(1, 2)\n", "(2, 2)\n"]


def assert_at_work(programs: Sequence[Future[None]]) -> None:
    for program in programs:
        if program.done():
            program.result()
            pytest.fail("it has ended")


def test_a_migration_while_programs_run(database: Database, store: PostgresStore) -> None:
    add(store, make_credential(1))
    stop = Event()
    done: list[Place] = []

    def change(place: Place) -> None:
        mine = PostgresStore(database.application)
        while not stop.is_set():
            with mine.transaction(place) as transaction:
                transaction.record(START, ALICE, Action.VIEW)
            done.append(place)
        mine.close()

    with ThreadPoolExecutor(3) as pool:
        at_work = [pool.submit(change, Place("uat", f"org-{number}")) for number in range(3)]
        try:
            while len(done) < 20:
                assert_at_work(at_work)
            assert database.upgrade(NEXT)[1:] == (1, 2)
            seen = len(done)
            while len(done) < seen + 20:
                assert_at_work(at_work)
        finally:
            stop.set()
    for place in set(done):
        newest = store.verify_events(place)
        assert newest is not None
        assert newest.number == done.count(place)


def test_a_migration_gives_up_where_a_session_has_a_table(
    database: Database, store: PostgresStore
) -> None:
    """While it waits, other sessions wait behind it."""
    script = NEXT.replace("credtui.ledger", "credtui.lease")
    with hold_lease(store):
        with pytest.raises(StoreBusyError, match="Another session is making a change"):
            database.upgrade(script)
        assert database.schema() == "0001"
    assert database.upgrade(script)[1:] == (1, 2)


# Programs


@pytest.fixture
def on_postgres(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CHOSEN, "postgres")


@pytest.mark.usefixtures("on_postgres")
def test_a_token_endpoint_before_and_after(database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    account = Account(folder, "acme")

    def ask(server: Server) -> httpx.Response:
        with server.client() as client:
            return client.post(server.token_url, data=account.form())

    with serving(folder, tmp_path / "log") as server:
        assert ask(server).status_code == 200
        database.upgrade(NEXT)
        assert ask(server).status_code == 200
        account.rotate()
        assert ask(server).status_code == 200
        database.upgrade(NEXT, AFTER_NEXT)
        for _ in range(3):
            answer = ask(server)
            assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
            assert answer.headers["Retry-After"]
        # A look at the store counts for a second.
        wait_for(lambda: httpx.get(f"{server.url}/healthz").status_code == 503, "its end")


def test_programs_refuse_to_start(database: Database, tmp_path: Path) -> None:
    database.upgrade(NEXT, AFTER_NEXT)
    environ = {"CREDTUI_HOME": str(tmp_path), "CREDTUI_STORE_URL": database.application}
    program = [sys.executable, "-m", "credtui"]
    commands = ["list", "generate x", "serve --port 0", "store status"]
    at_work = [
        subprocess.Popen(
            [*program, *words.split()],
            env={**environ, "PATH": os.environ["PATH"]},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for words in commands
    ]
    sentence = "(schema 3; this one knows 1 to 2). Use that version."
    with Terminal(program, env=environ) as portal:
        assert portal.wait_exit() == ExitCode.DAMAGED
        assert sentence in " ".join(portal.text.split())
    for one in at_work:
        assert sentence in one.communicate()[1]
        assert one.returncode == ExitCode.DAMAGED
