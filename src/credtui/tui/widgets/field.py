"""A line of text that a person types."""

from typing import Any

from textual import events
from textual.widgets import Input


class Field(Input):
    """An input whose cursor doesn't blink: each blink would travel over the line."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.cursor_blink = False

    def on_paste(self, event: events.Paste) -> None:
        """Take the first line that isn't empty; the framework takes the first."""
        event.text = event.text.lstrip("\r\n")


class SecretField(Field):
    """A field into which a secret is pasted. A paste takes the place of what was there."""

    def __init__(self, *, id: str) -> None:  # noqa: A002  # Textual's word
        super().__init__(placeholder="paste the secret here", password=True, id=id)

    def on_paste(self, event: events.Paste) -> None:  # noqa: ARG002
        """Make room. The framework then puts the text at the cursor."""
        self.clear()
