"""The key that signs access tokens, and the revoked access tokens."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import psycopg

from credtui.domain.errors import StoreError
from credtui.domain.place import OPERATORS
from credtui.domain.secrets import RandomBytes
from credtui.store.port import TOKEN_KEY_LENGTH
from credtui.store.postgres import sql
from credtui.store.postgres.connections import read_mark, unconfirmed
from credtui.store.postgres.rows import key_of
from credtui.store.spans import join_spans


def read_or_make_key(name: str, make: RandomBytes, connection: psycopg.Connection) -> bytes:
    """Return the key that signs access tokens, and make it if there is none.

    Raises:
        StoreError: The database is marked.
    """
    if mark := read_mark(connection):
        raise mark.refusal(name)
    row = connection.execute(sql.TOKEN_KEY).fetchone()
    if row is None:
        # Another process may make it first. Then that key counts.
        with _durable(connection):
            connection.execute(sql.MAKE_TOKEN_KEY, [make(TOKEN_KEY_LENGTH)])
        row = connection.execute(sql.TOKEN_KEY).fetchone()
    return bytes(row[0]) if row else b""


def revoke(
    environment: str, token: str, expires_at: datetime, connection: psycopg.Connection
) -> None:
    """Revoke an access token. This can be done again.

    Raises:
        StoreError: A standby has not confirmed the revocation.
    """
    expiry = int(expires_at.timestamp())
    with _durable(connection):
        connection.execute(
            sql.REVOKE, {"environment": environment, "token": token, "expiry": expiry}
        )


@contextmanager
def _durable(connection: psycopg.Connection) -> Iterator[None]:
    """Make what is written in the context durable at its end.

    Raises:
        StoreError: A standby has not confirmed it.
    """
    with unconfirmed(connection) as missed, connection.transaction():
        connection.execute(sql.DURABLY)
        yield
    if missed:
        raise StoreError(f"A standby has not confirmed what was written: {missed[0]}.")


def sweep(environment: str, now: datetime, connection: psycopg.Connection) -> None:
    """Forget revoked tokens that have expired, and note the spans of time when they expired."""
    with connection.transaction():
        # One process sweeps at a time.
        connection.execute(sql.HOLD_LEDGER, key_of(OPERATORS))
        expired = connection.execute(
            sql.EXPIRED, {"environment": environment, "now": int(now.timestamp())}
        ).fetchall()
        if not expired:
            return
        kept = connection.execute(sql.SPANS, {"environment": environment}).fetchall()
        spans = join_spans(
            [*((row[0], row[1]) for row in kept), *{(row[0],) * 2 for row in expired}]
        )
        connection.execute(sql.FORGET_SPANS, {"environment": environment})
        with connection.cursor() as cursor:
            cursor.executemany(
                sql.ADD_SPAN,
                [
                    {"environment": environment, "first": first, "last": last}
                    for first, last in spans
                ],
            )
