"""Facts about a credential, in lines that fit."""

from datetime import datetime, timedelta

from credtui.domain.lease import Lease
from credtui.domain.models import Credential
from credtui.domain.names import printable
from credtui.domain.page import Page
from credtui.domain.rotation import Rotation, rotation, rotation_due_in
from credtui.domain.secret_state import SecretState
from credtui.domain.usage import Usage
from credtui.tui.phrases import ago, date, duration, minute, moment, plural

Fact = tuple[str, str]
"""A text, and its colour in the theme."""

_LOST = {
    SecretState.NEVER_SEEN: "Perhaps nobody has its secret",
    SecretState.CLOSED_UNSAVED: "Its secret was closed unsaved",
}


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


def history(credential: Credential, now: datetime, width: int, dot: str, *, exact: bool) -> str:
    """Return when a credential was created and its secret rotated.

    Args:
        credential: The credential.
        now: The present moment.
        width: The cells that the text may fill.
        dot: The sign between two facts.
        exact: Return moments rather than ages.
    """
    created, rotated = credential.created_at, credential.rotated_at
    never = f"never rotated, {duration(credential.secret_age(now))}"
    if exact and rotated:
        before = minute(created).removesuffix(" UTC")
        return _first_fit(
            width,
            f"Created {before} {dot} rotated {minute(rotated)}",
            f"Rotated {minute(rotated)}",
        )
    if exact:
        return _first_fit(
            width,
            f"Created {minute(created)} {dot} {never}",
            f"Created {minute(created)}",
        )
    rotation_text = f"rotated {ago(rotated, now)}" if rotated else never
    return _first_fit(
        width,
        f"Created {date(created)} {dot} {rotation_text}",
        rotation_text[0].upper() + rotation_text[1:],
    )


def history_at_length(credential: Credential, now: datetime) -> list[str]:
    """Return both moments and ages, in two lines."""
    created, rotated = credential.created_at, credential.rotated_at
    if rotated is None:
        age = duration(credential.secret_age(now))
        return [f"Created {minute(created)}", f"Never rotated, {age}"]
    return [f"Created {minute(created)}", f"Rotated {minute(rotated)}, {ago(rotated, now)}"]


def use(usage: Usage | None, now: datetime, width: int, between: str, *, exact: bool) -> str:
    """Return when and from where a credential was last used, and how often lately.

    Args:
        usage: How the credential was used.
        now: The present moment.
        width: The cells that the text may fill.
        between: The text between two facts, with its spaces.
        exact: Return the moment rather than how long ago it was.
    """
    if usage is None or usage.last_used_at is None:
        return "Not used yet"
    when = minute(usage.last_used_at) if exact else ago(usage.last_used_at, now)
    used = f"Used {when} from {usage.last_used_from}"
    tokens = usage.issued_lately(now)
    many = f"{tokens:,} {plural(tokens, 'token')}"
    return _first_fit(
        width,
        f"{used}{between}{many} in 24 hours",
        f"{used}{between}{many}/24 h",
        used,
        f"Used {when}",
    )


def alerts(credential: Credential, page: Page, now: datetime, width: int) -> list[Fact]:
    """Return what an operator ought to look into."""
    found = []
    lease, state = page.lease_of(credential), page.secret_state(credential)
    if lease:
        found.append((on_screen(lease, now, width), "$text-accent"))
    elif state.advises_rotation:
        lost = _LOST[state]
        advice = lost if page.why_not_edit() else f"{lost}: rotate it (r)"
        found.append((_first_fit(width, advice, lost), "$text-error"))
    if previous := previous_secret_in_use(credential, page, now, width):
        found.append((previous, "$text-error"))
    if successor := page.successor_of(credential.client_id):
        found.append((f"Being replaced by {successor.display_name}", "$text-accent"))
    elif credential.replaces and (replaced := page.find(credential.replaces)):
        found.append((f"Replaces {replaced.display_name}", "$text-accent"))
    return found


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
    """Return how the secret is still used that a rotation replaced; None if it isn't."""
    usage = page.usage.get(credential.client_id)
    previous = usage.previous_secret if usage else None
    if previous is None or previous.generation != credential.generation:
        return None
    last = f"last {ago(previous.last_at, now)} from {previous.last_from}"
    return _first_fit(
        width,
        f"A client still uses the previous secret: {previous.count} refused, {last}",
        f"Previous secret still used: {previous.count} refused, {last}",
        f"A client still uses the previous secret: {previous.count} refused",
        f"Previous secret still used: {previous.count} refused",
    )


def facts(credential: Credential, page: Page, now: datetime) -> list[tuple[str, str]]:
    """Return labels and values that a person should know before changing a credential."""
    wide = 1000
    lease = page.lease_of(credential)
    state = on_screen(lease, now, wide) if lease else page.secret_state(credential)
    found = [
        ("Secret", f"{duration(credential.secret_age(now))} old, {state[0].lower()}{state[1:]}"),
        ("Last used", use(page.usage.get(credential.client_id), now, wide, ", ", exact=False)),
    ]
    if previous := previous_secret_in_use(credential, page, now, wide):
        found.append(("Beware", previous))
    return found


def _first_fit(width: int, *texts: str) -> str:
    return next((text for text in texts if len(text) <= width), texts[-1])
