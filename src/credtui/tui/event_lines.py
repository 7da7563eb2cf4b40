"""An audit event in one line, or in two where there is little room.

An event says who did what, to which credential, and when. What is ordinary is left out: that it was
done, and the place of the person who reads. All fields are in the event's dialog.
"""

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from rich.style import Style
from rich.text import Text

from credtui.domain.audit import Action, AuditEvent, Entry
from credtui.domain.models import How
from credtui.domain.names import printable
from credtui.domain.refusals import meaning
from credtui.tui.event_feed import CLOCK_BACK

ONE_LINE = 75
"""From this number of columns on, an event takes one line."""

BESIDE = 50
"""From this number of columns on, what was done stands beside the operator, not below."""

WITH_PLACE = 110
"""From this number of columns on, the operator's place is shown."""

_INDENT = "       "
_KEPT: tuple[How, ...] = ("checked", "saved", "delivered", "closed")
UNSAVED: How = "closed unsaved"


class Styles(NamedTuple):
    """The styles of what is said in passing, and of what is out of the ordinary."""

    muted: Style
    warning: Style


def day_of(entry: Entry) -> date:
    """Return the day of an event, in UTC."""
    return entry.event.at.astimezone(UTC).date()


def day_heading(day: date, now: datetime) -> str:
    """Return the heading of a day's events: "Today (UTC)", "Mon 23 November 2026 (UTC)"."""
    today = now.astimezone(UTC).date()
    if day == today:
        return "Today (UTC)"
    if day == today - timedelta(days=1):
        return "Yesterday (UTC)"
    return f"{day:%a} {day.day} {day:%B %Y} (UTC)"


def event_lines(entry: Entry, width: int, styles: Styles, own_place: str) -> list[Text]:
    """Return the lines of an event, none of them wider than a width.

    Args:
        entry: The event.
        width: The columns that there are.
        styles: How the parts look.
        own_place: The place of the person who reads, which is left out.
    """
    event = entry.event
    time = Text(f"{event.at.astimezone(UTC):%H:%M}  ")
    rest = width - len(time)
    if width < BESIDE:
        flag = f"  ! {_flag(entry)}" if _flag(entry) else ""
        who = _shortened(Text(printable(event.actor.operator)), max(1, rest - len(flag)))
        first = Text.assemble(time, who, (flag, styles.warning))
        return [first, Text(_INDENT) + _what(event, rest)]
    who = Text(printable(event.actor.operator))
    beside = 14 if width < ONE_LINE else 16
    if width >= WITH_PLACE:
        beside = 34
        place = printable(event.actor.place)
        if place != own_place and who.cell_len + 1 + len(place) <= beside:
            who.append(f" {place}", styles.muted)
    who = _shortened(who, beside)
    who.pad_right(beside + 2 - who.cell_len)
    rest -= beside + 2
    if width < ONE_LINE:
        second = _outcome(entry, width - len(_INDENT), styles)
        first = Text.assemble(time, who, _what(event, rest))
        return [first, Text(_INDENT) + second] if second else [first]
    room = rest * 9 // 20
    aside = _outcome(entry, room, styles)
    what = _what(event, rest - room - 2 if aside else rest)
    what.pad_right(max(0, rest - room - what.cell_len))
    return [Text.assemble(time, who, what, aside)]


def _what(event: AuditEvent, width: int) -> Text:
    about = f": {printable(event.name)}" if event.name else ""
    return _shortened(Text.assemble((event.action.capitalize(), "bold"), about), width)


def _outcome(entry: Entry, width: int, styles: Styles) -> Text:
    """Return what is out of the ordinary, and the event's detail."""
    event, flag = entry.event, _flag(entry)
    said = Text(f"! {flag}" if flag else "", styles.warning)
    if event.outcome == "refused":
        reason = f": {meaning(event.code).removesuffix('.')}" if event.code else ""
        if said.cell_len + len(reason) <= width:  # A sentence isn't cut.
            said.append(reason)
    elif event.detail and event.detail not in (*_KEPT, UNSAVED):
        said = Text("  " if said else "").join((said, Text(printable(event.detail), styles.muted)))
    return _shortened(said, width)


def _flag(entry: Entry) -> str:
    """Return words for what is out of the ordinary; nothing if nothing is."""
    event = entry.event
    words = (
        "refused" if event.outcome == "refused" else "",
        CLOCK_BACK.lower() if entry.clock_back else "",
        UNSAVED if event.action is Action.CONFIRM and event.detail == UNSAVED else "",
    )
    return ", ".join(filter(None, words))


def _shortened(text: Text, width: int) -> Text:
    """Return a text with an ellipsis if it is wider than a width."""
    text.truncate(width, overflow="ellipsis")
    return text
