"""The audit log of one place: a file of JSON lines that only grows."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from pydantic import ValidationError

from credtui.domain.audit import AuditEvent, check_chain
from credtui.domain.errors import AuditTamperedError
from credtui.store.files import append_durably, cut_durably, explained, open_file

_BLOCK = 1 << 16
_LONGEST = 1 << 22
"""Bytes that a line may have."""


class AuditLog:
    """Audit events on disk.

    The store keeps the last transaction's events with the credentials too, written in the same
    instant. They are authoritative: a log that a crash kept from getting them gets them later.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def has_events(self) -> bool:
        """Tell whether anything was ever written to it."""
        with explained(self._path):
            return self._path.exists() and self._path.stat().st_size > 0

    def append(self, events: Sequence[AuditEvent], mode: int) -> None:
        """Add events.

        Raises:
            OSError: They could not be added whole.
        """
        lines = "".join(event.model_dump_json() + "\n" for event in events)
        append_durably(self._path, lines.encode(), mode)

    def catch_up(self, last_events: Sequence[AuditEvent], mode: int) -> None:
        """Add those of the store's last events that a crash kept out of the log.

        Raises:
            AuditTamperedError: The log isn't the one that these events continue.
            StoreError: The log can't be written.
        """
        if not last_events:
            return
        with explained(self._path):
            self._drop_torn_line()
        if missing := self.missing(last_events, next(self.newest_first(), None)):
            with explained(self._path):
                self.append(missing, mode)

    def missing(
        self, last_events: Sequence[AuditEvent], newest: AuditEvent | None
    ) -> Sequence[AuditEvent]:
        """Return those of the store's last events that follow the newest in the log.

        Raises:
            AuditTamperedError: The log isn't the one that these events continue.
        """
        if not last_events or newest == last_events[-1]:
            return ()
        number = newest.number if newest else 0
        missing = [event for event in last_events if event.number > number]
        previous = newest.hash if newest else missing[0].previous if missing else ""
        if not missing or missing[0].number != number + 1 or missing[0].previous != previous:
            raise AuditTamperedError(
                f"The audit log {self._path} lacks events, was edited, or was restored without "
                "its credentials. Restore both files from the same moment."
            )
        return missing

    def verify(self) -> AuditEvent | None:
        """Check the whole log, and return its last event.

        Raises:
            AuditTamperedError: It doesn't hold together.
        """
        newest = None
        for event in check_chain(self.oldest_first()):
            newest = event
        return newest

    def newest_first(self) -> Iterator[AuditEvent]:
        """Yield whole events from the end of the file; a torn last line is passed over."""
        for line in self._lines_backwards():
            yield self._parse(line)

    def oldest_first(self) -> Iterator[AuditEvent]:
        """Yield whole events from the beginning of the file."""
        with explained(self._path):
            if not self._path.exists():
                return
            with self._open() as file:
                while line := file.readline(_LONGEST + 1):
                    if len(line) > _LONGEST:
                        raise self._odd_line()
                    if line.endswith(b"\n"):
                        yield self._parse(line)

    def _parse(self, line: bytes) -> AuditEvent:
        try:
            return AuditEvent.model_validate_json(line)
        except ValidationError:
            raise self._odd_line() from None

    def _odd_line(self) -> AuditTamperedError:
        return AuditTamperedError(
            f"The audit log {self._path} has a line that isn't an audit event."
        )

    def _lines_backwards(self) -> Iterator[bytes]:
        with explained(self._path):
            if not self._path.exists():
                return
            with self._open() as file:
                position = file.seek(0, os.SEEK_END)
                pieces = [b""]
                whole = False
                while position:
                    size = min(_BLOCK, position)
                    position -= size
                    file.seek(position)
                    pieces = (file.read(size) + pieces[0]).split(b"\n")
                    if len(pieces[0]) > _LONGEST:
                        raise self._odd_line()
                    if len(pieces) > 1:
                        # What follows the file's last line break is empty, or torn.
                        ended, whole = pieces[1:] if whole else pieces[1:-1], True
                        yield from reversed(ended)
                if whole and pieces[0]:
                    yield pieces[0]

    def _drop_torn_line(self) -> None:
        if not self._path.exists():
            return
        with self._open() as file:
            end = position = file.seek(0, os.SEEK_END)
            while position:
                size = min(_BLOCK, position)
                file.seek(position - size)
                found = file.read(size).rfind(b"\n")
                if found >= 0:
                    position += found + 1 - size
                    break
                position -= size
                if end - position > _LONGEST:
                    raise self._odd_line()
        if position < end:
            cut_durably(self._path, position)

    def _open(self) -> BinaryIO:
        return os.fdopen(open_file(self._path), "rb")
