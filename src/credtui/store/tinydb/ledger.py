"""A TinyDB file and its audit log, which change together."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Unpack

from tinydb import Storage, TinyDB
from tinydb.table import Table

from credtui.domain.audit import FIRST_PREVIOUS, Action, AuditEvent, What, are_chained, next_event
from credtui.domain.errors import DoubtError
from credtui.domain.permissions import Actor
from credtui.store.tinydb.files import explained, replace_durably, set_aside
from credtui.store.tinydb.folders import make_folder
from credtui.store.tinydb.layouts import complete, upgrade
from credtui.store.tinydb.lock import locked
from credtui.store.tinydb.log import AuditLog
from credtui.store.tinydb.schema import SCHEMA
from credtui.store.tinydb.tables import Tables, log_of, parsing, read_tables

_PAGE = 1000


class DurableStorage(Storage):
    """TinyDB storage that reads its file once and replaces it once.

    TinyDB writes at each insertion and removal. A transaction has several of them, and others must
    see all or none. So the tables wait in memory for `commit`.

    Tables of an earlier layout are read as those of the present one.

    Attributes:
        closed: What `upgrade` returned for the tables.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tables = read_tables(path)
        self._schema, self.closed = SCHEMA, frozenset[str]()
        if self._tables:
            with parsing(path):
                (about,) = self._tables["about"].values()
                self._schema = about["schema"]
                self.closed = upgrade(self._tables)

    def read(self) -> Tables | None:
        """Return all tables; None if there is no file."""
        return self._tables

    def write(self, data: Tables) -> None:
        """Keep all tables for `commit`."""
        self._tables = data

    def commit(self) -> None:
        """Replace the file durably. Set a file of an earlier layout aside first."""
        if self._schema < SCHEMA:
            set_aside(self._path, f".v{self._schema}")
        replace_durably(self._path, json.dumps(self._tables).encode())


class Draft:
    """The tables of a ledger, and the audit events of a change.

    Attributes:
        doubt: What is in doubt about the change after `Ledger.transaction`; otherwise None.
        last_events: The audit events of the last change before this one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._storage = DurableStorage(path)
        self._database = TinyDB(storage=lambda: self._storage)
        self._events: list[AuditEvent] = []
        self.doubt: DoubtError | None = None
        self.last_events = self._read_last_events()

    def complete(self, newest_first: Callable[[], Iterable[AuditEvent]]) -> None:
        """Look into the audit log for what a file of an earlier layout doesn't tell."""
        if (closed := self._storage.closed) and (tables := self._storage.read()):
            complete(tables, closed, newest_first())

    @property
    def recorded(self) -> bool:
        """Whether an event was added. Without one `commit` does nothing."""
        return bool(self._events)

    def table(self, name: str) -> Table:
        """Return a table without TinyDB's cache of queries, because other processes write too."""
        return self._database.table(name, cache_size=0)

    def record(self, at: datetime, actor: Actor, action: Action, **what: Unpack[What]) -> None:
        """Add an audit event."""
        events = self._events or self.last_events
        number, previous = (events[-1].number, events[-1].hash) if events else (0, FIRST_PREVIOUS)
        self._events.append(next_event(number, previous, at, actor, action, **what))

    def commit(self) -> Sequence[AuditEvent]:
        """Make the change and its events durable, and return the events.

        Raises:
            StoreError: The change was not made.
            DoubtError: The change may have been made, but may not be durable.
        """
        if self._events:
            about = self.table("about")
            about.truncate()
            about.insert(
                {
                    "schema": SCHEMA,
                    "events": [event.model_dump(mode="json") for event in self._events],
                }
            )
            self._storage.commit()
        return self._events

    def adopt(self, event: AuditEvent) -> None:
        """Take an audit event of another store for the last one."""
        self._events = [event]

    def _read_last_events(self) -> Sequence[AuditEvent]:
        if self._storage.read() is None:
            return ()
        with parsing(self._path):
            (about,) = self.table("about")
            events = [AuditEvent.model_validate(event) for event in about["events"]]
            if not are_chained(events):
                raise ValueError(events)
            return events


class Ledger:
    """The files `NAME.json`, `NAME.audit.jsonl` and `NAME.lock` of a folder.

    A change first replaces the JSON file, which holds the data and the audit events of the change.
    From then on both are durable. Then the change adds its events to the log. After a crash in
    between, the log lacks these events, and the next change adds them first.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"{name}.json"
        self._log = AuditLog(log_of(self.path))

    def read(self) -> Draft:
        """Return the ledger as it is now, without waiting for a lock.

        Raises:
            StoreError: The file can't be read; see `read_tables`.
        """
        return Draft(self.path)

    @contextmanager
    def transaction(self) -> Iterator[Draft]:
        """Hold the ledger for a change, and commit the change when the context ends.

        Afterwards the change is durable, or `Draft.doubt` says why it may not be.

        Raises:
            StoreError: The ledger can't be held, read or written. Nothing was changed.
        """
        make_folder(self.path.parent)
        with locked(self.path.with_suffix(".lock")) as held:
            draft = self.read()
            self._log.catch_up(draft.last_events, sync=held.abandoned)
            draft.complete(self._log.newest_first)
            yield draft
            # The JSON file decides. If the log lacks events afterwards, the next change adds them.
            try:
                if events := draft.commit():
                    self._log.append(events)
            except DoubtError as doubt:
                draft.doubt, held.finished = doubt, False
            except OSError:  # from the log, after the commit
                held.finished = False

    def read_complete(self) -> Draft:
        """Return the ledger as `transaction` does, but don't hold it."""
        draft = self.read()
        draft.complete(self._log.newest_first)
        return draft

    def oldest_first(self, after: int) -> Iterator[AuditEvent]:
        """Yield the audit events with greater numbers, without waiting for a lock."""
        last_events = self.read().last_events
        for event in self._log.oldest_first(after):
            yield event
            after = event.number
        yield from (event for event in last_events if event.number > after)

    def put(self, fill: Callable[[Draft], None], events: Iterable[AuditEvent]) -> None:
        """Continue the ledger as another store kept it. The caller must be the only writer.

        Args:
            fill: Puts what the other store keeps into tables.
            events: The events that follow those of this ledger. There is at least one.

        Raises:
            StoreError: The ledger can't be written.
            DoubtError: The ledger may have been written.
        """
        make_folder(self.path.parent)
        # The log comes before the JSON file. A copy that was killed leaves a log that is too long.
        if not self.path.exists():
            self._log.cut_after(0)
        draft = self.read()
        self._log.cut_after(draft.last_events[-1].number if draft.last_events else 0)
        rest = iter(events)
        with explained(self.path):
            while page := list(islice(rest, _PAGE)):
                self._log.append(page)
                draft.adopt(page[-1])
        fill(draft)
        draft.commit()

    def events(self, before: int | None, limit: int) -> Sequence[AuditEvent]:
        """Return audit events, newest first, without waiting for a lock.

        Args:
            before: Return events with lower numbers only; None to begin with the latest.
            limit: How many to return at most.
        """
        return list(islice(self._newest_first(before), limit))

    def _newest_first(self, before: int | None) -> Iterator[AuditEvent]:
        last_events = self.read().last_events
        with closing(self._log.newest_first(before)) as logged:
            newest = next(logged, None)
            number = newest.number if newest else 0
            for event in reversed(last_events):
                if event.number > number and (before is None or event.number < before):
                    yield event
            if newest is not None:
                yield newest
                yield from logged

    def verify_events(self) -> AuditEvent | None:
        """Check the whole log, and return its last event.

        This writes nothing, and no change has to wait for it. The last change's events count as
        logged even if the log lacks them: they are durable, and the next change logs them.

        Raises:
            AuditTamperedError: The log doesn't hold together, or lacks its end.
            StoreError: The log can't be read.
        """
        last_events = self.read().last_events
        if not last_events:
            return None
        last = last_events[-1]
        if self._log.verify(last_events) and self.read().last_events[-1].number <= last.number:
            raise self._log.mismatch()
        return last
