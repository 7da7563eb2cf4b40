"""Shows all fields of an audit event."""

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from credtui.domain.audit import Entry
from credtui.domain.names import printable
from credtui.tui.dialogs.dialog import Dialog
from credtui.tui.event_feed import clock, outcome
from credtui.tui.phrases import second
from credtui.tui.widgets.labelled_value import LabelledValue


class EventDialog(Dialog[None]):
    """Lists the fields of an event.

    Args:
        entry: The event.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "cancel", "Close", key_display="esc")
    ]

    changes = False
    SCROLLS = True

    def __init__(self, entry: Entry) -> None:
        super().__init__(f"Event {entry.event.number}")
        self._entry = entry

    def compose_parts(self) -> Iterable[Widget]:
        """A line for each field that isn't empty."""
        event, actor = self._entry.event, self._entry.event.actor
        facts = (
            ("Number", str(event.number)),
            ("When", second(event.at)),
            ("Clock", clock(self._entry)),
            ("Operator", actor.operator),
            ("Address", actor.place),
            ("Way in", actor.channel),
            ("SSH key", actor.fingerprint),
            ("What", event.action.capitalize()),
            ("Name", event.name),
            ("Client ID", event.client_id),
            ("Outcome", outcome(event)),
            ("Previous", event.previous),
            ("Hash", event.hash),
        )
        for label, value in facts:
            if value:
                yield LabelledValue(label, printable(value))
