"""The portal's first line: the place, and the operator."""

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Static

from credtui.domain.models import Environment
from credtui.tui.marks import Marks
from credtui.tui.widgets.badge import named

BRAND = "credtui"
SPACE = 2
"""Columns of space around each part."""


class Header(Horizontal):
    """Shows the organization, the environment, the operator and the permission.

    In a narrow terminal it leaves out the brand first, then the permission, then the operator. The
    environment is always whole.

    Args:
        marks: The signs that may be drawn.
    """

    def __init__(self, marks: Marks) -> None:
        super().__init__()
        self._dot, self._down = f" {marks.dot} ", f" {marks.down}"
        self._organization = self._operator = self._permission = ""
        self._environment = Content()

    def compose(self) -> ComposeResult:
        """Three parts: left, middle, right."""
        yield Static(BRAND, id="brand")
        place = Button("", id="place", compact=True)
        place.tooltip = "Choose another environment"
        yield place
        yield Static("", id="operator", markup=False)

    def show(
        self, organization: str, environment: Environment, operator: str, permission: str
    ) -> None:
        """Show the place and the operator, and make production stand out."""
        self._organization, self._environment = organization, named(environment)
        self._operator, self._permission = operator, permission
        self.query_one("#place").set_class(environment.production, "-production")
        self._fit()

    def on_resize(self) -> None:
        """Show what fits."""
        self._fit()

    def _fit(self) -> None:
        room = self.app.size.width - SPACE
        place = self._place(self._organization)
        if over := max(0, place.cell_length - room):
            place = self._place(f"{self._organization[: -over - 1]}…")
        button = self.query_one("#place", Button)
        if button.label != place:
            button.label = place
            button.refresh(layout=True)  # A label doesn't do that by itself.
        room -= place.cell_length
        both = f"{self._operator}{self._dot}{self._permission}"
        for brand, operator in ((BRAND, both), ("", both), ("", self._operator), ("", "")):
            parts = {"#brand": brand, "#operator": operator}
            widths = {part: len(text) + SPACE if text else 0 for part, text in parts.items()}
            if sum(widths.values()) <= room:
                break
        for part, text in parts.items():
            widget = self.query_one(part, Static)
            widget.update(text)
            widget.display = bool(text)
            widget.styles.min_width = widths[part]

    def _place(self, organization: str) -> Content:
        return Content.assemble(organization, self._dot, self._environment, self._down)
