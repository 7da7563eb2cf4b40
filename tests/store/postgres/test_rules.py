"""The rules hold in the database itself, whatever client connects and as which role."""

import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Barrier
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Json

from credtui.domain.audit import Action, next_event
from credtui.domain.errors import CredtuiError
from credtui.domain.names import name_key
from credtui.domain.permissions import Operator
from credtui.domain.place import Place
from credtui.domain.secrets import hash_secret
from credtui.installation import now
from credtui.service.credentials import CredentialService
from credtui.store.port import Store
from credtui.store.postgres.store import PostgresStore
from tests.store.test_contract import PUBLIC_KEY, add
from tests.stores import as_application, database_of, open_postgres
from tests.support import (
    ALICE,
    SECRET,
    SECRET_HASH,
    START,
    UAT,
    make_credential,
    seeded_bytes,
    set_all_operators,
)

ACME, GLOBEX = Place("uat", "acme"), Place("uat", "globex")
FIRST, SECOND, GONE = (make_credential(number).client_id for number in (1, 2, 3))
OTHER_HASH = hash_secret(SECRET, 4).get_secret_value()

CREDENTIAL: Mapping[str, Any] = {
    "environment": "uat",
    "organization": "acme",
    "client_id": make_credential(7).client_id,
    "slot": 3,
    "position": 9,
    "is_primary": False,
    "name": "Another",
    "name_key": "another",
    "created_at": START,
    "generation": 1,
    "secret_hash": OTHER_HASH,
}


@dataclass
class Kept:
    """A database with two organizations, and both roles' connections to it."""

    store: Store
    owner: psycopg.Connection
    application: psycopg.Connection

    def content(self) -> Sequence[Any]:
        """Return all rows that the rules are about."""
        tables = ("ledger", "credential", "event", "operator", "operator_key", "departed")
        return [
            self.owner.execute(
                sql.SQL("SELECT row_to_json(t)::text FROM {} AS t ORDER BY 1").format(
                    sql.Identifier("credtui", table)
                )
            ).fetchall()
            for table in tables
        ]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    folder = tmp_path_factory.mktemp("rules")
    store, url = open_postgres(folder), database_of(folder)
    for number in (1, 2, 3):
        add(store, make_credential(number))
    add(store, make_credential(4), GLOBEX)
    with store.transaction(ACME) as transaction:
        transaction.organization = transaction.organization.delete(GONE)
        transaction.organization = transaction.organization.rotate(SECOND, SECRET_HASH, START)
        transaction.record(START, ALICE, Action.DELETE, client_id=GONE)
    set_all_operators(
        store, Operator(name="ann", keys=(PUBLIC_KEY,)), Operator(name="ray", representative=True)
    )
    with (
        psycopg.connect(url, autocommit=True) as owner,
        psycopg.connect(as_application(url), autocommit=True) as application,
    ):
        yield Kept(store, owner, application)
    store.close()


def insert(connection: psycopg.Connection, table: str, columns: Mapping[str, Any]) -> None:
    connection.execute(
        sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier("credtui", table),
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.SQL(", ").join([sql.Placeholder()] * len(columns)),
        ),
        list(columns.values()),
    )


def credential(**changed: object) -> Callable[[psycopg.Connection], None]:
    """Return what inserts a credential. The columns that aren't named are as they should be."""
    return lambda connection: insert(connection, "credential", {**CREDENTIAL, **changed})


def event(place: Place = ACME, **changed: object) -> Callable[[psycopg.Connection], None]:
    """Return what inserts an event. The columns that aren't named are as they should be."""

    def add_event(connection: psycopg.Connection) -> None:
        (end,) = connection.execute(
            "SELECT events, last_hash FROM credtui.ledger "
            "WHERE organization = %s AND environment = %s",
            [place.organization, place.environment],
        ).fetchall() or [(0, "0" * 64)]
        number = changed.get("number", end[0] + 1)
        previous = changed.get("previous", end[1])
        assert isinstance(number, int)
        assert isinstance(previous, str)
        added = next_event(number - 1, previous, START, ALICE, Action.VIEW)
        columns = {
            "organization": place.organization,
            "environment": place.environment,
            "number": added.number,
            "previous": added.previous,
            "hash": added.hash,
            "content": Json(added.model_dump(mode="json")),
        }
        insert(connection, "event", {**columns, **changed})

    return add_event


def statement(text: str, *values: object) -> Callable[[psycopg.Connection], object]:
    return lambda connection: connection.execute(text, values)


def copy_event(connection: psycopg.Connection) -> None:
    connection.execute("""
        INSERT INTO credtui.event (environment, organization, number, previous, hash, content)
        SELECT environment, 'globex', number, previous, hash, content FROM credtui.event
        WHERE organization = 'acme' AND number = 2
    """)


