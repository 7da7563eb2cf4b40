"""Errors of the database, as credtui's own."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Literal, TypeVar

import psycopg
from psycopg import errors

from credtui.domain.errors import (
    StoreBusyError,
    StoreCorruptError,
    StoreError,
    StoreUnwritableError,
)
from credtui.domain.names import quotable
from credtui.store.marks import Mark
from credtui.store.postgres.address import name_of, where

_UNWRITABLE = (
    errors.ReadOnlySqlTransaction,
    errors.DiskFull,
    errors.OutOfMemory,
)
_CONFLICTS = (errors.SerializationFailure, errors.DeadlockDetected)

# psycopg and libpq say in front of a reason what failed, and where.
_PREAMBLE = re.compile(
    r"^([a-z ]+ failed: |connection is bad: )?(connection to server .*? failed: )?(FATAL: +)?"
)
# psycopg tells of each host in a line of its own.
_TRIED = re.compile(r"^- host: '(.*?)', port: '?(.*?)'?, hostaddr: .*?: (.*)$", re.MULTILINE)
_MARKS: Mapping[str, Literal["moved", "unfinished"]] = {"CT001": "moved", "CT002": "unfinished"}
"""The errors of the tables when the store is marked."""

T = TypeVar("T")


class ConflictError(StoreBusyError):
    """The database undid a transaction because of another session's."""


def again(work: Callable[[], T]) -> T:
    """Do a piece of work again until no other session is in its way, for about two seconds.

    Raises:
        ConflictError: Other sessions were in its way each time.
    """
    import tenacity  # few engines ever need this

    attempts = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(ConflictError),
        wait=tenacity.wait_random_exponential(multiplier=0.02, max=0.5),
        stop=tenacity.stop_after_attempt(10),
        reraise=True,
    )
    return attempts(work)


@contextmanager
def explained(url: str) -> Iterator[None]:
    """Turn an error of the database into one that a sentence explains.

    Raises:
        StoreError: The error.
    """
    try:
        yield
    except psycopg.Error as error:
        raise explain(error, url) from None


def explain(error: psycopg.Error, url: str) -> StoreError:
    """Return the error that explains one of the database. It repeats nothing that is kept."""
    if kind_of_mark := _MARKS.get(error.sqlstate or ""):
        return Mark(kind_of_mark, quotable(error.diag.message_detail or "", 300)).refusal(
            name_of(url)
        )
    if isinstance(error, (*_CONFLICTS, errors.LockNotAvailable)):
        kind = ConflictError if isinstance(error, _CONFLICTS) else StoreBusyError
        return kind(f"Another session is making a change in {where(url)}. Try again in a moment.")
    if isinstance(error, _UNWRITABLE):
        return StoreUnwritableError(f"{where(url)} refuses to write: {reason(error)}.")
    if isinstance(error, errors.InsufficientPrivilege):
        return StoreUnwritableError(f"{where(url)} refuses access: {reason(error)}.")
    if isinstance(error, psycopg.IntegrityError):
        # The message's details may hold a hash.
        return StoreCorruptError(f"{where(url)} refuses a change: {reason(error)}.")
    if error.sqlstate is None or isinstance(error, psycopg.OperationalError):
        return StoreError(f"{where(url)} can't be reached: {reason(error)}.")
    return StoreError(f"{where(url)} can't be used: {reason(error)}.")


def reason(error: psycopg.Error) -> str:
    """Return the first line of an error's message, as the end of a sentence.

    If several hosts were tried, return what each of them said.
    """
    message = error.diag.message_primary or str(error)
    tried = [
        f"{host}:{port} {_without_preamble(why)}" for host, port, why in _TRIED.findall(message)
    ]
    lines = [line for line in message.splitlines() if line.strip()] or ["no reason was given"]
    # libpq has a line for each attempt, and puts hints around them.
    attempts = [line for line in lines if "connection to server " in line]
    text = "; ".join(tried) or _without_preamble(attempts[-1] if attempts else lines[0])
    return quotable(text, 300).rstrip(".")


def _without_preamble(line: str) -> str:
    return _PREAMBLE.sub("", line.strip())
