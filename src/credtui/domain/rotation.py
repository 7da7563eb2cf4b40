"""When a secret ought to be rotated."""

from datetime import UTC, datetime, timedelta
from enum import Enum, auto

from credtui.domain.models import Credential

NOTICE = timedelta(days=14)
"""How long before a rotation is due people are told; at most a quarter of the period."""


class Rotation(Enum):
    """How urgent a rotation is."""

    CURRENT = auto()
    SOON = auto()
    DUE = auto()


def rotation_due_in(credential: Credential, now: datetime, period: timedelta) -> timedelta:
    """Return what is left of the present secret's rotation period; it is negative afterwards."""
    return period - (now - credential.secret_since)


def rotation_due_at(credential: Credential, period: timedelta) -> datetime:
    """Return when the present secret's rotation period ends."""
    latest = datetime.max.replace(tzinfo=UTC)
    return credential.secret_since + min(period, latest - credential.secret_since)


def rotation(credential: Credential, now: datetime, period: timedelta) -> Rotation:
    """Return how urgent it is to rotate a credential."""
    left = rotation_due_in(credential, now, period)
    if left <= timedelta():
        return Rotation.DUE
    return Rotation.SOON if left <= min(NOTICE, period / 4) else Rotation.CURRENT
