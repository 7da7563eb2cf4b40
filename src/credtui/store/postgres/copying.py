"""A database as `credtui store copy` reads and writes it, on two connections of the owner.

One connection keeps other copies away in an open transaction, and the other one works.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from itertools import islice
from typing import Any

import psycopg
from psycopg.types.json import Json
from typing_extensions import override

from credtui.domain.audit import AuditEvent
from credtui.domain.errors import (
    CopyRefusedError,
    OutcomeUnknownError,
    StoreBusyError,
    StoreUnwritableError,
)
from credtui.domain.operators import Operators
from credtui.domain.organization import Organization
from credtui.domain.place import OPERATORS, Place
from credtui.domain.usage import Usage
from credtui.store.copying import Copyable, End, Kept, Rest, Tokens
from credtui.store.marks import Mark
from credtui.store.postgres import copying_sql, queries, sql
from credtui.store.postgres.address import name_of, where
from credtui.store.postgres.connections import connect, deadline, read_mark, read_schema
from credtui.store.postgres.errors import explained, reason
from credtui.store.postgres.rows import (
    Row,
    event_columns,
    key_of,
    parsing,
    read_event,
    read_organization,
)
from credtui.store.postgres.schema import ensure_usable
from credtui.store.postgres.statements import additions, changes

_PATIENCE = 60.0
"""Seconds after which a statement that got no answer is given up."""

_PAGE = 500


class PostgresCopyable(Copyable):
    """A database, with the rights of its owner.

    Args:
        url: The database's address, without a password.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self.name = name_of(url)

    @contextmanager
    @override
    def held(self, *, make: bool) -> Iterator[None]:  # only a folder can be made
        with explained(self._url):
            self._holder = connect(self._url)
        try:
            with explained(self._url), deadline(self._holder):
                ensure_usable(read_schema(self._holder), where(self._url))
                self._holder.execute(sql.BEGIN)
                self._holder.execute(copying_sql.COPYING)
                self._hold()
            yield
        finally:
            # The server needs a moment to notice that a connection was closed.
            with suppress(psycopg.Error), deadline(self._holder):
                self._holder.execute(sql.ROLLBACK)
            self._holder.close()

    @override
    def mark(self) -> Mark | None:
        with self._working() as connection:
            return read_mark(connection)

    @override
    def set_mark(self, mark: Mark) -> None:
        with self._working() as connection, connection.transaction():
            connection.execute(sql.SETTINGS)
            connection.execute(copying_sql.LOCK_TABLES)
            if mark.kind == "unfinished" and not _is_empty(connection):
                raise CopyRefusedError(f"{where(self._url)} is not empty any more.")
            connection.execute(copying_sql.ADD_MARK, mark._asdict())

    @override
    def clear_mark(self) -> None:
        # The transaction that holds the store removes the mark. If that transaction has ended, so
        # that another copy may have begun, then nothing is removed.
        missed: list[str] = []
        holder = self._holder
        holder.add_notice_handler(lambda notice: missed.append(str(notice.message_primary)))
        with explained(self._url), deadline(holder):
            holder.execute(sql.DURABLY)
            holder.execute(copying_sql.REMOVE_MARK)
        try:
            with deadline(holder):
                holder.execute(sql.COMMIT)
        except psycopg.Error as error:
            raise OutcomeUnknownError(reason(error)) from None
        if missed:
            raise OutcomeUnknownError(missed[0])

    @override
    def is_empty(self) -> bool:
        with self._working() as connection:
            return _is_empty(connection)

    @override
    def places(self) -> Sequence[Place]:
        return [OPERATORS, *(Place(row[0], row[1]) for row in self._read(copying_sql.PLACES))]

    @override
    def verify(self, place: Place) -> None:
        queries.verify_events(self._read, place, self._url)

    @override
    def end(self, place: Place) -> End | None:
        rows = self._read(sql.END_OF_LOG, **key_of(place))
        return End(*rows[0]) if rows and rows[0][0] else None

    @override
    def read(self, place: Place) -> Kept:
        with self._working() as connection:
            connection.execute(copying_sql.SNAPSHOT)
            try:
                end = self.end(place)
                if place == OPERATORS:
                    return Kept(queries.operators(self._read, self._url), end)
                rows = self._read(sql.ORGANIZATION, **key_of(place))
            finally:
                with suppress(psycopg.Error):
                    connection.execute(sql.ROLLBACK)
        with parsing(self._url):
            credentials = [row for row in rows if row[2]]
            return Kept(read_organization(rows[0][15] if rows else (), credentials), end)

    @override
    def events(self, place: Place, after: int, last: int) -> Iterator[AuditEvent]:
        while after < last:
            limit = min(_PAGE, last - after)
            rows = self._read(sql.EVENTS_AFTER, **key_of(place), after=after, limit=limit)
            with parsing(self._url):
                page = [read_event(row) for row in rows]
            if not page:
                return
            yield from page
            after = page[-1].number

    @override
    def put(self, place: Place, kept: Kept, events: Iterable[AuditEvent]) -> None:
        key, rest = key_of(place), iter(events)
        while page := list(islice(rest, _PAGE)):
            with self._writing() as connection:
                connection.execute(sql.ADD_LEDGER, key)
                with connection.cursor() as cursor:
                    cursor.executemany(
                        sql.ADD_EVENT, [{**key, **event_columns(event)} for event in page]
                    )
                if kept.end and page[-1].number == kept.end.number:
                    _put_content(connection, place, kept.content)

    @override
    def usage(self, place: Place) -> Mapping[str, Usage]:
        used = {}
        for client_id, content in self._read(copying_sql.USAGE, **key_of(place)):
            with suppress(ValueError):  # damaged usage counts as lost
                used[client_id] = Usage.model_validate(content)
        return used

    @override
    def put_usage(self, place: Place, usage: Mapping[str, Usage]) -> None:
        key = key_of(place)
        with self._writing() as connection, connection.cursor() as cursor:
            cursor.execute(copying_sql.REMOVE_USAGE, key)
            for client_id, used in usage.items():
                content = Json(used.model_dump(mode="json"))
                columns = {**key, "client_id": client_id, "content": content}
                cursor.execute(copying_sql.ADD_USAGE, columns)

    @override
    def rest(self) -> Rest:
        keys = self._read(sql.TOKEN_KEY)
        kept: dict[str, dict[str, int]] = {}
        for environment, token, expiry in self._read(copying_sql.REVOCATIONS):
            kept.setdefault(environment, {})[token] = expiry
        swept: dict[str, list[tuple[int, int]]] = {}
        for environment, first, last in self._read(copying_sql.SWEPT):
            swept.setdefault(environment, []).append((first, last))
        themes = self._read(copying_sql.THEMES)
        return Rest(
            token_key=bytes(keys[0][0]) if keys else None,
            tokens={
                name: Tokens(kept.get(name, {}), swept.get(name, [])) for name in {*kept, *swept}
            },
            themes={bytes(row[0]).decode("utf-8", "surrogatepass"): row[1] for row in themes},
        )

    @override
    def put_rest(self, rest: Rest) -> None:
        with self._writing() as connection, connection.cursor() as cursor:
            for statement in copying_sql.REMOVE_REST:
                cursor.execute(statement)
            if rest.token_key is not None:
                cursor.execute(sql.MAKE_TOKEN_KEY, [rest.token_key])
            for environment, tokens in rest.tokens.items():
                cursor.executemany(
                    sql.REVOKE,
                    [
                        {"environment": environment, "token": token, "expiry": expiry}
                        for token, expiry in tokens.kept.items()
                    ],
                )
                for first, last in tokens.swept:
                    span = {"environment": environment, "first": first, "last": last}
                    cursor.execute(sql.ADD_SPAN, span)
            for operator, theme in rest.themes.items():
                encoded = operator.encode("utf-8", "surrogatepass")
                cursor.execute(sql.KEEP_THEME, {"operator": encoded, "theme": theme})

    @override
    def close(self) -> None:
        if "_worker" in self.__dict__:
            self._worker.close()

    @cached_property
    def _worker(self) -> psycopg.Connection:
        return connect(self._url)

    def _hold(self) -> None:
        try:
            self._holder.execute(copying_sql.HOLD)
        except psycopg.errors.LockNotAvailable:
            raise StoreBusyError(
                f"Another copy, or a migration, is at work on {self.name}. Let it end."
            ) from None
        except psycopg.errors.InsufficientPrivilege as error:
            raise StoreUnwritableError(
                f"Only the owner of {self.name} can copy it: {reason(error)}."
            ) from None

    @contextmanager
    def _working(self) -> Iterator[psycopg.Connection]:
        with explained(self._url), deadline(self._worker, _PATIENCE):
            yield self._worker

    @contextmanager
    def _writing(self) -> Iterator[psycopg.Connection]:
        """Write what needn't be durable yet. The end of the copy makes all durable."""
        with self._working() as connection, connection.transaction():
            connection.execute(copying_sql.COPYING)
            yield connection

    def _read(self, statement: str, **values: Any) -> Sequence[Row]:
        with self._working() as connection:
            return connection.execute(statement, values).fetchall()


def _is_empty(connection: psycopg.Connection) -> bool:
    ((empty,),) = connection.execute(copying_sql.IS_EMPTY).fetchall()
    return bool(empty)


def _put_content(
    connection: psycopg.Connection, place: Place, content: Organization | Operators
) -> None:
    if isinstance(content, Operators):
        connection.execute(copying_sql.REMOVE_OPERATORS)
        statements = [
            statement
            for position, operator in enumerate(content.members, start=1)
            for statement in additions(operator, position)
        ]
    else:
        rows = connection.execute(sql.CREDENTIALS, key_of(place)).fetchall()
        connection.execute(copying_sql.PARK_NAMES, key_of(place))
        networks = {**key_of(place), "networks": list(content.networks)}
        # Seen from an empty organization, each credential has changed.
        statements = [*changes(place, rows, Organization(), content), (sql.SET_NETWORKS, networks)]
    with connection.pipeline():
        for statement, values in statements:
            connection.execute(statement, values)