BROKEN: Mapping[str, Callable[[psycopg.Connection], object]] = {
    "a second primary": credential(is_primary=True),
    "a second primary by a change": statement(
        "UPDATE credtui.credential SET is_primary = true WHERE client_id = %s", SECOND
    ),
    "no primary": statement(
        "UPDATE credtui.credential SET is_primary = false WHERE client_id = %s", FIRST
    ),
    "no primary is left": statement("DELETE FROM credtui.credential WHERE client_id = %s", FIRST),
    "no primary at first": credential(organization="", is_primary=False),
    "a fourth slot": credential(slot=4),
    "slot 0": credential(slot=0),
    "a slot that is taken": credential(slot=2),
    "a name in capitals": credential(name="CREDENTIAL 1", name_key="credential 1"),
    "a name in a compatible form": credential(name="Credential \u2460", name_key="credential 1"),
    "a key that isn't the name's": credential(name="CREDENTIAL 1", name_key="other"),
    "a key in capitals": credential(name_key="Another"),
    "a name by a change": statement(
        "UPDATE credtui.credential SET name = 'Credential 1' WHERE client_id = %s", SECOND
    ),
    "a Client ID that another place has": credential(client_id=make_credential(4).client_id),
    "a place without a ledger": credential(organization="nowhere", is_primary=True),
    "a generation before the first": credential(generation=0),
    "a generation back": statement(
        "UPDATE credtui.credential SET generation = 1 WHERE client_id = %s", SECOND
    ),
    "another hash in the same generation": statement(
        "UPDATE credtui.credential SET secret_hash = %s WHERE client_id = %s", OTHER_HASH, SECOND
    ),
    "another Client ID": statement(
        "UPDATE credtui.credential SET client_id = %s WHERE client_id = %s", GONE, SECOND
    ),
    "another place": statement(
        "UPDATE credtui.credential SET organization = 'globex' WHERE client_id = %s", SECOND
    ),
    "a deleted credential": credential(client_id=GONE),
    "a deleted credential with a later generation": credential(client_id=GONE, generation=9),
    "all credentials at once": statement("TRUNCATE credtui.credential"),
    "a changed event": statement("UPDATE credtui.event SET content = content"),
    "a changed event, but none is found": statement(
        "UPDATE credtui.event SET hash = '' WHERE false"
    ),
    "a removed event": statement("DELETE FROM credtui.event WHERE number = 2"),
    "a replaced event": statement(
        "INSERT INTO credtui.event SELECT * FROM credtui.event "
        "ON CONFLICT (organization, environment, number) DO UPDATE SET hash = ''"
    ),
    "no events at all": statement("TRUNCATE credtui.event"),
    "no ledgers at all": statement("TRUNCATE credtui.ledger CASCADE"),
    "a gap": event(number=6),
    "a number again": event(number=4),
    "another previous hash": event(previous="1" * 64),
    "a column unlike the content": event(hash="2" * 64),
    "an event of another place": copy_event,
    "an event without a ledger": event(Place("uat", "nowhere")),
    "a log's end back": statement(
        "UPDATE credtui.ledger SET events = events - 1 WHERE organization = 'acme'"
    ),
    "a log's end ahead": statement(
        "UPDATE credtui.ledger SET events = events + 1 WHERE organization = 'acme'"
    ),
    "another end of a log": statement(
        "UPDATE credtui.ledger SET last_hash = %s WHERE organization = 'acme'", "3" * 64
    ),
    "a log that doesn't begin empty": statement(
        "INSERT INTO credtui.ledger (environment, organization, events) VALUES ('uat', 'new', 5)"
    ),
    "a removed ledger": statement("DELETE FROM credtui.ledger WHERE organization = 'acme'"),
    "a renamed ledger": statement(
        "UPDATE credtui.ledger SET organization = 'new' WHERE organization = 'acme'"
    ),
    "an operator's key twice": statement(
        "INSERT INTO credtui.operator_key (data, operator, position, line) "
        "SELECT data, 'ray', 0, line FROM credtui.operator_key"
    ),
}


@pytest.mark.parametrize("role", ["owner", "application"])
@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_the_database_refuses(
    kept: Kept, role: str, broken: Callable[[psycopg.Connection], object]
) -> None:
    before = kept.content()
    refusals: tuple[type[psycopg.Error], ...] = (psycopg.IntegrityError,)
    if role == "application":
        refusals = (*refusals, psycopg.errors.InsufficientPrivilege)
    with pytest.raises(refusals):
        broken(getattr(kept, role))
    assert kept.content() == before


@pytest.mark.parametrize("role", ["owner", "application"])
@pytest.mark.parametrize(
    "allowed",
    [
        credential(),
        credential(name="Caf\u00c9", name_key=name_key("Caf\u00c9")),
        event(),
        event(GLOBEX),
        statement(
            "UPDATE credtui.credential SET generation = 3, secret_hash = %s WHERE client_id = %s",
            OTHER_HASH,
            SECOND,
        ),
        statement("DELETE FROM credtui.credential WHERE organization = 'acme'"),
    ],
)
def test_the_same_statements_are_right_where_the_rule_is_kept(
    kept: Kept, role: str, allowed: Callable[[psycopg.Connection], object]
) -> None:
    before, connection = kept.content(), getattr(kept, role)
    with connection.transaction(force_rollback=True):
        allowed(connection)
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert kept.content() == before


