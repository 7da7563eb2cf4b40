"""Dates, ages and numbers in words."""

from datetime import UTC, datetime, timedelta

from humanize import naturaldelta

from credtui.domain.audit import TOLERATED_STEP

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def plural(number: int, noun: str) -> str:
    """Return a noun in the form that goes with a number."""
    return noun if number == 1 else f"{noun}s"


def duration(delta: timedelta) -> str:
    """Return a duration in its largest unit, from minutes to days, rounded down: "206 days"."""
    days = delta.days
    if days >= 1:
        return f"{days} {plural(days, 'day')}"
    if delta < timedelta(minutes=1):
        return "less than a minute"
    unit = timedelta(hours=1) if delta >= timedelta(hours=1) else timedelta(minutes=1)
    return naturaldelta(delta - delta % unit)


def ago(then: datetime, now: datetime) -> str:
    """Return how long ago a moment was. A moment ahead means that a clock was or is wrong."""
    past = now - then
    if -past > TOLERATED_STEP:
        return f"{duration(-past)} ahead of this clock"
    return f"{duration(past)} ago" if past >= timedelta(minutes=1) else "just now"


def date(moment: datetime) -> str:
    """Return a day as it is written anywhere in the world: "2026-11-24"."""
    return f"{moment.astimezone(UTC):%Y-%m-%d}"


def day(moment: datetime, now: datetime) -> str:
    """Return a day, without the year if the day is less than half a year away: "20 Jan"."""
    at = moment.astimezone(UTC)
    short = f"{at.day} {_MONTHS[at.month - 1]}"
    return short if abs(moment - now) < timedelta(days=183) else f"{short} {at.year}"


def minute(moment: datetime) -> str:
    """Return a moment to the minute: "2026-11-24 05:37 UTC"."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def moment(then: datetime, now: datetime) -> str:
    """Return a moment to the minute, without the day if that is today: "05:37 UTC"."""
    return f"{then.astimezone(UTC):%H:%M} UTC" if date(then) == date(now) else minute(then)


def second(moment: datetime) -> str:
    """Return a moment to the second: "2026-11-24 05:37:12 UTC"."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
