"""Asks for the networks from which credentials may be used."""

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Button, Static, TextArea

from credtui.domain.networks import parse_networks
from credtui.domain.page import Page
from credtui.domain.refusals import InvalidNetworkError, NetworksChangedError
from credtui.tui.dialogs.dialog import Dialog

EXPLANATION = (
    "One network a line, such as 192.0.2.0/24 or 2001:db8::/32. Clients elsewhere lose access "
    "at once. With none, the credentials may be used from everywhere."
)


class NetworksDialog(Dialog[tuple[str, ...]]):
    """Returns the networks; None if the person canceled.

    Args:
        networks: The present networks.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+s", "confirm", "Save")]

    def __init__(self, networks: tuple[str, ...]) -> None:
        super().__init__("Edit Networks", "Save")
        self._seen = networks
        self._outdated = ""

    def compose_parts(self) -> Iterable[Widget]:
        """The explanation, the field, and why its text isn't accepted."""
        yield Static(EXPLANATION, id="explanation", markup=False)
        yield TextArea(
            "\n".join(self._seen), id="networks", compact=True, highlight_cursor_line=False
        )
        yield Static("", id="problem", markup=False)

    def on_mount(self) -> None:
        """Begin at the end of the text."""
        field = self.query_one(TextArea)
        field.cursor_blink = False
        field.move_cursor(field.document.end)

    def page_changed(self, page: Page) -> None:
        """Accept nothing that would undo somebody else's change."""
        refusal = page.why_not_manage() or page.why_not_set_networks(self._seen)
        self._outdated = str(refusal or "")
        if isinstance(refusal, NetworksChangedError):
            now = ", ".join(page.networks) or "everywhere"
            self._outdated = (
                f"Somebody set the networks to {now} meanwhile. Cancel, and look again."
            )
        self._judge()

    @on(TextArea.Changed)
    def _judge(self) -> None:
        problem = self._problem()
        self.query_one("#problem", Static).update(problem)
        self.query_one("#confirm", Button).disabled = bool(problem)

    @on(Button.Pressed, "#confirm")
    def action_confirm(self) -> None:
        """Return the networks if they are acceptable."""
        if not self._problem():
            self.dismiss(parse_networks(self._lines))

    @property
    def _lines(self) -> list[str]:
        return [line for line in self.query_one(TextArea).text.splitlines() if line.strip()]

    def _problem(self) -> str:
        if self._outdated:
            return self._outdated
        try:
            parse_networks(self._lines)
        except InvalidNetworkError as error:
            return str(error)
        return ""
