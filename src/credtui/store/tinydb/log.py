"""The audit log of one place: a file of JSON lines that only grows."""

import io
import os
from collections.abc import Generator, Iterator, Sequence
from itertools import dropwhile
from pathlib import Path
from typing import BinaryIO

from pydantic import ValidationError

from credtui.domain.audit import FIRST_PREVIOUS, AuditEvent, check_chain, not_as_written
from credtui.domain.errors import AuditTamperedError
from credtui.regular_files import open_file
from credtui.store.tinydb.files import (
    append_durably,
    cut_durably,
    explained,
    sync_file,
    sync_folder,
)

_BLOCK = 1 << 16
_LONGEST = 1 << 22
"""Bytes that a line may have."""

_MOST_SET_ASIDE = 1 << 16
"""Bytes that the file may have which keeps what was removed from the log."""


class AuditLog:
    """Audit events on disk.

    The store keeps the last transaction's events with the credentials too, written in the same
    instant. They are authoritative: a log that a crash kept from getting them gets them later.
    Until then the log's end is torn: the lines of these events, with some bytes missing at their
    end, or NUL in their place, as a power cut may leave them. Nothing else is taken for a crash.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def has_events(self) -> bool:
        """Tell whether anything was ever written to it."""
        with explained(self._path):
            return self._path.exists() and self._path.stat().st_size > 0

    def append(self, events: Sequence[AuditEvent]) -> None:
        """Add events.

        Raises:
            OSError: They could not be added whole.
        """
        append_durably(self._path, _lines(events))

    def catch_up(self, last_events: Sequence[AuditEvent], *, sync: bool = False) -> None:
        """Add what a crash kept out of the log of the store's last events.

        NUL bytes in their place are moved to a file beside the log.

        Args:
            last_events: The store's last events.
            sync: What is in the log may not be on the disk yet. It must be before the store has
                other last events, or a power cut could take these.

        Raises:
            AuditTamperedError: The log isn't the one that these events continue; it is left alone.
            StoreError: The log can't be written.
        """
        if not last_events:
            return
        lines = _lines(last_events)
        with explained(self._path):
            end = self._end(last_events, len(lines))
            if end == lines:
                if sync:
                    sync_file(self._path)
                return
            if not _may_be_torn(end, lines):
                raise self.mismatch()
            good, _, _ = end.partition(b"\0")
            if torn := end[len(good) :]:
                self._set_aside(torn)
                cut_durably(self._path, self._path.stat().st_size - len(torn))
            # After a power cut, the log must not be ahead of the store.
            sync_folder(self._path.parent)
            append_durably(self._path, lines[len(good) :])

    def verify(self, last_events: Sequence[AuditEvent]) -> bool:
        """Check the log up to the store's last events, which it need not have whole yet.

        Nothing is written, and no lock is needed: what is checked never changes again.

        Returns:
            Whether the log goes on after these events.

        Raises:
            AuditTamperedError: It doesn't hold together, or isn't the one that these continue.
        """
        lines = _lines(last_events)
        with explained(self._path), self._open() as file:
            previous = FIRST_PREVIOUS
            for event in check_chain(self._read_exactly(file, last_events[0].number - 1)):
                previous = event.hash
            end = file.read(len(lines) + 1)
        if previous != last_events[0].previous or not _may_be_torn(end[: len(lines)], lines):
            raise self.mismatch()
        return len(end) > len(lines)

    def mismatch(self) -> AuditTamperedError:
        """Return the error that says that the store's events don't continue this log."""
        return AuditTamperedError(
            f"The audit log {self._path} lacks events, was edited, or was restored without "
            "its credentials. Restore both files from the same moment."
        )

    def newest_first(self, before: int | None = None) -> Generator[AuditEvent, None, None]:
        """Yield whole events from the end of the file; a torn end is passed over.

        Args:
            before: Yield events with lower numbers only.
        """
        with explained(self._path), self._open() as file:
            end = file.seek(0, os.SEEK_END)
            if before is not None:
                end = self._find(file, before, end)
            lines = self._lines_backwards(file, end)
            for line in dropwhile(lambda line: b"\0" in line, lines):
                event = self._parse(line)
                if before is None or event.number < before:
                    yield event

    def _find(self, file: BinaryIO, number: int, end: int) -> int:
        """Return where the line of an event begins, `end` if it isn't there.

        The lines stand in the order of their numbers, so half of what is left goes at each step.
        """
        low, high = 0, end
        while low < high:
            middle = (low + high) // 2
            file.seek(max(middle - 1, 0))
            if middle:
                file.readline(_LONGEST + 1)
            begin = file.tell()
            line = file.readline(_LONGEST + 1)
            whole = line.endswith(b"\n") and b"\0" not in line
            if begin < high and whole and self._parse(line).number < number:
                low = begin + len(line)
            else:
                high = middle
        return low

    def _read_exactly(self, file: BinaryIO, count: int) -> Iterator[AuditEvent]:
        for number in range(1, count + 1):
            line = file.readline(_LONGEST + 1)
            if not line.endswith(b"\n"):
                raise self._odd_line() if len(line) > _LONGEST else self.mismatch()
            event = self._parse(line)
            if _lines([event]) != line:
                raise not_as_written(number)
            yield event

    def _parse(self, line: bytes) -> AuditEvent:
        try:
            return AuditEvent.model_validate_json(line)
        except ValidationError:
            raise self._odd_line() from None

    def _odd_line(self) -> AuditTamperedError:
        return AuditTamperedError(
            f"The audit log {self._path} has a line that isn't an audit event."
        )

    def _lines_backwards(self, file: BinaryIO, position: int) -> Iterator[bytes]:
        """Yield the lines that end before a position, the last one first."""
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

    def _end(self, last_events: Sequence[AuditEvent], length: int) -> bytes:
        """Return what follows the event before the store's last ones, if that isn't too long.

        Raises:
            AuditTamperedError: That event isn't where it must be.
        """
        first = last_events[0]
        with self._open() as file:
            if first.number == 1:
                return file.read(length + 1)
            # A line ends with its hash. In a text, a quotation mark has a backslash before it.
            before = f'"hash":"{first.previous}"}}\n'.encode()
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - len(before) - length))
            _, found, end = file.read().partition(before)
            if not found:
                raise self.mismatch()
            line = next(self._lines_backwards(file, size - len(end)))
        if self._parse(line).number != first.number - 1:
            raise self.mismatch()
        return end

    def _set_aside(self, torn: bytes) -> None:
        path = self._path.with_suffix(".torn")
        if not path.exists() or path.stat().st_size + len(torn) < _MOST_SET_ASIDE:
            append_durably(path, torn + b"\n")

    def _open(self) -> BinaryIO:
        try:
            return os.fdopen(open_file(self._path), "rb")
        except FileNotFoundError:
            return io.BytesIO()


def _lines(events: Sequence[AuditEvent]) -> bytes:
    return "".join(event.model_dump_json() + "\n" for event in events).encode()


def _may_be_torn(end: bytes, lines: bytes) -> bool:
    """Tell whether these are the lines, or what a crash may have left of them."""
    return len(end) <= len(lines) and all(
        byte in (0, meant) for byte, meant in zip(end, lines, strict=False)
    )
