"""Writing for people and for programs.

Control characters in a text are replaced, so that a terminal never obeys stored text.
"""

import json
import os
import sys
from collections.abc import Mapping
from typing import Any, TextIO

from credtui.domain.names import printable
from credtui.domain.secrets import redact


def prepare_streams() -> None:
    """Make the standard streams accept any text.

    A character that the locale lacks is written as its number. Bytes that can't be decoded are read
    as surrogates.
    """
    for stream, errors in (
        (sys.stdin, "surrogateescape"),
        (sys.stdout, "backslashreplace"),
        (sys.stderr, "backslashreplace"),
    ):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors=errors)


def say(text: str) -> None:
    """Write one line for the person to standard error, with secrets in it replaced.

    A person may have pasted a secret by mistake, for example as a name.
    """
    if sys.stderr is not None:
        try:
            sys.stderr.write(redact(printable(text)) + "\n")
            sys.stderr.flush()
        except OSError:  # go on: a new secret may still have to be written to standard output
            _abandon(sys.stderr)


def put(text: str = "") -> None:
    """Write one line of result to standard output."""
    if sys.stdout is not None:
        sys.stdout.write(printable(text) + "\n")


def put_json(data: Mapping[str, Any]) -> None:
    """Write a result for programs, in ASCII: JSON escapes all other characters."""
    if sys.stdout is not None:
        sys.stdout.write(json.dumps(data, indent=2) + "\n")


def flush() -> None:
    """Write what standard output has buffered.

    Raises:
        OSError: It can't be written; a BrokenPipeError if nothing reads from the pipe any more.
    """
    if sys.stdout is not None:
        sys.stdout.flush()


def abandon_output() -> None:
    """Discard what standard output has buffered, and all that is written to it from now on."""
    if sys.stdout is not None:
        _abandon(sys.stdout)


def _abandon(stream: TextIO) -> None:
    """Lead a stream to the null device: at exit, Python writes what the stream has buffered."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
    except (OSError, ValueError):
        pass
