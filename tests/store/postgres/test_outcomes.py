"""A change is made, not made, or unknown, and what is said about it is true."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import psycopg
import pytest

from credtui.cli.run import run
from credtui.domain.audit import Action
from credtui.domain.errors import OutcomeUnknownError, StoreBusyError, StoreError
from credtui.domain.models import IssuedSecret
from credtui.domain.operators import Operators
from credtui.domain.permissions import Operator
from credtui.domain.place import Place
from credtui.domain.secrets import RandomBytes, matches
from credtui.service.credentials import CredentialService
from credtui.store.postgres import held, sql
from credtui.store.postgres.migrate import migrate
from credtui.store.postgres.rows import key_of
from credtui.store.postgres.store import PostgresStore
from tests.conftest import MakeService
from tests.postgres.proxy import Act, Line, Proxy
from tests.postgres.server import Server, wait
from tests.postgres.shared import shared_server
from tests.stores import database_of
from tests.support import ALICE, START, make_credential

ACME, OLD = Place("uat", "acme"), Place("uat", "old")
BLOCKED = """
SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()
"""
WAITING = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held, "COMMIT_PATIENCE", 0.2)
    monkeypatch.setattr(sql, "SETTINGS", sql.SETTINGS.replace("'5s'", "'0.2s'"))


@pytest.fixture
def short_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make it short for those who wait in vain."""
    monkeypatch.setattr(held, "LOOK_PATIENCE", 0.4)


class Pair:
    """A primary server, and the standby that each of its commits waits for."""

    def __init__(self, primary: Server, standby: Server) -> None:
        self.primary = primary
        self.standby = standby

    @contextmanager
    def standby_hangs(self) -> Iterator[None]:
        self.standby.pause()
        try:
            yield
        finally:
            self.standby.resume()

    def wait_for_commit(self) -> None:
        """Wait until a commit waits for the standby."""
        wait(lambda: bool(self.primary.execute(WAITING)), lambda: "a commit to wait")

    def end_wait(self, how: str) -> None:
        """End the next wait of a commit for the standby."""
        self.wait_for_commit()
        for (pid,) in self.primary.execute(WAITING):
            self.primary.execute(f"SELECT {how}(%s)", [pid])


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with Server.create() as primary:
        migrate(primary.url())
        with primary.standby("second", synchronous=True) as standby:
            yield Pair(primary, standby)


@contextmanager
def meanwhile(work: Callable[[], object]) -> Iterator[None]:
    """Do something in another thread, and see that it succeeds."""
    with ThreadPoolExecutor(1) as other:
        done = other.submit(work)
        yield
        done.result()


def is_valid(store: PostgresStore, issued: IssuedSecret, place: Place = ACME) -> bool:
    """Tell whether a secret is the valid one, at the next look."""
    found = store.load(place).find(issued.credential.client_id)
    return found is not None and matches(issued.secret, found.secret_hash)


