"""Looks which servers take themselves for the primary, and when two did at the same time."""

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import combinations
from typing import NamedTuple

import psycopg

from credtui.store.postgres.connections import deadline

EVERY = 0.05
"""Seconds between two looks."""

Spans = Sequence[tuple[float, float]]


class Look(NamedTuple):
    """When a server was asked, when it answered, and whether it took itself for the primary."""

    asked: float
    answered: float
    primary: bool


class Watcher(threading.Thread):
    """Asks one server again and again whether it is the primary."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._url = url
        self._looks: list[Look] = [Look(0, 0, primary=False)]
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.is_set():
            with (
                suppress(psycopg.Error),
                psycopg.connect(self._url, autocommit=True, connect_timeout=2) as connection,
            ):
                while not self._ended.wait(EVERY):
                    self._look(connection)
            # The server may be stopped: it is no primary until it answers again.
            now = time.monotonic()
            self._looks.append(Look(now, now, primary=False))
            self._ended.wait(EVERY)

    def stop(self) -> None:
        self._ended.set()
        self.join()

    def seen(self) -> Spans:
        """Return the spans of time in which the server was seen to be the primary."""
        return self._spans(0)

    def possible(self) -> Spans:
        """Return the spans of time in which the server may have been the primary.

        They reach from the look before the first that saw it to the look after the last.
        """
        return self._spans(1)

    def forget(self, before: float) -> None:
        """Forget the looks before a moment."""
        del self._looks[: sum(look.answered < before for look in self._looks[:-2])]

    def _look(self, connection: psycopg.Connection) -> None:
        asked = time.monotonic()
        with deadline(connection, 1.0):
            (row,) = connection.execute("SELECT NOT pg_is_in_recovery()")
        self._looks.append(Look(asked, time.monotonic(), primary=row[0]))

    def _spans(self, margin: int) -> Spans:
        looks = self._looks[:]
        spans = []
        first: int | None = None
        for number, look in enumerate([*looks, Look(0, 0, primary=False)]):
            if look.primary and first is None:
                first = number
            elif not look.primary and first is not None:
                begin, end = max(0, first - margin), min(len(looks) - 1, number - 1 + margin)
                spans.append((looks[begin].asked, looks[end].answered))
                first = None
        return spans


def overlaps(all_spans: Sequence[Spans]) -> Spans:
    """Return when spans of two servers overlap."""
    return [
        (max(begin, other_begin), min(end, other_end))
        for one, another in combinations(all_spans, 2)
        for begin, end in one
        for other_begin, other_end in another
        if max(begin, other_begin) < min(end, other_end)
    ]
