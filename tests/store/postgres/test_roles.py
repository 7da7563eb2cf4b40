"""Two roles: the owner makes the tables, and the application can't touch what the owner made."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from credtui.domain.place import Place
from credtui.store.port import Store
from credtui.store.postgres.migrate import migrate
from credtui.store.postgres.store import PostgresStore
from tests.postgres.shared import create_database, shared_url
from tests.store.postgres.everything import use_all
from tests.store.test_contract import ACME

NAME = "two_roles"
GLOBEX = Place("uat", "globex")


@pytest.fixture(scope="module")
def owner() -> Iterator[psycopg.Connection]:
    """A connection as the owner, who isn't a superuser."""
    create_database(NAME)
    with psycopg.connect(shared_url(), autocommit=True) as superuser:
        superuser.execute('CREATE ROLE "Owner of it" LOGIN')
        superuser.execute('CREATE ROLE "the app" LOGIN')
        superuser.execute(f'ALTER DATABASE {NAME} OWNER TO "Owner of it"')
    url = shared_url(NAME, "Owner%20of%20it")
    migrate(url, "the app")
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def application(owner: psycopg.Connection) -> Iterator[psycopg.Connection]:
    with psycopg.connect(shared_url(NAME, "the%20app"), autocommit=True) as connection:
        yield connection


@pytest.fixture
def store(owner: psycopg.Connection) -> Iterator[Store]:
    store = PostgresStore(shared_url(NAME, "the%20app"))
    yield store
    store.close()


def test_the_application_can_do_all_that_credtui_does(store: Store) -> None:
    use_all(store, ACME, 1)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE credtui.event SET content = content",
        "DELETE FROM credtui.event",
        "TRUNCATE credtui.event",
        "TRUNCATE credtui.credential",
        "ALTER TABLE credtui.event DISABLE TRIGGER ALL",
        "ALTER TABLE credtui.event ADD COLUMN x int",
        "DROP TABLE credtui.event CASCADE",
        "DROP TRIGGER keep_events ON credtui.event",
        "DROP FUNCTION credtui.grow_log() CASCADE",
        (
            "CREATE TRIGGER mine BEFORE INSERT ON credtui.event "
            "FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()"
        ),
        "CREATE RULE mine AS ON INSERT TO credtui.event DO INSTEAD NOTHING",
        (
            "CREATE OR REPLACE FUNCTION credtui.grow_log() RETURNS trigger LANGUAGE plpgsql "
            "AS 'BEGIN RETURN NEW; END'"
        ),
        "CREATE FUNCTION credtui.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE TABLE credtui.mine (x int)",
        "ALTER SCHEMA credtui RENAME TO mine",
        "DROP SCHEMA credtui CASCADE",
        "UPDATE credtui.alembic_version SET version_num = '0009'",
        "DELETE FROM credtui.alembic_version",
        "UPDATE credtui.ledger SET events = events + 1",
        "UPDATE credtui.ledger SET last_hash = ''",
        "DELETE FROM credtui.ledger",
        "INSERT INTO credtui.ledger (environment, organization, events) VALUES ('uat', 'new', 9)",
        "DELETE FROM credtui.departed",
        "TABLE credtui.departed",
        "UPDATE credtui.token_key SET key = key",
        "DELETE FROM credtui.token_key",
        "UPDATE credtui.revocation SET expiry = 0",
        "SET session_replication_role = replica",
        'SET ROLE "Owner of it"',
        "ALTER ROLE CURRENT_USER CREATEDB",
    ],
)
def test_the_application_may_not(application: psycopg.Connection, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        application.execute(statement)


@pytest.mark.parametrize(
    "function",
    ["follow_last_event", "note_departure", "stay_departed", "grow_log", "have_a_primary"],
)
def test_a_function_of_the_owner_works_for_no_other_table(
    application: psycopg.Connection, function: str
) -> None:
    """follow_last_event works as the owner: on another table, it would move the end of a log."""
    application.execute("CREATE TEMPORARY TABLE event (number bigint, previous text, hash text)")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        application.execute(
            sql.SQL(
                "CREATE TRIGGER mine AFTER INSERT ON event FOR EACH ROW EXECUTE FUNCTION {}()"
            ).format(sql.Identifier("credtui", function))
        )


TRAPS = """
CREATE FUNCTION public.trap() RETURNS int LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the trap was used'; END $$;
CREATE FUNCTION public.unnest(text[]) RETURNS SETOF text LANGUAGE sql AS
    $$ SELECT public.trap()::text $$;
CREATE FUNCTION public.unnest(bigint[]) RETURNS SETOF bigint LANGUAGE sql AS
    $$ SELECT public.trap()::bigint $$;
CREATE FUNCTION public.unnest(text[], text[]) RETURNS SETOF text LANGUAGE sql AS
    $$ SELECT public.trap()::text $$;
CREATE FUNCTION public.nextval(text) RETURNS bigint LANGUAGE sql AS $$ SELECT public.trap() $$;
CREATE FUNCTION public.trap_step(json, text, smallint) RETURNS json LANGUAGE sql AS
    $$ SELECT public.trap()::text::json $$;
CREATE AGGREGATE public.json_object_agg(text, smallint)
    (SFUNC = public.trap_step, STYPE = json, INITCOND = '{}');
CREATE FUNCTION public.set_config(text, text, boolean) RETURNS text LANGUAGE sql AS
    $$ SELECT public.trap()::text $$;
CREATE FUNCTION public.current_setting(text) RETURNS text LANGUAGE sql AS
    $$ SELECT public.trap()::text $$;
CREATE FUNCTION public.pg_is_in_recovery() RETURNS boolean LANGUAGE sql AS
    $$ SELECT public.trap() = 1 $$;
CREATE FUNCTION public.repeat(text, int) RETURNS text LANGUAGE sql AS
    $$ SELECT public.trap()::text $$;
CREATE FUNCTION public.lower(text) RETURNS text LANGUAGE sql AS $$ SELECT public.trap()::text $$;
CREATE FUNCTION public.octet_length(text) RETURNS int LANGUAGE sql AS $$ SELECT public.trap() $$;
CREATE FUNCTION public.equal(text, text) RETURNS boolean LANGUAGE sql AS
    $$ SELECT public.trap() = 1 $$;
CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text, FUNCTION = public.equal);
CREATE TABLE public.event (LIKE credtui.event);
CREATE TABLE public.ledger (LIKE credtui.ledger);
CREATE TABLE public.credential (LIKE credtui.credential);
CREATE TABLE public.alembic_version (version_num text);
INSERT INTO public.alembic_version VALUES ('9999');
"""


def test_what_the_application_makes_elsewhere_has_no_effect(
    owner: psycopg.Connection, application: psycopg.Connection, store: Store
) -> None:
    """Before version 15 of PostgreSQL, each role may make functions and tables in `public`."""
    owner.execute('GRANT CREATE ON SCHEMA public TO "the app"')
    application.execute(TRAPS)
    with pytest.raises(psycopg.errors.RaiseException, match="the trap was used"):
        application.execute("SELECT unnest(ARRAY['x'])")
    use_all(store, GLOBEX, 5)
    migrate(shared_url(NAME, "Owner%20of%20it"), "the app")
    for table in ("event", "ledger", "credential"):
        assert application.execute(f"TABLE public.{table}").fetchall() == []
