"""A label and a value."""

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Static


class LabelledValue(Horizontal):
    """Shows a value beside its label; a long value takes more lines.

    Args:
        label: The label.
        value: The value at first.
        id: Identifies the widget on its page.
        can_focus: Whether a person may choose it, to copy the value.

    Attributes:
        label: The label.
        value: The value that is shown.
    """

    def __init__(
        self,
        label: str,
        value: str = "",
        *,
        id: str | None = None,  # noqa: A002  # Textual's word
        can_focus: bool = False,
    ) -> None:
        super().__init__(id=id)
        self.label = label
        self.can_focus = can_focus
        self.value = value

    def compose(self) -> ComposeResult:
        """Two columns."""
        yield Static(self.label, classes="label", markup=False)
        yield Static(self.value, classes="value", markup=False)

    def show(self, value: str) -> None:
        """Show another value."""
        if value != self.value:
            self.value = value
            self.query_one(".value", Static).update(value)
