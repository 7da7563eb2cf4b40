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
"""The greatest length of a line in bytes."""

_MOST_SET_ASIDE = 1 << 16
"""The greatest size in bytes of the file that keeps what was removed from the log."""


class AuditLog:
    """Audit events on disk.

    The JSON file beside the log holds the last change's events, and replaces them together with the
    data. These events decide: if a crash kept them from the log, the next change adds them.

    Until then the log may have a torn end. That is the lines of these events, but the last bytes
    may be missing, and others may be NUL, as after a power cut. Any other difference is tampering.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, events: Sequence[AuditEvent]) -> None:
        """Add events.

        Raises:
            OSError: The events were not added whole and durably.
        """
        append_durably(self._path, _lines(events))

    def catch_up(self, last_events: Sequence[AuditEvent], *, sync: bool = False) -> None:
        """Add the last change's events to the log, as far as a crash kept them from it.

        If the log's end has NUL bytes, the end from there on is moved to a file beside the log.

        Args:
            last_events: The last change's events.
            sync: Whether the log's content may not be on the disk yet. It must be there before the
                JSON file gets other events, or a power cut could lose these.

        Raises:
            AuditTamperedError: These events don't continue the log. The log is left unchanged.
            StoreError: The log can't be written.
        """
        if not last_events:
            return
        lines = _lines(last_events)
        with explained(self._path):
            end = self._end(last_events[0], len(lines))
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
            # Sync the JSON file's name, so that after a power cut the log isn't ahead of the file.
            sync_folder(self._path.parent)
            append_durably(self._path, lines[len(good) :])

    def verify(self, last_events: Sequence[AuditEvent]) -> bool:
        """Check the log up to the last change's events. The log may lack some of these.

        This writes nothing and needs no lock, because written lines never change.

        Returns:
            Whether the log goes on after these events.

        Raises:
            AuditTamperedError: The log doesn't hold together, or these events don't continue it.
            StoreError: The log can't be read.
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
        """Return the error that the last change's events don't continue this log."""
        return AuditTamperedError(
            f"The audit log {self._path} lacks events, was edited, or was restored without "
            "its credentials. Restore both files from the same moment."
        )

    def newest_first(self, before: int | None = None) -> Generator[AuditEvent, None, None]:
        """Yield whole events from the end of the file, without a torn end.

        Args:
            before: Yield events with lower numbers only; None to begin with the latest.
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

    def oldest_first(self, after: int) -> Iterator[AuditEvent]:
        """Yield whole events with greater numbers, as far as they are written."""
        with explained(self._path), self._open() as file:
            file.seek(self._find(file, after + 1, file.seek(0, os.SEEK_END)))
            while (line := file.readline(_LONGEST + 1)).endswith(b"\n") and b"\0" not in line:
                yield self._parse(line)

    def cut_after(self, number: int) -> None:
        """Remove the events with greater numbers, and a torn end. Only a copy may do so.

        Raises:
            StoreError: The log can't be cut.
        """
        with explained(self._path), self._open() as file:
            size = file.seek(0, os.SEEK_END)
            if (end := self._find(file, number + 1, size)) < size:
                cut_durably(self._path, end)

    def _find(self, file: BinaryIO, number: int, end: int) -> int:
        """Return the position where the line of an event begins, `end` if there is no such line.

        This is a binary search, because the lines are in the order of their numbers.
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
        """Yield the whole lines before a position, the last one first."""
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
                # Skip the piece after the last line break. It is empty or torn.
                ended, whole = pieces[1:] if whole else pieces[1:-1], True
                yield from reversed(ended)
        if whole and pieces[0]:
            yield pieces[0]

    def _end(self, first: AuditEvent, length: int) -> bytes:
        """Return the log's end from the position where an event's line begins, or must begin.

        Args:
            first: The event.
            length: The greatest length in bytes that the end may have. A longer end raises the
                error, or is returned with one byte more.

        Raises:
            AuditTamperedError: The event before this one isn't where it must be.
        """
        with self._open() as file:
            if first.number == 1:
                return file.read(length + 1)
            # A line ends with its hash. No text in a line can look like this end, because JSON puts
            # a backslash before each quotation mark.
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
    """Tell whether `end` is these lines, or what a crash may have left of them."""
    return len(end) <= len(lines) and all(
        byte in (0, meant) for byte, meant in zip(end, lines, strict=False)
    )