def test_every_key_of_ascii_names_is_the_one_that_the_database_expects(kept: Kept) -> None:
    every = "".join(map(chr, range(32, 127)))
    assert kept.owner.execute('SELECT lower(%s COLLATE "C")', [every]).fetchone() == (
        name_key(every),
    )


# Races of clients that know no rule


def race(urls: Sequence[str], *works: Callable[[psycopg.Connection], object]) -> int:
    """Do pieces of work at the same time, each in its transaction. Return how many were done."""
    begun = Barrier(len(works))

    def run(number: int) -> bool:
        with psycopg.connect(urls[number % len(urls)]) as connection:
            connection.execute("SELECT 1")
            begun.wait()
            with suppress(psycopg.IntegrityError, psycopg.errors.TransactionRollback):
                works[number](connection)
                connection.commit()
                return True
            return False

    with ThreadPoolExecutor(len(works)) as pool:
        return sum(pool.map(run, range(len(works))))


def count_then_insert(number: int) -> Callable[[psycopg.Connection], None]:
    def work(connection: psycopg.Connection) -> None:
        rows = connection.execute(
            "SELECT slot FROM credtui.credential WHERE organization = 'acme'"
        ).fetchall()
        if len(rows) >= 3:
            raise psycopg.IntegrityError
        slot = min({1, 2, 3} - {row[0] for row in rows})
        credential(
            client_id=make_credential(number).client_id,
            name=f"N{number}",
            name_key=f"n{number}",
            slot=slot,
            is_primary=not rows,
            position=number,
        )(connection)

    return work


def make_ledger(url: str, organization: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO credtui.ledger (environment, organization) VALUES ('uat', %s)",
            [organization],
        )


def test_count_then_insert_cannot_break_the_cap(tmp_path: Path) -> None:
    url = database_of(tmp_path)
    make_ledger(url, "acme")
    urls = [url, as_application(url)]
    for attempt in range(5):
        race(urls, *(count_then_insert(attempt * 10 + number) for number in range(6)))
        rows = one_place(url)
        assert 1 <= len(rows) <= 3
        assert [row[1] for row in rows].count(True) == 1
    assert len(rows) == 3


@pytest.mark.parametrize("isolation", ["READ COMMITTED", "REPEATABLE READ"])
def test_two_changes_at_once_leave_a_primary(tmp_path: Path, isolation: str) -> None:
    url = database_of(tmp_path)
    make_ledger(url, "acme")

    def add_second(connection: psycopg.Connection) -> None:
        credential(client_id="second", slot=2, name="Second", name_key="second")(connection)

    def delete_first(connection: psycopg.Connection) -> None:
        connection.execute("DELETE FROM credtui.credential WHERE client_id = 'first'")

    with psycopg.connect(url) as one, psycopg.connect(url) as other:
        credential(client_id="first", slot=1, is_primary=True)(one)
        one.commit()
        for connection, work in ((one, add_second), (other, delete_first)):
            connection.execute(f"SET TRANSACTION ISOLATION LEVEL {isolation}")
            work(connection)
        one.commit()
        with pytest.raises((psycopg.IntegrityError, psycopg.errors.SerializationFailure)):
            other.commit()
    assert one_place(url) == [("first", True), ("second", False)]


def one_place(url: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(
            "SELECT client_id, is_primary FROM credtui.credential ORDER BY slot"
        ).fetchall()


# Races of the service


def generate(url: str, organization: str, seed: int) -> str:
    """Generate a credential in a process of its own. Return the outcome."""
    store = PostgresStore(url)
    service = CredentialService(
        store, UAT, organization, ALICE, clock=now, random_bytes=seeded_bytes(seed), bcrypt_cost=4
    )
    try:
        service.generate(f"Name {seed}")
    except CredtuiError as error:
        return error.code
    finally:
        store.close()
    return "done"


def test_twenty_races_of_processes_keep_the_cap(tmp_path: Path) -> None:
    # A fork needs no imports of its own.
    url, context = as_application(database_of(tmp_path)), multiprocessing.get_context("fork")
    with ProcessPoolExecutor(6, mp_context=context) as pool:
        for race_number in range(20):
            organization = f"org-{race_number}"
            tries = [
                pool.submit(generate, url, organization, race_number * 10 + number)
                for number in range(6)
            ]
            assert Counter(one.result() for one in tries) == {"done": 3, "cap_reached": 3}
    store = PostgresStore(url)
    for race_number in range(20):
        place = Place("uat", f"org-{race_number}")
        kept = store.load(place)
        assert len(kept.credentials) == 3
        assert kept.primary == kept.credentials[0].client_id
        assert len(store.events(place)) == 6
    store.close()
