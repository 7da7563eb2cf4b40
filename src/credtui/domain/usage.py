"""How a credential is used, as the token endpoint saw it."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from credtui.domain.models import Instant

REMEMBERED_HOURS = 24
"""Hours for which the number of access tokens is kept."""

MAX_CALLERS = 8
"""How many addresses to keep for a credential."""

QUIET_PERIOD = timedelta(hours=24)
"""How long a credential must be unused before its replacement is finished."""


class Caller(BaseModel):
    """An address that access tokens of a credential were issued to.

    Attributes:
        address: The address, "unknown" if the server didn't learn it.
        generation: The credential's generation when the last token was issued.
        last_at: When the last token was issued.
        issued: Access tokens issued in each hour, by the hour's number since 1970.
    """

    model_config = ConfigDict(frozen=True)

    address: str
    generation: int
    last_at: Instant
    issued: Mapping[int, int] = Field(default_factory=dict)

    @property
    def place(self) -> str:
        """The address, for a sentence."""
        return "an unknown address" if self.address == "unknown" else self.address

    def issued_lately(self, now: datetime) -> int:
        """Return how many access tokens were issued in this hour and the 23 before it."""
        return _issued_lately(self.issued, now)


def _kept(callers: tuple[Caller, ...]) -> tuple[Caller, ...]:
    """Return the last callers in their order, at most `MAX_CALLERS`.

    An IPv6 client may use any number of addresses in its network of 64 bits, and must not push out
    the others. So the last caller of each such network is kept first, then the rest.
    """
    if len(callers) <= MAX_CALLERS:
        return callers
    from credtui.domain.networks import neighbourhood

    last_of = {neighbourhood(caller.address): caller.address for caller in callers}
    last = {*last_of.values()}
    last_at_the_end = sorted(callers, key=lambda caller: caller.address in last)
    kept = {caller.address for caller in last_at_the_end[-MAX_CALLERS:]}
    return tuple(caller for caller in callers if caller.address in kept)


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
        callers: The addresses the tokens were issued to, at most `MAX_CALLERS`, the one that was
            used last at the end. `issued` also counts the tokens of callers that weren't kept.
        previous_secret: Uses of a previous secret since the last rotation; None if there were none.
    """

    model_config = ConfigDict(frozen=True)

    last_used_at: Instant | None = None
    last_used_from: str | None = None
    issued: Mapping[int, int] = Field(default_factory=dict)
    callers: Annotated[tuple[Caller, ...], AfterValidator(_kept)] = ()
    previous_secret: PreviousSecretUse | None = None

    def issued_lately(self, now: datetime) -> int:
        """Return how many access tokens were issued in this hour and the 23 before it."""
        return _issued_lately(self.issued, now)

    def issued_hourly(self, now: datetime) -> tuple[int, ...]:
        """Return how many access tokens were issued in each of the last 24 hours, oldest first.

        The last of these hours is the present one, which isn't over yet.
        """
        return tuple(self.issued.get(hour, 0) for hour in _last_hours(now))

    def callers_lately(self, now: datetime) -> tuple[Caller, ...]:
        """Return the callers of this hour and the 23 before it, newest first."""
        return tuple(caller for caller in reversed(self.callers) if caller.issued_lately(now))

    def issued_to_others(self, now: datetime) -> int:
        """Return how many tokens of the last 24 hours went to callers that weren't kept."""
        known = sum(caller.issued_lately(now) for caller in self.callers)
        return max(self.issued_lately(now) - known, 0)

    def is_quiet(self, now: datetime) -> bool:
        """Tell whether no access token was issued for `QUIET_PERIOD`.

        A use that is this far ahead of `now` counts as none: it was recorded with a wrong clock.
        """
        return self.last_used_at is None or abs(now - self.last_used_at) >= QUIET_PERIOD

    def used_since(self, generation: int, at: datetime) -> bool:
        """Tell whether an access token was issued with a generation's secret after a moment.

        The caller that was used last is always kept. So the present generation's last use is known
        however many callers there are.
        """
        return any(
            caller.generation == generation and caller.last_at > at for caller in self.callers
        )

    def merged(self, later: Self) -> Self:
        """Return this usage and a later one together. No use may be counted in both.

        The later one has the last use, whatever the clocks said.
        """
        last = later if later.last_used_at else self
        newest_hour = max(later.issued or self.issued, default=0)
        return type(self)(
            last_used_at=last.last_used_at,
            last_used_from=last.last_used_from,
            issued=_last_day(_sum(self.issued, later.issued), newest_hour),
            callers=tuple(
                caller.model_copy(update={"issued": _last_day(caller.issued, newest_hour)})
                for caller in _merge_callers(self.callers, later.callers)
            ),
            previous_secret=_merge_refusals(self.previous_secret, later.previous_secret),
        )


def hour_of(at: datetime) -> int:
    """Return how many whole hours have passed since 1970."""
    return int(at.timestamp()) // 3600


def shut_out(callers: Iterable[Caller], networks: Collection[str]) -> tuple[Caller, ...]:
    """Return the callers that couldn't use a credential if it were bound to networks.

    Args:
        callers: The callers.
        networks: Networks in CIDR notation. When there are none, every address is allowed. When
            there are some, an unknown address is not.

    Raises:
        ValueError: A text is no network. What `parse_networks` returns never raises this.
    """
    from credtui.domain.networks import is_allowed

    return tuple(caller for caller in callers if not is_allowed(caller.address, networks))


def _last_hours(now: datetime) -> range:
    return range(hour_of(now) - REMEMBERED_HOURS + 1, hour_of(now) + 1)


def _issued_lately(issued: Mapping[int, int], now: datetime) -> int:
    return sum(issued.get(hour, 0) for hour in _last_hours(now))


def _sum(one: Mapping[int, int], other: Mapping[int, int]) -> Mapping[int, int]:
    return {hour: one.get(hour, 0) + other.get(hour, 0) for hour in sorted({*one, *other})}


def _last_day(issued: Mapping[int, int], newest_hour: int) -> Mapping[int, int]:
    return {
        hour: count for hour, count in issued.items() if abs(newest_hour - hour) < REMEMBERED_HOURS
    }


def _merge_callers(callers: Iterable[Caller], later: Iterable[Caller]) -> Iterable[Caller]:
    merged = {caller.address: caller for caller in callers}
    for caller in later:
        # The caller that was used last comes last.
        before = merged.pop(caller.address, None)
        issued = _sum(before.issued if before else {}, caller.issued)
        merged[caller.address] = caller.model_copy(update={"issued": issued})
    return merged.values()


def _merge_refusals(
    one: PreviousSecretUse | None, later: PreviousSecretUse | None
) -> PreviousSecretUse | None:
    if one is None or later is None:
        return one or later
    if one.generation != later.generation:
        return max(one, later, key=lambda use: use.generation)
    return later.model_copy(update={"count": one.count + later.count})
