"""The portal's first line: the place, and the operator."""

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Button, Static


class Header(Horizontal):
    """Shows the organization, the environment, the operator and the permission."""

    def compose(self) -> ComposeResult:
        """Three parts: left, middle, right."""
        yield Static("credtui", id="brand")
        yield Button("", id="place", compact=True)
        yield Static("", id="operator", markup=False)

    def show(self, place: str, operator: str, *, production: bool) -> None:
        """Show the place and the operator, and make production stand out."""
        from textual.content import Content

        button = self.query_one("#place", Button)
        button.label = Content(place)
        button.tooltip = "Choose another environment"
        button.set_class(production, "-production")
        self.query_one("#operator", Static).update(operator)
