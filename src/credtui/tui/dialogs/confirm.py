"""Asks before a change that can't be undone."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Grid
from textual.widget import Widget
from textual.widgets import Button, Input, Static

from credtui.domain.models import Credential
from credtui.domain.page import Page
from credtui.domain.refusals import CredentialChangedError, NoSuchCredentialError
from credtui.tui.dialogs.dialog import Dialog
from credtui.tui.screens.portal import Portal
from credtui.tui.summaries import facts
from credtui.tui.widgets.decision import Decision
from credtui.tui.widgets.field import Field


class ConfirmDialog(Dialog[bool]):
    """Returns True when the person agreed. Focus starts on Cancel.

    Keys that were pressed before the dialog opened don't count.

    Args:
        title: The dialog's title, and the question.
        confirm: The label of the button that agrees; its key is "y".
        facts: Labels and values of what will be changed.
        consequence: What will happen.
        cancel: The label of the button that cancels.
        type_first: A text that the person must type before agreeing; empty for none.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "confirm", "Yes")]

    AUTO_FOCUS = "#cancel"

    def __init__(
        self,
        title: str,
        confirm: str,
        facts: Sequence[tuple[str, str]],
        consequence: str,
        *,
        cancel: str = "Cancel",
        type_first: str = "",
    ) -> None:
        super().__init__(title, confirm)
        self._type_first = type_first
        self._facts = facts
        self._consequence = consequence
        self._cancel_label = cancel
        self._outdated = False

    def compose_parts(self) -> Iterable[Widget]:
        """The facts, the consequence, and what must be typed."""
        if self._facts:
            with Grid(id="facts"):
                for label, value in self._facts:
                    yield Static(label, markup=False)
                    yield Static(value, markup=False)
        yield Static(self._consequence, id="consequence", markup=False)
        if self._type_first:
            yield Static(f'Type "{self._type_first}" to go on:', markup=False)
            yield Field(id="typed")

    def compose_buttons(self) -> Iterable[Widget]:
        """Agree, and cancel."""
        key = "" if self._type_first else " (y)"
        yield Decision(
            self.confirm + key,
            variant="error",
            id="confirm",
            compact=True,
            disabled=bool(self._type_first),
        )
        yield Button(self._cancel_label, id="cancel", compact=True)

    def on_mount(self) -> None:
        """Drop the keys that were pressed earlier."""
        self.ignore_typed_ahead()

    def outdate(self, reason: str) -> None:
        """Say why the question no longer makes sense, and allow no agreement any more."""
        self._outdated = True
        self.query_one("#consequence", Static).update(reason)
        self.query_one("#confirm", Button).disabled = True
        self.set_focus(self.query_one("#cancel", Button))
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Allow no agreement to an outdated question, or before the text was typed."""
        if action == "confirm" and (self._outdated or not self._is_typed):
            return False
        return super().check_action(action, parameters)

    @property
    def _is_typed(self) -> bool:
        return not self._type_first or self.query_one("#typed", Input).value == self._type_first

    @on(Input.Changed, "#typed")
    def _allow(self) -> None:
        self.query_one("#confirm", Button).disabled = self._outdated or not self._is_typed
        self.refresh_bindings()

    @on(Button.Pressed, "#confirm")
    def action_confirm(self) -> None:
        """Agree."""
        self.dismiss(True)  # noqa: FBT003


class ConfirmCredentialDialog(ConfirmDialog):
    """Asks about one credential, and withdraws the question if it changes meanwhile.

    Args:
        label: The verb's label.
        portal: The screen that shows the credential.
        credential: The credential, as the person saw it.
        consequence: What will happen.
        type_name: Whether its name must be typed first.
    """

    def __init__(
        self,
        label: str,
        portal: Portal,
        credential: Credential,
        consequence: str,
        *,
        type_name: bool = False,
    ) -> None:
        service = portal.service
        about = [
            ("Credential", credential.display_name),
            ("Client ID", credential.client_id),
            ("Environment", f"{service.environment.name}, organization {service.organization}"),
            *facts(credential, portal.page, service.clock()),
        ]
        super().__init__(
            label, label, about, consequence, type_first=credential.name if type_name else ""
        )
        self._credential = credential

    def page_changed(self, page: Page) -> None:
        """Withdraw the question if it is no longer about what the person saw."""
        seen = self._credential
        if refusal := page.why_not_edit():
            self.outdate(str(refusal))
            return
        match page.as_seen(seen.client_id, seen.generation):
            case NoSuchCredentialError():
                self.outdate(
                    f"{seen.display_name} was deleted meanwhile. There is nothing left to do."
                )
            case CredentialChangedError():
                self.outdate(f"{seen.display_name} was rotated meanwhile. Cancel, and look again.")
