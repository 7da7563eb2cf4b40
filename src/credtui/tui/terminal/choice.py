"""A radio button for terminals without colour."""

from textual.content import Content
from textual.widgets import RadioButton


class Choice(RadioButton):
    """A radio button that shows by a dot, and not by colour alone, whether it is chosen."""

    @property
    def _button(self) -> Content:
        return Content("(•)" if self.value else "( )")
