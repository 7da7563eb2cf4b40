"""A line of text that a person types."""

from typing import Any

from textual.widgets import Input


class Field(Input):
    """An input whose cursor stands still: each blink would travel over the line."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.cursor_blink = False
