"""Makes and upgrades the tables of the database, as its owner."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from credtui.domain.errors import StoreTooNewError
from credtui.store.postgres.address import where
from credtui.store.postgres.connections import connect, read_schema
from credtui.store.postgres.errors import ConflictError, again, explained
from credtui.store.postgres.schema import SCHEMA

MIGRATIONS = Path(__file__).parent / "migrations"

# A migration waits for the sessions that use a table, and each later session waits for the
# migration. So it soon gives up. No function of another schema is found.
_SETTINGS = """
SELECT pg_catalog.set_config('lock_timeout', '3s', true),
    pg_catalog.set_config('search_path', 'pg_catalog', true)
"""

# Of two migrations at the same time, the second one waits, and sees what the first one did.
_HOLD_SCHEMA = "SELECT version_num FROM credtui.alembic_version FOR UPDATE"

# Each change begins with a row of this table. So no change is under way during an upgrade: a change
# that has one table and waits for another one could neither go on nor let the upgrade go on.
_STOP_CHANGES = "LOCK TABLE credtui.ledger IN ACCESS EXCLUSIVE MODE"

# What the application may do with each table. It can't change or remove an audit event, and only
# the function that runs after an event is added can change the end of a log.
_GRANTS = """
GRANT USAGE ON SCHEMA credtui TO {role};
GRANT SELECT ON credtui.alembic_version, credtui.mark TO {role};
GRANT SELECT, INSERT (environment, organization), UPDATE (networks) ON credtui.ledger TO {role};
GRANT SELECT, INSERT ON credtui.event TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON credtui.credential, credtui.operator, credtui.permission,
    credtui.operator_key, credtui.usage, credtui.lease, credtui.preference, credtui.swept TO {role};
GRANT SELECT, INSERT, DELETE ON credtui.revocation TO {role};
GRANT SELECT, INSERT ON credtui.token_key TO {role};
GRANT USAGE ON SEQUENCE credtui.usage_revision TO {role};
"""


class Migration(NamedTuple):
    """What a migration did.

    Attributes:
        where: The database, for a sentence.
        before: The schema that it had; None if it had none.
        after: The schema that it has now.
    """

    where: str
    before: int | None
    after: int


def migrate(
    url: str,
    application: str | None = None,
    *,
    scripts: Path = MIGRATIONS,
    target: int = SCHEMA,
) -> Migration:
    """Bring the tables to this version's schema. All is done, or nothing.

    Args:
        url: The database, as its owner.
        application: The role that credtui works as. It gets no right to rewrite an audit event.
            None if the owner is this role.
        scripts: The folder of the migrations, in Alembic's form.
        target: The schema to bring the tables to.

    Raises:
        StoreTooNewError: A later version of credtui has migrated the database.
        StoreError: The database can't be reached, or refused.
    """
    try:
        return _migrate(url, application, scripts, target)
    except ConflictError:
        return again(partial(_migrate, url, application, scripts, target))


def _migrate(url: str, application: str | None, scripts: Path, target: int) -> Migration:
    with explained(url), connect(url) as connection:
        before = read_schema(connection)
        with _transaction(connection) as shared:
            shared.exec_driver_sql(_SETTINGS)
            if before is None:
                _make_schema(shared, url)
            else:
                before = int(shared.exec_driver_sql(_HOLD_SCHEMA).scalar_one())
            if before is not None and before > target:
                raise StoreTooNewError(
                    f"{where(url)} was migrated by a later version of credtui, to schema {before}. "
                    "Use that version to migrate it."
                )
            if before not in {None, target}:
                shared.exec_driver_sql(_STOP_CHANGES)
            config = Config()
            config.set_main_option("script_location", str(scripts))
            config.attributes["connection"] = shared
            command.upgrade(config, f"{target:04}")
            if application is not None:
                role = shared.dialect.identifier_preparer.quote(application)
                shared.exec_driver_sql(_GRANTS.format(role=role))
    return Migration(where(url), before, target)


def _make_schema(shared: Connection, url: str) -> None:
    """Make the schema that holds the tables.

    Raises:
        ConflictError: Another migration has made it at the same time.
    """
    try:
        shared.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS credtui")
    except DBAPIError as error:
        if isinstance(error.orig, psycopg.errors.UniqueViolation):
            raise ConflictError(f"Another session migrates {where(url)}.") from None
        raise


@contextmanager
def _transaction(connection: psycopg.Connection) -> Iterator[Connection]:
    """Give a connection to Alembic, in a transaction that ends with the context."""
    connection.autocommit = False
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: connection, poolclass=StaticPool
    )
    try:
        with engine.connect() as shared, shared.begin():
            yield shared
    except DBAPIError as error:
        if isinstance(error.orig, psycopg.Error):
            raise error.orig from None
        raise
