"""Facts about a credential, in lines that fit."""

from datetime import datetime, timedelta

from credtui.domain.lease import Lease
from credtui.domain.models import Credential
from credtui.domain.names import printable
from credtui.domain.page import Page
from credtui.domain.rotation import Rotation, rotation, rotation_due_at, rotation_due_in
from credtui.domain.secret_state import SecretState
from credtui.domain.usage import QUIET_PERIOD, Usage
from credtui.tui.phrases import ago, day, duration, moment, plural

Fact = tuple[str, str]
"""A text, and its colour in the theme."""

NOT_USED = "Not used yet"


def badges(credential: Credential, page: Page, now: datetime, period: timedelta) -> list[Fact]:
    """Return the badges of a credential, most urgent first."""
    found = []
    state = page.secret_state(credential)
    if state.advises_rotation:
        found.append((f"Secret {state}", "$text-error"))
    elif state is SecretState.ON_SCREEN:
        found.append((f"Secret {state}", "$text-accent"))
    urgency = rotation(credential, now, period)
    if urgency is Rotation.DUE:
        found.append(("Rotation due", "$text-warning"))
    elif urgency is Rotation.SOON:
        left = duration(rotation_due_in(credential, now, period))
        found.append((f"Rotation due in {left}", "$text-warning"))
    if credential.client_id == page.primary:
        found.append(("Primary", "$text-success"))
    return found


def age(credential: Credential, now: datetime, period: timedelta, width: int, dot: str) -> str:
    """Return how old a secret is, and when its rotation is due.

    Args:
        credential: The credential.
        now: The present moment.
        period: The rotation period.
        width: The cells that the text may fill.
        dot: The sign between two facts.
    """
    old = f"{credential.secret_age(now).days} of {period.days} {plural(period.days, 'day')}"
    due = rotation_due_at(credential, period)
    if rotation(credential, now, period) is not Rotation.DUE:
        return _first_fit(width, f"{old} {dot} due {day(due, now)}", old)
    late = f"{old} {dot} overdue"
    return _first_fit(width, f"{late} since {day(due, now)}", late, old)


def tokens(usage: Usage | None, now: datetime, width: int, dot: str) -> str:
    """Return how many access tokens the last 24 hours had, and when and where the last one went.

    Args:
        usage: How the credential was used.
        now: The present moment.
        width: The cells that the text may fill.
        dot: The sign between two facts.
    """
    if usage is None or usage.last_used_at is None:
        return NOT_USED
    many, last = f"{usage.issued_lately(now):,}", ago(usage.last_used_at, now)
    return _first_fit(
        width,
        f"{many} in 24 hours {dot} last {last} from {usage.last_used_from}",
        f"{many} {dot} last {last} from {usage.last_used_from}",
        f"{many} {dot} last {last}",
        f"{many} {dot} {last}",
        many,
    )


def last_use(usage: Usage | None, now: datetime) -> str:
    """Return when and from where a credential was last used, and how often lately."""
    if usage is None or usage.last_used_at is None:
        return "not yet"
    issued = usage.issued_lately(now)
    return (
        f"{ago(usage.last_used_at, now)} from {usage.last_used_from}, "
        f"{issued:,} {plural(issued, 'token')} in 24 hours"
    )


def alerts(credential: Credential, page: Page, now: datetime, width: int) -> list[Fact]:
    """Return what an operator ought to look into."""
    found = []
    lease, state = page.lease_of(credential), page.secret_state(credential)
    if lease:
        found.append((on_screen(lease, now, width), "$text-accent"))
    elif state.advises_rotation:
        found.append((_perhaps_lost(width, may_rotate=not page.why_not_edit()), "$text-error"))
    if previous := previous_secret_in_use(credential, page, now, width):
        found.append((previous, "$text-error"))
    if successor := page.successor_of(credential.client_id):
        found.append((f"Being replaced by {successor.display_name}", "$text-accent"))
    elif credential.replaces and (replaced := page.find(credential.replaces)):
        found.append((f"Replaces {replaced.display_name}", "$text-accent"))
    return found


def _perhaps_lost(width: int, *, may_rotate: bool) -> str:
    lost = "Perhaps nobody has its secret"
    if not may_rotate:
        return lost
    return _first_fit(
        width, f"{lost}: rotate it (r)", "If nobody has its secret, rotate it (r)", lost
    )


def on_screen(lease: Lease, now: datetime, width: int) -> str:
    """Return who has a secret on screen, and since when."""
    operator, since = printable(lease.operator), moment(lease.since, now)
    address = f" ({printable(lease.address)})" if lease.address else ""
    return _first_fit(
        width,
        f"On screen at {operator}{address} since {since}",
        f"On screen at {operator} since {since}",
        f"On screen since {since}",
    )


def previous_secret_in_use(
    credential: Credential, page: Page, now: datetime, width: int
) -> str | None:
    """Return how the secret is used that a rotation replaced; None if it isn't."""
    usage = page.usage.get(credential.client_id)
    previous = usage.previous_secret if usage else None
    if previous is None or previous.generation != credential.generation:
        return None
    today = abs(now - previous.last_at) < QUIET_PERIOD
    said = (
        "A client still uses the previous secret" if today else "A client used the previous secret"
    )
    short = "Previous secret still used" if today else "Previous secret used"
    refused = f"{previous.count:,} refused"
    last = f"last {ago(previous.last_at, now)} from {previous.last_from}"
    return _first_fit(
        width,
        f"{said}: {refused}, {last}",
        f"{short}: {refused}, {last}",
        f"{said}: {refused}",
        f"{short}: {refused}",
    )


def facts(credential: Credential, page: Page, now: datetime) -> list[tuple[str, str]]:
    """Return labels and values that a person should know before changing a credential."""
    wide = 1000
    lease = page.lease_of(credential)
    state = on_screen(lease, now, wide) if lease else page.secret_state(credential)
    found = [
        ("Secret", f"{duration(credential.secret_age(now))} old, {state[0].lower()}{state[1:]}"),
        ("Last used", last_use(page.usage.get(credential.client_id), now)),
    ]
    if previous := previous_secret_in_use(credential, page, now, wide):
        found.append(("Beware", previous))
    return found


def _first_fit(width: int, *texts: str) -> str:
    return next((text for text in texts if len(text) <= width), texts[-1])
