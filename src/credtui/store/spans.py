"""Spans of time. Access tokens that expire within one count as revoked."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TypeAlias

MAX_SPANS = 100
"""How many swept spans of time to note."""

Span: TypeAlias = tuple[int, int]
"""The first and the last second of a span of time, as Unix time."""


def join_spans(spans: Iterable[Span], most: int = MAX_SPANS) -> list[Span]:
    """Join spans of time until there are at most `most`, by closing the narrowest gaps.

    One span from the first to the last would cover too much. After a clock ran far ahead for a
    while, later tokens will expire in the gap.
    """
    joined = _close_gaps(sorted(spans), 1)
    if len(joined) > most:
        gaps = sorted(after[0] - before[1] for before, after in pairwise(joined))
        joined = _close_gaps(joined, gaps[len(joined) - most - 1])
    return joined


def _close_gaps(spans: Sequence[Span], width: int) -> list[Span]:
    """Join sorted spans where the gap between two is at most `width`."""
    joined: list[Span] = []
    for first, last in spans:
        if joined and first - joined[-1][1] <= width:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined
