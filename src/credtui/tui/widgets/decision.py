"""A button for what can't be undone."""

from textual import events
from textual.geometry import Offset
from textual.widgets import Button


class Decision(Button):
    """Takes no second click where the first one opened the question.

    Neither that of a double click, nor, once, that of a person to whom nothing seemed to come of
    the first, on a slow line.
    """

    _opened_at: Offset | None = None

    def on_mount(self) -> None:
        """Remember where the mouse was before there was a question."""
        self._opened_at = self.app.mouse_position

    def on_click(self, event: events.Click) -> None:
        """Take a click that is meant for this button."""
        if event.chain > 1:
            event.prevent_default()
        elif event.screen_offset == self._opened_at:
            event.prevent_default()
            self._opened_at = None
