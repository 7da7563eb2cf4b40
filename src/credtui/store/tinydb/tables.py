"""Reading a TinyDB file without TinyDB, whose import takes longer than the reading."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from credtui.domain.errors import StoreCorruptError, StoreTooNewError
from credtui.regular_files import read_file
from credtui.store.tinydb.files import explained
from credtui.store.tinydb.schema import SCHEMA

Tables = dict[str, dict[str, dict[str, Any]]]


def log_of(path: Path) -> Path:
    """Return the path of the audit log that belongs to a file."""
    return path.with_suffix(".audit.jsonl")


def read_tables(path: Path) -> Tables | None:
    """Return all tables of a file, None if nothing was written yet.

    Raises:
        StoreCorruptError: The file is damaged, or is missing although its log exists. Such a
            file mustn't count as empty: without operators everybody may edit.
        StoreTooNewError: A later version wrote the file.
        StoreError: The file can't be read.
    """
    with explained(path):
        try:
            content = read_file(path)
        except FileNotFoundError:
            _ensure_never_written(path)
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


@contextmanager
def parsing(path: Path) -> Iterator[None]:
    """Turn errors of parsing a file into one that names the file.

    Raises:
        StoreCorruptError: The content is not as credtui writes it. The original error is hidden,
            because its message may quote a hash from the file.
    """
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise StoreCorruptError(
            f"{path} is damaged: it doesn't hold what credtui wrote. "
            "Restore it, with its audit log, from a backup."
        ) from None


def _ensure_never_written(path: Path) -> None:
    log = log_of(path)
    with explained(log):
        written = log.exists() and log.stat().st_size > 0
    # The first change writes the file before the log, perhaps just after we looked for the file.
    if written and not path.exists():
        raise StoreCorruptError(
            f"{path} is missing, though its audit log is there. Restore both from the same backup."
        )
