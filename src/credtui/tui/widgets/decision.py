"""A button for what can't be undone."""

from textual import events
from textual.widgets import Button


class Decision(Button):
    """Takes no second click of a double click: the first one may have opened the question."""

    def on_click(self, event: events.Click) -> None:
        """Let only the first of several clicks on a cell press the button."""
        if event.chain > 1:
            event.prevent_default()
            event.stop()
