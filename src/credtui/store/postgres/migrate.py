"""Makes and upgrades the tables of the database, as its owner."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from credtui.store.postgres.address import where
from credtui.store.postgres.connections import connect, read_schema
from credtui.store.postgres.errors import explained
from credtui.store.postgres.schema import SCHEMA, USABLE, ensure_usable

# What the application may do with each table. It can't change or remove an audit event, and only
# the function that runs before an event is added can change the end of a log.
_GRANTS = """
GRANT USAGE ON SCHEMA credtui TO {role};
GRANT SELECT ON credtui.alembic_version TO {role};
GRANT SELECT, INSERT (environment, organization), UPDATE (networks) ON credtui.ledger TO {role};
GRANT SELECT, INSERT ON credtui.event TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON credtui.credential, credtui.operator, credtui.permission,
    credtui.operator_key, credtui.usage, credtui.lease, credtui.preference, credtui.swept TO {role};
GRANT SELECT, INSERT, DELETE ON credtui.revocation TO {role};
GRANT SELECT, INSERT ON credtui.token_key TO {role};
GRANT USAGE ON SEQUENCE credtui.usage_revision TO {role};
"""


def migrate(url: str, application: str | None = None) -> None:
    """Bring the tables to this version's schema. All is done, or nothing.

    Args:
        url: The database, as its owner.
        application: The role that credtui works as. It gets no right to rewrite an audit event.
            None if the owner is this role.

    Raises:
        StoreTooNewError: A later version of credtui has migrated the database.
        StoreError: The database can't be reached, or refused.
    """
    with _connected(url) as shared:
        shared.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS credtui")
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        config.attributes["connection"] = shared
        command.upgrade(config, f"{SCHEMA:04}")
        if application is not None:
            role = shared.dialect.identifier_preparer.quote(application)
            shared.exec_driver_sql(_GRANTS.format(role=role))


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    """Connect as Alembic needs it, in a transaction that ends with the context."""
    with explained(url), connect(url, autocommit=True) as connection:
        schema = read_schema(connection)
        if schema is not None and schema > SCHEMA:
            ensure_usable(USABLE.stop, where(url))
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
