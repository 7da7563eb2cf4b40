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
        self._value = value

    def compose(self) -> ComposeResult:
        """Two columns."""
        yield Static(self.label, classes="label", markup=False)
        yield Static(self._value, classes="value", markup=False)

    @property
    def value(self) -> str:
        """The value."""
        return self._value

    def show(self, value: str) -> None:
        """Show another value."""
        if value != self._value:
            self._value = value
            self.query_one(".value", Static).update(value)
