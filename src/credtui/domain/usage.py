"""How a credential is used, as the token endpoint saw it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from credtui.domain.models import Instant

REMEMBERED_HOURS = 24
"""Hours for which the number of access tokens is kept."""

QUIET_PERIOD = timedelta(hours=24)
"""How long a credential must be unused before its replacement is finished."""


class PreviousSecretUse(BaseModel):
    """Refused uses of a secret that a rotation replaced.

    Attributes:
        generation: The credential's generation when the uses were refused.
        count: The number of uses.
        last_at: When the last use was.
        last_from: The address that the last use came from.
    """

    model_config = ConfigDict(frozen=True)

    generation: int
    count: int
    last_at: Instant
    last_from: str


class Usage(BaseModel):
    """How a credential is used.

    Attributes:
        last_used_at: When an access token was last issued; None if never.
        last_used_from: The address it was issued to.
        issued: Access tokens issued in each hour, by the hour's number since 1970.
        previous_secret: Uses of a previous secret since the last rotation; None if there were none.
    """

    model_config = ConfigDict(frozen=True)

    last_used_at: Instant | None = None
    last_used_from: str | None = None
    issued: Mapping[int, int] = Field(default_factory=dict)
    previous_secret: PreviousSecretUse | None = None

    def issued_lately(self, now: datetime) -> int:
        """Return how many access tokens were issued in this hour and the 23 before it."""
        return sum(
            count
            for hour, count in self.issued.items()
            if hour_of(now) - REMEMBERED_HOURS < hour <= hour_of(now)
        )

    def is_quiet(self, now: datetime) -> bool:
        """Tell whether no access token was issued for `QUIET_PERIOD`.

        A use that is this far ahead of `now` counts as none: it was recorded with a wrong clock.
        """
        return self.last_used_at is None or abs(now - self.last_used_at) >= QUIET_PERIOD

    def merged(self, later: Self) -> Self:
        """Return this usage and a later one together. No use may be counted in both.

        The later one has the last use, whatever the clocks said.
        """
        last = later if later.last_used_at else self
        newest_hour = max(later.issued or self.issued, default=0)
        issued = {
            hour: self.issued.get(hour, 0) + later.issued.get(hour, 0)
            for hour in sorted({*self.issued, *later.issued})
            if abs(newest_hour - hour) < REMEMBERED_HOURS
        }
        return type(self)(
            last_used_at=last.last_used_at,
            last_used_from=last.last_used_from,
            issued=issued,
            previous_secret=_merge(self.previous_secret, later.previous_secret),
        )


def hour_of(at: datetime) -> int:
    """Return how many whole hours have passed since 1970."""
    return int(at.timestamp()) // 3600


def _merge(
    one: PreviousSecretUse | None, later: PreviousSecretUse | None
) -> PreviousSecretUse | None:
    if one is None or later is None:
        return one or later
    if one.generation != later.generation:
        return max(one, later, key=lambda use: use.generation)
    return later.model_copy(update={"count": one.count + later.count})
