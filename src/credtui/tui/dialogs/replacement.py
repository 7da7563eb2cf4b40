"""Shows how far the replacement of a credential is."""

from collections.abc import Iterable
from typing import ClassVar, Literal

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Grid
from textual.widget import Widget
from textual.widgets import Button, Static

from credtui.domain.models import Credential
from credtui.domain.page import Page
from credtui.domain.refusals import (
    CredentialChangedError,
    NoSuchCredentialError,
    NothingReplacedError,
    PermissionDeniedError,
    Refusal,
    StillUsedError,
)
from credtui.tui.dialogs.dialog import Dialog
from credtui.tui.screens.portal import Portal
from credtui.tui.summaries import use
from credtui.tui.widgets.decision import Decision


class ReplacementDialog(Dialog[Literal["finish", "make-primary"]]):
    """Returns the step to do next; None if the person canceled.

    Args:
        portal: The screen that shows the credentials.
        credential: The credential that is being replaced.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "make_primary", "Make Primary"),
        Binding("y", "finish", "Finish"),
    ]

    AUTO_FOCUS = "#cancel"

    def __init__(self, portal: Portal, credential: Credential) -> None:
        super().__init__(f"Replace {credential.display_name}")
        self._portal = portal
        self._old = credential

    def compose_parts(self) -> Iterable[Widget]:
        """The last use of both credentials, and what is left to do."""
        with Grid(id="facts"):
            yield Static("Old", markup=False)
            yield Static("", id="old", markup=False)
            yield Static("New", markup=False)
            yield Static("", id="new", markup=False)
        yield Static("", id="consequence", markup=False)

    def compose_buttons(self) -> Iterable[Widget]:
        """The steps that are left."""
        yield Button("Make new one primary", id="make-primary", compact=True)
        yield Decision("Delete old one (y)", variant="error", id="finish", compact=True)
        yield Button("Cancel", id="cancel", compact=True)

    def on_mount(self) -> None:
        """Show how far the replacement is, and drop the keys that were pressed earlier."""
        self.ignore_typed_ahead()
        self.page_changed(self._portal.page)

    def page_changed(self, page: Page) -> None:
        """Show how both credentials are used now."""
        now = self._portal.service.clock()
        old, new = page.find(self._old.client_id), page.successor_of(self._old.client_id)
        for place, credential in (("#old", old), ("#new", new)):
            text = "not to be seen any more" if page.why_not_view() else "deleted meanwhile"
            if credential:
                usage = page.usage.get(credential.client_id)
                text = f"{credential.display_name}\n{use(usage, now, 56, ', ')}"
            self.query_one(place, Static).update(text)
        self.query_one("#consequence", Static).update(self._next(page))
        self.query_one("#make-primary", Button).disabled = not self._may("make_primary")
        self.query_one("#finish", Button).disabled = not self._may("finish")
        self.refresh_bindings()

    def _next(self, page: Page) -> str:
        match self._refusal:
            case PermissionDeniedError() as denial:
                return str(denial)
            case NoSuchCredentialError() | NothingReplacedError():
                return "One of the two is gone: there is nothing left to replace."
            case CredentialChangedError():
                return "The old credential was rotated meanwhile. Cancel, and look again."
            case StillUsedError():
                return (
                    "The old credential is still in use. Move its clients over; it can be deleted "
                    "when it has been quiet for a day."
                )
        if page.primary == self._old.client_id:
            return "Deleting the old credential makes the new one primary. This can't be undone."
        return "The old credential is quiet. Deleting it can't be undone."

    @property
    def _refusal(self) -> Refusal | None:
        page, client_id = self._portal.page, self._old.client_id
        return page.why_not_edit() or page.why_not_finish_replacement(
            client_id,
            page.usage.get(client_id),
            self._portal.service.clock(),
            seen=self._old.generation,
        )

    def _may(self, action: str) -> bool:
        if action == "finish":
            return self._refusal is None
        page, client_id = self._portal.page, self._old.client_id
        both = page.find(client_id) and page.successor_of(client_id)
        return bool(not page.why_not_edit() and both and page.primary == client_id)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only steps that can be done now."""
        if action in ("make_primary", "finish") and not self._may(action):
            return False
        return super().check_action(action, parameters)

    @on(Button.Pressed, "#make-primary")
    def action_make_primary(self) -> None:
        """Make the new credential primary."""
        self.dismiss("make-primary")

    @on(Button.Pressed, "#finish")
    def action_finish(self) -> None:
        """Delete the old credential."""
        self.dismiss("finish")
