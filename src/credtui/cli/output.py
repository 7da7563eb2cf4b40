"""Writing for people and for programs. What credtui keeps is shown as text, never obeyed."""

import json
import os
import sys
from collections.abc import Mapping
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


def _abandon(stream: TextIO) -> None:
    """Drop what a stream still holds: Python would try to write it at its exit."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
    except (OSError, ValueError):
        pass
