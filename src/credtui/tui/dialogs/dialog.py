"""What all dialogs share."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from textual import on
from textual.app import App, ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button
from textual.worker import Worker, WorkerState

from credtui.domain.page import Page
from credtui.tui.screens.fitting import Fitting
from credtui.tui.terminal.framework import reword
from credtui.tui.widgets.badge import BADGE
from credtui.tui.widgets.footer import Footer

if TYPE_CHECKING:
    from credtui.tui.screens.portal import Portal

T = TypeVar("T")


def own_error(event: Worker.StateChanged) -> str:
    """Return what to say of a worker that an error in credtui ended; nothing if none did."""
    if event.state is not WorkerState.ERROR:
        return ""
    failed = type(event.worker.error).__name__
    return f"That failed: an error in credtui itself ({failed})."


class Modal(Fitting, ModalScreen[T]):
    """Opens above the portal, and returns what the person decided; None if they canceled."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel")]

    _dismissed = False
    _result: T | None = None

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        """Return a result, and close as soon as nothing is open above. Further calls do nothing.

        Textual would close the screen on top, whichever that is.
        """
        if self._dismissed:
            return AwaitComplete()
        self._dismissed, self._result = True, result
        return super().dismiss(result) if self.is_active else AwaitComplete()

    def on_mount(self) -> None:
        """Say that the portal is offline, if it is."""
        if portal := self.portal_below:
            self.say_below(portal.outage)

    @property
    def portal_below(self) -> "Portal | None":
        """The screen under all dialogs, if it is the portal's."""
        from credtui.tui.screens.portal import Portal  # which imports this module

        below = self.app.screen_stack[0]
        return below if isinstance(below, Portal) else None

    def on_screen_resume(self) -> None:
        """Close if this was dismissed under another screen."""
        if self._dismissed:
            super().dismiss(self._result)

    def page_changed(self, page: Page) -> None:
        """React to a change of the organization while this is open."""

    def time_passed(self) -> None:
        """Show ages as they are now."""

    def conceal(self) -> None:
        """Hide a secret."""

    def irretrievable(self) -> list[tuple[str, str]]:
        """Return the labels and values that are nowhere else, should the program fail."""
        return []

    def leave(self) -> bool:
        """Return whether the program may end while this is open."""
        return True

    def action_cancel(self) -> None:
        """Close without doing anything."""
        self.dismiss(None)


def open_modals(app: App[Any]) -> list[Modal[Any]]:
    """Return the modals that are open above the portal, the lowest first."""
    return [screen for screen in app.screen_stack if isinstance(screen, Modal)]


class Dialog(Modal[T]):
    """A modal screen with a titled frame and a row of buttons.

    Args:
        title_text: Shown in the frame's border, as text whatever it holds.
        confirm: The label of the button that accepts; without it, there are no buttons.
    """

    changes: bool = True
    """Whether something may change. Then the title of a dialog on production says so."""

    SCROLLS: ClassVar[bool] = False
    """Whether the frame can be focused, to scroll it, because nothing else can."""

    def __init__(self, title_text: str, confirm: str = "") -> None:
        super().__init__()
        self.title_text = title_text
        self.confirm = confirm

    def compose(self) -> ComposeResult:
        """Frame the dialog's own parts."""
        with VerticalScroll(classes="dialog", can_focus=self.SCROLLS) as frame:
            frame.border_title = self._title()
            yield from self.compose_parts()
            if buttons := list(self.compose_buttons()):
                self._name_keys(buttons)
                yield Horizontal(*buttons, classes="buttons")
        yield Footer()

    def _title(self) -> Content:
        portal = self.portal_below
        if self.changes and portal and portal.service.environment.production:
            # The badge comes first, because a title that is too long is cut at its end.
            return Content.assemble(BADGE, " ", self.title_text)
        return Content(self.title_text)

    def _name_keys(self, buttons: Iterable[Widget]) -> None:
        """Let the footer and the help call an action as its button does.

        The id of such a button is the name of its action.
        """
        for button in buttons:
            if isinstance(button, Button) and button.id:
                words = re.sub(r" \(\w\)$", "", str(button.label))  # Without the key.
                reword(self, button.id.replace("-", "_"), words)

    @on(Button.Pressed, "#cancel, #close")
    def _cancel(self) -> None:
        self.action_cancel()

    def compose_parts(self) -> Iterable[Widget]:
        """Yield the widgets above the buttons."""
        raise NotImplementedError

    def compose_buttons(self) -> Iterable[Widget]:
        """Yield the buttons: accept, and cancel."""
        if self.confirm:
            yield Button(self.confirm, variant="primary", id="confirm", compact=True)
            yield Button("Cancel", id="cancel", compact=True)
