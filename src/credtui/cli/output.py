"""Writing for people and for programs. What credtui keeps is shown as text, never obeyed."""

import json
import os
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TextIO

from credtui.domain.names import printable
from credtui.domain.secrets import redact


def prepare_streams() -> None:
    """Let no text fail: what a locale lacks is shown by its number, and any bytes are read."""
    for stream, errors in (
        (sys.stdin, "surrogateescape"),
        (sys.stdout, "backslashreplace"),
        (sys.stderr, "backslashreplace"),
    ):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors=errors)


def say(text: str) -> None:
    """Tell the person one line, on standard error. A secret in it, pasted by mistake, is hidden."""
    if sys.stderr is not None:
        try:
            sys.stderr.write(redact(printable(text)) + "\n")
            sys.stderr.flush()
        except OSError:  # what comes next, such as a new secret, counts for more
            _abandon(sys.stderr)


def put(text: str = "") -> None:
    """Write one line of result to standard output."""
    if sys.stdout is not None:
        sys.stdout.write(printable(text) + "\n")


def put_json(data: Mapping[str, Any]) -> None:
    """Write a result for programs. Whatever isn't ASCII is escaped."""
    if sys.stdout is not None:
        sys.stdout.write(json.dumps(data, indent=2) + "\n")


def flush() -> None:
    """Hand over what was written, so that a reader who left is noticed here."""
    if sys.stdout is not None:
        sys.stdout.flush()


def abandon_output() -> None:
    """Write nothing more to a standard output that nobody reads."""
    if sys.stdout is not None:
        _abandon(sys.stdout)


def put_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write aligned columns, or, where the terminal is too narrow for them, a block for each row.

    The last column may be of any width; so names go there.
    """
    rows = [tuple(printable(cell) for cell in row) for row in rows]
    widths = [max(map(_width, column)) for column in zip(header, *rows, strict=True)]
    total = sum(widths) + 2 * (len(widths) - 1)
    if (
        sys.stdout is not None
        and sys.stdout.isatty()
        and total > shutil.get_terminal_size().columns
    ):
        label = max(map(_width, header))
        for row in rows:
            for title, cell in zip(header, row, strict=True):
                if cell:
                    put(f"{_padded(title, label)}  {cell}")
            put()
        return
    for row in (header, *rows):
        put("  ".join(map(_padded, row, widths)).rstrip())


def days(delta: timedelta) -> str:
    """Return an age in whole days, as the portal's cards do."""
    return "1 day" if delta.days == 1 else f"{delta.days} days"


def minute(moment: datetime) -> str:
    """Return a moment of the store, which is in UTC."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _abandon(stream: TextIO) -> None:
    """Drop what a stream still holds: Python would try to write it at its exit."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
    except (OSError, ValueError):
        pass


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _width(text: str) -> int:
    """Return the columns that a terminal needs for a text."""
    return sum(
        0
        if unicodedata.combining(character)
        else 2
        if unicodedata.east_asian_width(character) in "WF"
        else 1
        for character in text
    )
