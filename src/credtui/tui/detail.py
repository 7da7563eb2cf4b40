"""All that there is to see of a credential, as text of a given width."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from textual.content import Content

from credtui.domain.audit import Action, AuditEvent
from credtui.domain.models import Credential
from credtui.domain.names import printable
from credtui.domain.page import Page
from credtui.domain.rotation import Rotation, rotation, rotation_due_at, rotation_due_in
from credtui.domain.secret_state import SecretState
from credtui.domain.usage import REMEMBERED_HOURS, Usage
from credtui.tui.charts import columns
from credtui.tui.credential_events import CredentialEvents
from credtui.tui.event_feed import outcome
from credtui.tui.marks import Marks
from credtui.tui.meters import USUAL, age_meter
from credtui.tui.phrases import ago, date, duration, minute, plural
from credtui.tui.summaries import NOT_USED, on_screen, previous_secret_in_use

NARROW = 50
"""Below this width a moment has a line of its own."""

CHART_ROWS = 4
WIDEST_COLUMN = 3
MILESTONES, EVENTS = 8, 6
"""How many milestones and events to show. Activity has the rest."""

_LABEL = 11
_UNLIMITED = 1000

STATES = {
    SecretState.IN_USE: "In use: a client got a token with it",
    SecretState.CHECKED: "Checked: a person pasted a copy, and it matched",
    SecretState.SAVED: "Saved to a file",
    SecretState.DELIVERED: "Delivered by a command",
    SecretState.SENT: "Sent to a clipboard; nobody confirmed that it arrived",
    SecretState.CLOSED_UNSAVED: "Closed unsaved: rotate the credential",
    SecretState.CLOSED: "Its dialog was closed",
    SecretState.NEVER_SEEN: "Never seen: perhaps nobody has it, so rotate the credential",
}
"""A sentence for each state of a secret, except for one that is on screen."""

_TOLD = {
    Action.GENERATE: "Generated",
    Action.ROTATE: "Rotated",
    Action.RENAME: "Renamed",
    Action.MAKE_PRIMARY: "Made primary",
}


class Subject(NamedTuple):
    """The facts from which the text about a credential is made.

    Attributes:
        credential: The credential.
        page: The organization.
        events: The credential's audit events; None while they are being read.
        problem: Why they can't be read, in a sentence; empty if they can.
        command: The command that requests a token.
        period: The rotation period.
    """

    credential: Credential
    page: Page
    events: CredentialEvents | None
    problem: str
    command: str
    period: timedelta


def detail(subject: Subject, now: datetime, width: int, marks: Marks) -> Content:
    """Return the whole text, its lines at most `width` cells wide."""
    usage = subject.page.usage.get(subject.credential.client_id, Usage())
    sections = (
        _state(subject, now, width, marks),
        _use(usage, now, width, marks),
        _callers(subject.credential, usage, now, width),
        _timeline(subject, now, width),
        _events(subject, width),
        _request(subject.command, width),
    )
    return Content("\n\n").join(Content("\n").join(lines) for lines in sections if lines)


def _state(subject: Subject, now: datetime, width: int, marks: Marks) -> list[Content]:
    credential, page = subject.credential, subject.page
    lease, state = page.lease_of(credential), page.secret_state(credential)
    said = on_screen(lease, now, _UNLIMITED) if lease else STATES.get(state, state.capitalize())
    colour = "$text-error" if state.advises_rotation else ""
    lines = [
        *_labelled("Client ID", credential.client_id, width),
        *_labelled("Secret", said, width, colour),
        *_labelled("Usable from", ", ".join(page.networks) or "any address", width),
        age_meter(credential, now, subject.period, width, marks),
    ]
    if warning := previous_secret_in_use(credential, page, now, _UNLIMITED):
        lines += _wrapped(warning, width, "$text-error")
    return lines


def _use(usage: Usage, now: datetime, width: int, marks: Marks) -> list[Content]:
    counts = usage.issued_hourly(now)
    column = max(1, min(WIDEST_COLUMN, width // REMEMBERED_HOURS))
    if usage.last_used_at is None:
        return [_heading("Last 24 hours"), Content(NOT_USED)]
    total = sum(counts)
    said = f"{total:,} {plural(total, 'token')}"
    if total:
        said += f", at most {max(counts):,} an hour"
    chart = columns(counts, marks, height=CHART_ROWS, column=column) if total else []
    return [
        _heading("Last 24 hours"),
        *_wrapped(said, width),
        *(Content.styled(row, USUAL) for row in chart),
        *([Content.styled(_hours(now, column, width), "$text-muted")] if total else []),
        *_wrapped(f"Last used {ago(usage.last_used_at, now)} from {usage.last_used_from}", width),
    ]


def _hours(now: datetime, column: int, width: int) -> str:
    """Return the hours of the day below a chart, each where its column begins."""
    every = 6 if column == 1 else 3
    line = ""
    for place in range(REMEMBERED_HOURS):
        hour = (now.hour - REMEMBERED_HOURS + 1 + place) % 24
        if hour % every == 0 and (place + 1) * column + 1 < REMEMBERED_HOURS * column:
            line = line.ljust(place * column) + f"{hour:02}"
    line = line.ljust(REMEMBERED_HOURS * column) + " UTC"
    return line if len(line) <= width else line.removesuffix(" UTC")


def _callers(credential: Credential, usage: Usage, now: datetime, width: int) -> list[Content]:
    callers = usage.callers_lately(now)
    if not callers:
        return []
    rows = [
        (caller.address, caller.issued_lately(now), ago(caller.last_at, now)) for caller in callers
    ]
    if others := usage.issued_to_others(now):
        rows.append(("other addresses", others, ""))
    across = max(len(address) for address, _, _ in rows)
    digits = max(len(f"{count:,}") for _, count, _ in rows)
    lines = [_heading("Callers in 24 hours")]
    for number, (address, count, last) in enumerate(rows):
        lines += _wrapped(f"{address:{across}}  {count:{digits},}  {last}".rstrip(), width)
        if number < len(callers) and callers[number].generation < credential.generation:
            behind = "Not since the rotation: perhaps it has the old secret."
            lines += [Content("  ") + line for line in _wrapped(behind, width - 2, "$text-warning")]
    return lines


def _timeline(subject: Subject, now: datetime, width: int) -> list[Content]:
    credential, period = subject.credential, subject.period
    known = subject.events or CredentialEvents()
    told = [
        (minute(event.at), _milestone(event))
        for event in reversed(known.events)
        if event.outcome == "done" and _milestone(event)
    ]
    if not known.complete:
        rotations = (event.action is Action.ROTATE for event in known.events)
        if credential.rotated_at and not any(rotations):
            told.insert(0, (minute(credential.rotated_at), "Rotated"))
        told.insert(0, (minute(credential.created_at), "Generated"))
    if len(told) > MILESTONES:
        left_out = len(told) - MILESTONES
        told[1 : left_out + 1] = [("", f"{left_out} more in Activity")]
    lines = [line for when, what in told for line in _dated(when, what, width)]
    left = rotation_due_in(credential, now, period)
    due = rotation(credential, now, period)
    what = (
        f"Rotation overdue, {duration(-left)}"
        if due is Rotation.DUE
        else (f"Rotation due in {duration(left)}")
    )
    colour = "" if due is Rotation.CURRENT else "$text-warning"
    lines += _dated(date(rotation_due_at(credential, period)), what, width, colour)
    return [_heading("Timeline"), *lines]


def _milestone(event: AuditEvent) -> str:
    """Return in words what happened to a credential, empty if it was nothing lasting."""
    by = printable(event.actor.operator)
    if event.action is Action.REPLACE:
        return f"Replaced by {by}"
    said = _TOLD.get(event.action, "")
    detail = f", {printable(event.detail)}" if event.action is Action.RENAME else ""
    return f"{said} by {by}{detail}" if said else ""


def _events(subject: Subject, width: int) -> list[Content]:
    heading = _heading("Latest events")
    if subject.problem:
        return [heading, *_wrapped(subject.problem, width, "$text-error")]
    if subject.events is None:
        return [heading, Content.styled("Reading the log.", "$text-muted")]
    lines = [heading]
    for event in subject.events.events[:EVENTS]:
        what = f"{event.action.capitalize()} by {printable(event.actor.operator)}"
        what += f" from {printable(event.actor.place)}"
        refused = event.outcome == "refused"
        said = outcome(event) if refused or event.detail else ""
        text = f"{what}. {said}" if said else what
        lines += _dated(minute(event.at), text, width, "$text-warning" if refused else "")
    if not subject.events.complete:
        lines += _wrapped("Earlier events are in Activity.", width, "$text-muted")
    return lines


def _request(command: str, width: int) -> list[Content]:
    lines = [line for row in command.splitlines() for line in _wrapped(row, width)]
    return [_heading("Request an access token"), *lines]


def _heading(text: str) -> Content:
    return Content.styled(text, "bold")


def _labelled(label: str, value: str, width: int, colour: str = "") -> Iterable[Content]:
    """Yield a label, and the value beside it on as many lines as it takes."""
    label = f"{label:{_LABEL}}"
    for line in _wrapped(value, width - len(label) - 1, colour):
        yield Content.styled(label, "$text-muted") + " " + line
        label = " " * len(label)


def _dated(when: str, what: str, width: int, colour: str = "") -> Iterable[Content]:
    """Yield a moment and what happened: side by side, or one below the other if it is narrow."""
    when = when.removesuffix(" UTC")
    if width < NARROW:
        if when:
            yield Content.styled(when, "$text-muted")
        yield from (Content("  ") + line for line in _wrapped(what, width - 2, colour))
        return
    for line in _wrapped(what, width - 18, colour):
        yield Content.styled(f"{when:18}", "$text-muted") + line
        when = ""


def _wrapped(text: str, width: int, colour: str = "") -> Sequence[Content]:
    return [line.rstrip() for line in Content.styled(text, colour).wrap(width)]
