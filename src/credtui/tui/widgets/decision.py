"""A button for what can't be undone."""

from textual import events
from textual.geometry import Offset
from textual.widgets import Button


class Decision(Button):
    """A button that ignores a second click at the place where the first one opened the dialog.

    It ignores the second half of a double click. It also ignores, once, a click at the place where
    the mouse was when the dialog opened: on a slow line a person may have clicked again because
    nothing seemed to happen.
    """

    _opened_at: Offset | None = None

    def on_mount(self) -> None:
        """Remember where the mouse was when the dialog opened."""
        self._opened_at = self.app.mouse_position

    def on_click(self, event: events.Click) -> None:
        """Ignore a click that wasn't meant for this button."""
        if event.chain > 1:
            event.prevent_default()
        elif event.screen_offset == self._opened_at:
            event.prevent_default()
            self._opened_at = None