class TestStandby:
    @pytest.fixture
    def store(self, pair: Pair) -> Iterator[PostgresStore]:
        store = PostgresStore(pair.primary.url())
        yield store
        store.close()

    @pytest.fixture
    def random_bytes(self) -> RandomBytes:
        return os.urandom

    @pytest.fixture
    def place(self, request: pytest.FixtureRequest) -> Place:
        """A place that no other test has."""
        return Place("uat", f"o{abs(hash(request.node.name))}")

    @pytest.fixture
    def service(
        self, make_service: MakeService, store: PostgresStore, place: Place
    ) -> CredentialService:
        service = make_service(store=store, organization=place.organization)
        service.generate("Payout gateway")
        service.generate("Reporting")
        return service

    @pytest.mark.usefixtures("short_look")
    def test_a_change_without_its_standby_is_unknown(
        self, pair: Pair, service: CredentialService, store: PostgresStore, place: Place
    ) -> None:
        first, second = service.page().credentials
        with pair.standby_hangs():
            issued = service.rotate(first.client_id)
            assert isinstance(issued.doubt, OutcomeUnknownError)
            assert "no answer in time" in str(issued.doubt)
            assert not is_valid(store, issued, place)
            # The row stays locked for as long as the database waits.
            with pytest.raises(StoreBusyError, match=r"Nothing was changed\.$"):
                service.rename(first.client_id, "Other")
        wait(lambda: is_valid(store, issued, place), lambda: "the change to be made")
        with pair.standby_hangs(), pytest.raises(OutcomeUnknownError):
            service.delete(second.client_id)
        wait(lambda: len(service.page().credentials) == 1, lambda: "the change to be made")
        store.verify_events(place)

    def test_a_standby_that_comes_back_in_time_leaves_no_doubt(
        self, pair: Pair, service: CredentialService, store: PostgresStore, place: Place
    ) -> None:
        (first, _) = service.page().credentials
        with pair.standby_hangs():
            resume = threading.Timer(0.5, pair.standby.resume)
            resume.start()
            issued = service.rotate(first.client_id)
            resume.join()
        assert issued.doubt is None
        assert is_valid(store, issued, place)

    @pytest.mark.parametrize("how", ["pg_cancel_backend", "pg_terminate_backend"])
    @pytest.mark.parametrize("back", [True, False])
    def test_a_wait_that_is_ended_is_no_success(
        self,
        pair: Pair,
        service: CredentialService,
        store: PostgresStore,
        place: Place,
        how: str,
        back: bool,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(held, "COMMIT_PATIENCE", 5)
        monkeypatch.setattr(held, "LOOK_PATIENCE", 5 if back else 0.4)
        (first, _) = service.page().credentials

        def end_wait() -> None:
            pair.end_wait(how)
            if back:
                pair.standby.resume()

        with pair.standby_hangs(), meanwhile(end_wait):
            issued = service.rotate(first.client_id)
            # The primary shows the change now, but the standby doesn't have it.
            assert is_valid(store, issued, place)
        if back:
            assert issued.doubt is None
        else:
            assert isinstance(issued.doubt, OutcomeUnknownError)

    @pytest.mark.usefixtures("short_look")
    def test_an_interrupt_takes_no_new_secret_away(
        self,
        pair: Pair,
        service: CredentialService,
        store: PostgresStore,
        place: Place,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(held, "COMMIT_PATIENCE", 5)
        (first, _) = service.page().credentials

        def interrupt() -> None:
            pair.wait_for_commit()
            os.kill(os.getpid(), signal.SIGINT)

        with pair.standby_hangs(), meanwhile(interrupt):
            issued = service.rotate(first.client_id)
        assert isinstance(issued.doubt, OutcomeUnknownError)
        assert is_valid(store, issued, place)

    def test_a_standby_may_be_required(self, pair: Pair, place: Place) -> None:
        store = PostgresStore(pair.primary.url(), require_synchronous=True)
        assert create_organization(store, place) is None
        store.close()

    @pytest.mark.usefixtures("short_look", "service")
    def test_exit_statuses(
        self,
        pair: Pair,
        place: Place,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.setenv("CREDTUI_HOME", str(tmp_path))
        monkeypatch.setenv("CREDTUI_STORE_URL", pair.primary.url())
        words = ("--organization", place.organization, "--environment", "uat")
        with pair.standby_hangs():
            assert run([*words, "rotate", "Reporting", "--yes"]) == 10
            told = capsys.readouterr()
            assert "may be the valid one" in told.err
            assert told.out.startswith("csk_")
            assert run([*words, "rotate", "Reporting", "--yes"]) == 6
            assert capsys.readouterr().err.endswith("Nothing was changed.\n")


def swallow(line: Line, commit: bytes) -> None:
    """Lose the COMMIT. Neither side notices."""


def cut_before(line: Line, commit: bytes) -> None:
    line.cut()


def cut_after(line: Line, commit: bytes) -> None:
    line.mute = True
    line.server.sendall(commit)
    time.sleep(0.1)
    line.cut()


def cut_meanwhile(line: Line, commit: bytes) -> None:
    line.server.sendall(commit)
    line.cut()


def deaf_after(line: Line, commit: bytes) -> None:
    """Lose the answer. The client doesn't notice."""
    line.mute = True
    line.server.sendall(commit)


def delay(seconds: float) -> Act:
    """Return what lets the COMMIT arrive later, when its client may have left."""

    def act(line: Line, commit: bytes) -> None:
        line.outlived = line.mute = True
        threading.Timer(seconds, line.server.sendall, [commit]).start()

    return act


def generate(store: PostgresStore, place: Place = ACME) -> object:
    with store.transaction(place) as transaction:
        transaction.organization = transaction.organization.generate(
            make_credential(9 if place == ACME else 8)
        )
        transaction.record(START, ALICE, Action.GENERATE)
    return transaction.doubt


def create_organization(store: PostgresStore, place: Place = ACME) -> object:
    with store.operators_transaction() as transaction:
        transaction.create_organization(place)
        transaction.record(START, ALICE, Action.CREATE_ORGANIZATION)
    return transaction.doubt


def set_operators(store: PostgresStore) -> object:
    with store.operators_transaction() as transaction:
        transaction.operators = Operators(members=(Operator(name="ann", representative=True),))
        transaction.record(START, ALICE, Action.SET_OPERATOR)
    return transaction.doubt


def rename_first(store: PostgresStore) -> object:
    """Change a place whose ledger is there already."""
    with store.transaction(OLD) as transaction:
        (first,) = transaction.organization.credentials
        transaction.organization = transaction.organization.rename(first.client_id, "Other")
        transaction.record(START, ALICE, Action.RENAME)
    return transaction.doubt


Change = Callable[[PostgresStore], object]


def is_made(store: PostgresStore, change: Change) -> bool:
    if change is set_operators:
        return bool(store.operator_events()) and bool(store.operators().members)
    if change is rename_first:
        return [one.name for one in store.load(OLD).credentials] == ["Other"]
    return bool(store.events(ACME))


@pytest.mark.parametrize("change", [generate, create_organization, set_operators, rename_first])
class TestLine:
    @pytest.fixture
    def proxy(self) -> Iterator[Proxy]:
        with Proxy(shared_server().port) as proxy:
            yield proxy

    @pytest.fixture
    def looker(self, tmp_path: Path) -> Iterator[PostgresStore]:
        """A store that reaches the same database another way."""
        looker = PostgresStore(database_of(tmp_path))
        generate(looker, OLD)
        yield looker
        looker.close()

    @pytest.fixture
    def store(self, proxy: Proxy, tmp_path: Path) -> Iterator[PostgresStore]:
        store = PostgresStore(proxy.url(database_of(tmp_path).rpartition("/")[2]))
        yield store
        store.close()

    def test_a_commit_that_never_arrived(
        self, store: PostgresStore, proxy: Proxy, change: Change, looker: PostgresStore
    ) -> None:
        proxy.at_commit(cut_before)
        with pytest.raises(StoreError, match="did not make the change"):
            change(store)
        assert not is_made(looker, change)
        assert change(store) is None
        assert is_made(looker, change)

    @pytest.mark.parametrize("act", [cut_after, deaf_after, delay(0.4)])
    def test_a_commit_without_an_answer(
        self, store: PostgresStore, proxy: Proxy, change: Change, act: Act, looker: PostgresStore
    ) -> None:
        proxy.at_commit(act)
        assert change(store) is None
        assert is_made(looker, change)

    def test_a_commit_that_may_have_arrived(
        self, store: PostgresStore, proxy: Proxy, change: Change, looker: PostgresStore
    ) -> None:
        proxy.at_commit(cut_meanwhile)
        try:
            assert change(store) is None
        except StoreError:
            assert not is_made(looker, change)
        else:
            assert is_made(looker, change)

    @pytest.mark.usefixtures("short_look")
    def test_a_commit_that_arrives_after_the_last_look(
        self, store: PostgresStore, proxy: Proxy, change: Change, looker: PostgresStore
    ) -> None:
        late: list[Callable[[], None]] = []

        def keep(line: Line, commit: bytes) -> None:
            line.outlived = line.mute = True
            late.append(partial(line.server.sendall, commit))

        proxy.at_commit(keep)
        assert isinstance(change(store), OutcomeUnknownError)
        assert not is_made(looker, change)
        late[0]()
        wait(lambda: is_made(looker, change), lambda: "the change to be made")

    def test_a_commit_that_got_lost(
        self, store: PostgresStore, proxy: Proxy, change: Change, looker: PostgresStore
    ) -> None:
        proxy.at_commit(swallow)
        with pytest.raises(StoreError, match="did not make the change"):
            # The client's end of the line ends, and the server's with it.
            change(store)
        assert not is_made(looker, change)


class TestConflict:
    """The database undoes a transaction, as distributed engines often do."""

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[PostgresStore]:
        store = PostgresStore(database_of(tmp_path))
        yield store
        store.close()

    @pytest.mark.parametrize("state", ["40001", "40P01"])
    @pytest.mark.parametrize("when", ["DEFERRED", "IMMEDIATE"])
    @pytest.mark.parametrize("change", [generate, create_organization])
    def test_it_is_made_again(
        self, store: PostgresStore, tmp_path: Path, state: str, when: str, change: Change
    ) -> None:
        undo(database_of(tmp_path), 3, state, when)
        assert change(store) is None
        assert is_made(store, change)
        store.verify_events(ACME)

    @pytest.mark.parametrize("state", ["40003", "08007"])
    def test_the_database_does_not_know_the_outcome(
        self, store: PostgresStore, tmp_path: Path, state: str
    ) -> None:
        undo(database_of(tmp_path), 1, state, "DEFERRED")
        with pytest.raises(StoreError, match="did not make the change: undone"):
            generate(store)
        assert not is_made(store, generate)

    def test_it_is_given_up_in_the_end(self, store: PostgresStore, tmp_path: Path) -> None:
        undo(database_of(tmp_path), 1000, "40001", "DEFERRED")
        with pytest.raises(StoreBusyError, match="Another session"):
            generate(store)
        assert not is_made(store, generate)

    def test_another_session_was_first(self, store: PostgresStore, tmp_path: Path) -> None:
        url = database_of(tmp_path)
        # Sessions queue for a row that is there. For a new one, any of them may be the next.
        generate(store, OLD)
        undo(url, 1, "40001", "DEFERRED")
        rival = PostgresStore(url)
        with pytest.raises(StoreError, match="Look again"):
            record_before(lambda: rename_first(rival), store, OLD, url)
        actions = [event.action for event in store.events(OLD)]
        assert actions == [Action.RENAME, Action.GENERATE]
        rival.close()

    def test_the_second_attempt_may_not_begin(self, store: PostgresStore, tmp_path: Path) -> None:
        url = database_of(tmp_path)
        generate(store, OLD)
        undo(url, 1, "40001", "DEFERRED")
        with psycopg.connect(url) as rival, pytest.raises(StoreBusyError):
            record_before(lambda: rival.execute(sql.HOLD_LEDGER, key_of(OLD)), store, OLD, url)
        assert len(store.events(OLD)) == 1


def record_before(
    rival: Callable[[], object], store: PostgresStore, place: Place, url: str
) -> None:
    """Record an event while a rival waits for the same place, to be the next who holds it."""
    with ExitStack() as stack, store.transaction(place) as transaction:
        transaction.record(START, ALICE, Action.CONFIRM)
        stack.enter_context(meanwhile(rival))
        with psycopg.connect(url, autocommit=True) as connection:
            wait(lambda: bool(connection.execute(BLOCKED).fetchall()), lambda: "the rival to wait")


def undo(url: str, times: int, state: str, when: str) -> None:
    """Make the database undo the next transactions that write an event."""
    begin = "CONSTRAINT TRIGGER undo AFTER" if when == "DEFERRED" else "TRIGGER undo BEFORE"
    deferred = "DEFERRABLE INITIALLY DEFERRED" if when == "DEFERRED" else ""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            f"""
            CREATE SEQUENCE undone;
            CREATE FUNCTION undo() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF nextval('public.undone') <= {times} THEN
                    RAISE EXCEPTION 'undone' USING ERRCODE = '{state}';
                END IF;
                RETURN NEW;
            END $$;
            CREATE {begin} INSERT ON credtui.event {deferred}
                FOR EACH ROW EXECUTE FUNCTION undo();
            """.encode()
        )


def test_a_change_that_no_standby_has_to_confirm_may_be_refused(
    make_service: MakeService, tmp_path: Path
) -> None:
    store = PostgresStore(database_of(tmp_path), require_synchronous=True)
    service = make_service(store=store)
    with pytest.raises(StoreError) as error:
        service.generate("Payout gateway")
    assert str(error.value).endswith(
        " would acknowledge a change before a standby has it: its setting "
        "synchronous_standby_names is empty, and require_synchronous is set. Nothing was changed."
    )
    assert not service.page().credentials
    store.close()


def test_a_commit_that_is_interrupted(tmp_path: Path) -> None:
    with Proxy(shared_server().port) as proxy:
        store = PostgresStore(proxy.url(database_of(tmp_path).rpartition("/")[2]))

        def interrupt(line: Line, commit: bytes) -> None:
            os.kill(os.getpid(), signal.SIGINT)
            delay(0.3)(line, commit)

        proxy.at_commit(interrupt)
        assert generate(store) is None
        assert is_made(store, generate)
        store.close()


def test_a_session_that_was_stopped_while_it_held_the_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "SETTINGS", sql.SETTINGS.replace("'15s'", "'0.2s'"))
    store = PostgresStore(database_of(tmp_path))

    def stop_for_a_while() -> None:
        with store.transaction(ACME) as transaction:
            transaction.record(START, ALICE, Action.GENERATE)
            time.sleep(0.5)

    with pytest.raises(StoreError, match=r"server closed the connection|idle-in-transaction"):
        stop_for_a_while()
    assert not is_made(store, generate)
    assert generate(store) is None
    store.close()
