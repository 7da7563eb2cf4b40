"""Shows all that there is to see of a credential."""

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from credtui.domain.models import Credential
from credtui.domain.page import Page
from credtui.tui.dialogs.dialog import Dialog
from credtui.tui.screens.portal import Portal
from credtui.tui.widgets.detail import Detail


class DetailsDialog(Dialog[None]):
    """Fills the screen with one credential, and follows its changes.

    Args:
        portal: The screen below.
        credential: The credential.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,i", "cancel", "Close", key_display="esc"),
    ]

    AUTO_FOCUS = "Detail"

    def __init__(self, portal: Portal, credential: Credential) -> None:
        super().__init__(credential.display_name)
        self._portal = portal
        self._credential = credential

    def compose_parts(self) -> Iterable[Widget]:
        """A notice for when there is nothing left to show, and the credential."""
        yield Static("", id="gone", markup=False)
        yield Detail(self._portal.context, self._portal.service)

    def on_mount(self) -> None:
        """Show the credential."""
        self.page_changed(self._portal.page)

    def time_passed(self) -> None:
        """Draw the ages again."""
        self.query_one(Detail).time_passed()

    def page_changed(self, page: Page) -> None:
        """Show the credential as it is now, or say why it can't be shown."""
        now = page.find(self._credential.client_id)
        name = self._credential.display_name
        gone = str(page.why_not_view() or f"{name} was deleted.")
        notice = self.query_one("#gone", Static)
        notice.update("" if now else gone)
        notice.display = now is None
        if now:
            self._credential = now
        title = now.display_name if now else "Details"
        self.query_one(".dialog", VerticalScroll).border_title = Content(title)
        self.query_one(Detail).display = now is not None
        self.query_one(Detail).show(page, self._credential.client_id)
