"""How far the replacement of a credential by a new one is."""

from datetime import datetime, timedelta
from enum import IntEnum

from credtui.domain.page import Page
from credtui.domain.secret_state import SecretState
from credtui.domain.usage import Caller, Usage

UNTIL_MOVED = timedelta(hours=1)
"""How long the old credential must be unused until its clients count as moved."""


class ReplacementStep(IntEnum):
    """A step of a replacement, in the order in which people take them."""

    GENERATE = 1
    """Generate the new credential."""
    MOVE = 2
    """Give the new credential to the clients of the old one."""
    WAIT = 3
    """Wait until the old credential has been unused for `QUIET_PERIOD`."""
    DELETE = 4
    """Delete the old credential."""


def replacement_step(page: Page, client_id: str, now: datetime) -> ReplacementStep:
    """Return the step that comes next, as far as is known.

    Nothing is kept about the steps. So a person may leave, and another may go on.

    Args:
        page: The organization.
        client_id: The old credential.
        now: The present moment.
    """
    new, usage = page.successor_of(client_id), page.usage.get(client_id, Usage())
    if new is None:
        return ReplacementStep.GENERATE
    # A rotation of the new credential cuts off the clients that have moved.
    if page.secret_state(new) is not SecretState.IN_USE:
        return ReplacementStep.MOVE
    if usage.is_quiet(now):
        return ReplacementStep.DELETE
    return ReplacementStep.WAIT if quiet_for(usage, now) >= UNTIL_MOVED else ReplacementStep.MOVE


def quiet_for(usage: Usage, now: datetime) -> timedelta:
    """Return how long ago a credential was used last; nothing if it never was."""
    if usage.last_used_at is None:
        return timedelta()
    return max(now - usage.last_used_at, timedelta())


def part_moved(old: Usage, new: Usage, now: datetime) -> tuple[list[Caller], list[Caller]]:
    """Part the last day's callers of the old credential into those that stay, and those that moved.

    An address has moved if its last use of the new credential is later than that of the old one.
    Both lists begin with the caller that used the old credential last.
    """
    last_of_new = {caller.address: caller.last_at for caller in new.callers}
    stay: list[Caller] = []
    moved: list[Caller] = []
    for caller in old.callers_lately(now):
        at = last_of_new.get(caller.address)
        (moved if at and at > caller.last_at else stay).append(caller)
    return stay, moved
