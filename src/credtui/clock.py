"""The present moment, as a record of events may trust it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeAlias

from credtui.domain.errors import ClockWentBackError

Clock: TypeAlias = Callable[[], datetime]
"""A source of the present moment, with its time zone."""

TOLERATED_STEP = timedelta(minutes=2)
"""How far a clock may step back, as when it is corrected, without stopping work."""


def moment(clock: Clock, last_event_at: datetime | None) -> datetime:
    """Return the present moment, or that of the last event if the clock is a little behind.

    Raises:
        ClockWentBackError: It is far behind.
    """
    now = clock()
    if last_event_at is None or now >= last_event_at:
        return now
    if last_event_at - now <= TOLERATED_STEP:
        return last_event_at
    raise ClockWentBackError(
        f"This computer's clock says {now:%Y-%m-%d %H:%M} UTC, but the last change was at "
        f"{last_event_at:%Y-%m-%d %H:%M} UTC. Nothing was changed; set the clock first."
    )
