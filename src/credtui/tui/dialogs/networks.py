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
from credtui.domain.warnings import shuts_out
from credtui.tui.dialogs.dialog import Dialog
from credtui.tui.screens.portal import Portal

EXPLANATION = (
    "One network a line, such as 192.0.2.0/24 or 2001:db8::/32. Clients elsewhere lose access "
    "at once. With none, the credentials may be used from everywhere."
)


class NetworksDialog(Dialog[tuple[str, ...]]):
    """Returns the networks; None if the person canceled.

    While a person types, the dialog says which addresses the networks would shut out. Then Save
    asks once more.

    Args:
        portal: The screen that shows the organization.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+s", "confirm", "Save")]

    def __init__(self, portal: Portal) -> None:
        super().__init__("Edit Networks", "Save")
        self._portal = portal
        self._seen = portal.page.networks
        self._outdated = ""
        self._asked = False

    def compose_parts(self) -> Iterable[Widget]:
        """The explanation, the field, why its text isn't accepted, and whom it would shut out."""
        yield Static(EXPLANATION, id="explanation", markup=False)
        yield TextArea(
            "\n".join(self._seen), id="networks", compact=True, highlight_cursor_line=False
        )
        yield Static("", id="problem", markup=False)
        yield Static("", id="danger", markup=False)

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

    def _judge(self) -> None:
        networks, problem = self._read()
        danger = "" if problem else self._danger(networks)
        self.query_one("#problem", Static).update(problem)
        self.query_one("#problem", Static).display = not danger
        self.query_one("#danger", Static).update(f"! {danger}")
        self.query_one("#danger", Static).display = bool(danger)
        self._asked = self._asked and bool(danger)
        button = self.query_one("#confirm", Button)
        button.disabled = bool(problem)
        label = "Save anyway" if self._asked else "Save"
        if str(button.label) != label:
            button.label, button.variant = label, "error" if self._asked else "primary"
            button.refresh(layout=True)  # The framework keeps the width of the first label.

    @on(TextArea.Changed)
    def _begin_anew(self) -> None:
        self._asked = False
        self._judge()

    @on(Button.Pressed, "#confirm")
    def action_confirm(self) -> None:
        """Return the networks if they are acceptable; ask once more if they shut out a client."""
        networks, problem = self._read()
        if problem:
            return
        if self._danger(networks) and not self._asked:
            self.ignore_typed_ahead()
            self._asked = True
            self._judge()
            self.set_focus(self.query_one("#confirm", Button))
        else:
            self.dismiss(networks)

    def _read(self) -> tuple[tuple[str, ...], str]:
        """Return the networks, and why they can't be saved; the reason is empty if they can."""
        if self._outdated:
            return (), self._outdated
        lines = self.query_one(TextArea).text.splitlines()
        try:
            return parse_networks(line for line in lines if line.strip()), ""
        except InvalidNetworkError as error:
            return (), str(error)

    def _danger(self, networks: tuple[str, ...]) -> str:
        portal = self._portal
        return shuts_out(portal.page, networks, portal.service.clock()) or ""
