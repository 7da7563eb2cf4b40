"""A credential's two meters: how old its secret is, and how it was used in the last 24 hours."""

from datetime import datetime, timedelta

from textual.content import Content

from credtui.domain.models import Credential
from credtui.domain.rotation import Rotation, rotation
from credtui.domain.usage import REMEMBERED_HOURS, Usage
from credtui.tui.charts import bar, sparkline
from credtui.tui.marks import Marks
from credtui.tui.summaries import age, tokens

_LABEL, _GAP = 8, 2
_SHORTEST_BAR, _LONGEST_BAR = 8, REMEMBERED_HOURS
_SHORTEST_NUMBER = 20
"""Cells that the tokens' text needs beside a chart: "1,234 · an hour ago"."""

USUAL = "$text-accent"
"""The colour of what is as it should be."""


def age_meter(
    credential: Credential, now: datetime, period: timedelta, width: int, marks: Marks
) -> Content:
    """Return a bar of the secret's age against the rotation period, and the age in words.

    The bar is as long for each credential of an installation: it depends on the width and the
    period alone.
    """
    days = len(str(period.days))
    text = 2 * days + len(f" of  days {marks.dot} due 20 Jan")
    room = width - _LABEL - _GAP
    length = max(_SHORTEST_BAR, min(room - text, _LONGEST_BAR))
    current = rotation(credential, now, period) is Rotation.CURRENT
    colour = USUAL if current else "$text-warning"
    full, empty = bar(credential.secret_age(now) / period, length, marks)
    words = age(credential, now, period, room - length, marks.dot)
    return Content.assemble(
        _label("Age"),
        (full, colour),
        (empty, "$text-muted"),
        " " * _GAP,
        (words, "" if current else colour),
    )


def tokens_meter(usage: Usage | None, now: datetime, width: int, marks: Marks) -> Content:
    """Return a chart of the tokens of each of the last 24 hours, and what it shows in words.

    The chart is left out where it and the words don't fit.
    """
    label, room = _label("Tokens"), width - _LABEL
    beside = room - REMEMBERED_HOURS - _GAP
    if beside < _SHORTEST_NUMBER:
        return label + tokens(usage, now, room, marks.dot)
    counts = usage.issued_hourly(now) if usage else [0] * REMEMBERED_HOURS
    return Content("").join(
        [
            label,
            *(
                Content.styled(cell, USUAL if count else "$text-muted")
                for cell, count in zip(sparkline(counts, marks), counts, strict=True)
            ),
            Content(" " * _GAP + tokens(usage, now, beside, marks.dot)),
        ]
    )


def _label(text: str) -> Content:
    return Content.styled(text.ljust(_LABEL), "$text-muted")
