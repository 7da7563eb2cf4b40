"""A TinyDB file and its audit log, changed together: both or neither."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Unpack

from tinydb import Storage, TinyDB
from tinydb.table import Table

from credtui.domain.audit import FIRST_PREVIOUS, Action, AuditEvent, What, are_chained
from credtui.domain.errors import DoubtError, StoreCorruptError, StoreTooNewError
from credtui.domain.permissions import Actor
from credtui.regular_files import read_file
from credtui.store.tinydb.files import explained, replace_durably
from credtui.store.tinydb.folders import make_folder
from credtui.store.tinydb.lock import locked
from credtui.store.tinydb.log import AuditLog

SCHEMA = 2
"""The layout of the file. A file with a higher number is left alone."""

Tables = dict[str, dict[str, dict[str, Any]]]


class DurableStorage(Storage):
    """TinyDB storage that reads its file once and replaces it once.

    TinyDB writes at each insertion and removal; a transaction has several, and must be seen whole
    or not at all. So what is written waits for `commit`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tables = _read_tables(path)

    def read(self) -> Tables | None:
        """Return all tables, None if there is no file."""
        return self._tables

    def write(self, data: Tables) -> None:
        """Keep all tables for `commit`."""
        self._tables = data

    def commit(self) -> None:
        """Replace the file durably."""
        replace_durably(self._path, json.dumps(self._tables).encode())


class Draft:
    """A ledger held for a change: its tables, and the audit events that go with the change.

    Attributes:
        doubt: See `Transaction.doubt`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._storage = DurableStorage(path)
        self._database = TinyDB(storage=lambda: self._storage)
        self._events: list[AuditEvent] = []
        self.doubt: DoubtError | None = None
        self.last_events = self._read_last_events()

    @property
    def recorded(self) -> bool:
        """Whether an event was added, without which nothing is committed."""
        return bool(self._events)

    def table(self, name: str) -> Table:
        """Return a table that doesn't remember queries: other processes write too."""
        return self._database.table(name, cache_size=0)

    def record(self, at: datetime, actor: Actor, action: Action, **what: Unpack[What]) -> None:
        """Add an audit event."""
        events = self._events or self.last_events
        newest = events[-1] if events else None
        event = AuditEvent(
            number=newest.number + 1 if newest else 1,
            at=at,
            actor=actor,
            action=action,
            previous=newest.hash if newest else FIRST_PREVIOUS,
            **what,
        ).sealed()
        # Committed, an event that can't be written to the log would stop every later change.
        event.model_dump_json()
        self._events.append(event)

    def commit(self) -> Sequence[AuditEvent]:
        """Make the change and its events durable, and return the events.

        Raises:
            StoreError: The change was not made.
            DoubtError: It was made, or may have been.
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

    A change first replaces the JSON file, which holds the data and the change's own audit events:
    from that instant both are durable. Then the events are added to the log. A crash in between
    leaves the log behind, and whoever holds the lock next brings it up to date.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"{name}.json"
        self._log = AuditLog(self.path.with_suffix(".audit.jsonl"))

    def read(self) -> Draft:
        """Return the ledger as it is now, without waiting for a lock.

        Raises:
            StoreCorruptError: The file is damaged, or is lost while its log is there: without
                operators, for one, everybody might edit.
            StoreError: It can't be read.
        """
        draft = Draft(self.path)
        if not draft.last_events and self._log.has_events() and not self.path.exists():
            raise StoreCorruptError(
                f"{self.path} is missing, though its audit log is there. "
                "Restore both from the same backup."
            )
        return draft

    @contextmanager
    def transaction(self) -> Iterator[Draft]:
        """Hold the ledger; what was changed is durable when the context is left.

        Raises:
            StoreError: It can't be held, read or written. Nothing was changed.
        """
        make_folder(self.path.parent)
        with locked(self.path.with_suffix(".lock")) as held:
            draft = self.read()
            self._log.catch_up(draft.last_events, sync=held.abandoned)
            yield draft
            # The JSON file decides. The next change adds events that the log doesn't get here.
            try:
                self._log.append(draft.commit())
            except DoubtError as doubt:
                draft.doubt, held.finished = doubt, False
            except OSError:  # of the log alone: `commit` raises none
                held.finished = False

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

        Nothing is written, and nobody who changes something has to wait. The last change's events
        count as logged: they are durable already, and are added to the log by the next change.

        Raises:
            AuditTamperedError: It doesn't hold together, or lacks its end.
            StoreError: It can't be read.
        """
        last_events = self.read().last_events
        if not last_events:
            return None
        last = last_events[-1]
        if self._log.verify(last_events) and self.read().last_events[-1].number <= last.number:
            raise self._log.mismatch()
        return last


@contextmanager
def parsing(path: Path) -> Iterator[None]:
    """Say which file is damaged when what it holds can't be understood.

    Raises:
        StoreCorruptError: In place of the error that says how, which might quote the file.
    """
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise StoreCorruptError(
            f"{path} is damaged: it doesn't hold what credtui wrote. "
            "Restore it, with its audit log, from a backup."
        ) from None


def _read_tables(path: Path) -> Tables | None:
    with explained(path):
        try:
            content = read_file(path)
        except FileNotFoundError:
            return None
    with parsing(path):
        tables: Tables = json.loads(content)
        (about,) = tables["about"].values()
        schema = about["schema"]
        if not isinstance(schema, int) or schema < 1:
            raise ValueError(schema)
    if schema > SCHEMA:
        raise StoreTooNewError(
            f"{path} was written by a later version of credtui (layout {schema}; this one knows "
            f"{SCHEMA}). Use that version."
        )
    return tables
