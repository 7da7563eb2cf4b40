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
from credtui.domain.warnings import loses_access, used_today
from credtui.tui.dialogs.dialog import Dialog
from credtui.tui.screens.portal import Portal
from credtui.tui.summaries import facts
from credtui.tui.widgets.decision import Decision
from credtui.tui.widgets.field import Field
from credtui.tui.widgets.hazards import Hazards


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
        """The facts, a warning, the consequence, and what must be typed."""
        if self._facts:
            yield Grid(*_cells(self._facts), id="facts")
        danger = Static("", id="danger", markup=False)
        danger.display = False
        yield danger
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

    def warn_of(self, danger: str) -> None:
        """Show what a person must know before agreeing; hide it if it is empty."""
        warning = self.query_one("#danger", Static)
        warning.update(f"! {danger}")
        warning.display = bool(danger)

    def show_facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Show the facts as they are now."""
        if facts != self._facts:
            self._facts = facts
            grid = self.query_one("#facts", Grid)
            grid.remove_children()
            grid.mount(*_cells(facts))

    def outdate(self, reason: str) -> None:
        """Say why the question no longer makes sense, and allow no agreement any more."""
        self._outdated = True
        self.warn_of("")
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


def _cells(facts: Sequence[tuple[str, str]]) -> list[Static]:
    return [Static(text, markup=False) for fact in facts for text in fact]


class ConfirmCredentialDialog(ConfirmDialog):
    """Asks about one credential, and withdraws the question if it changes meanwhile.

    While it is open it follows how the credential is used, and warns of clients that will probably
    come again.

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
        self._portal = portal
        self._credential = credential
        super().__init__(
            label,
            label,
            self._about(portal.page),
            consequence,
            type_first=credential.name if type_name else "",
        )

    def compose_parts(self) -> Iterable[Widget]:
        """The usual parts, and what may undo the change."""
        yield from super().compose_parts()
        yield Hazards(self._portal.service)

    def _about(self, page: Page) -> list[tuple[str, str]]:
        service, credential = self._portal.service, self._credential
        return [
            ("Credential", credential.display_name),
            ("Client ID", credential.client_id),
            ("Environment", f"{service.environment.name}, organization {service.organization}"),
            *facts(page.find(credential.client_id) or credential, page, service.clock()),
        ]

    def on_mount(self) -> None:
        """Follow the use of the credential."""
        self.page_changed(self._portal.page)

    def time_passed(self) -> None:
        """Say how long ago the credential was used by now."""
        self.page_changed(self._portal.page)

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
            case _:
                self.show_facts(self._about(page))
                now = self._portal.service.clock()
                self.warn_of(loses_access(page, seen, now) or "")


class RotateDialog(ConfirmCredentialDialog):
    """Asks whether to rotate, and offers Replace where clients used the secret today.

    Attributes:
        replace_instead: True if the person chose Replace.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("x", "replace", "Replace instead")]

    replace_instead = False

    def compose_parts(self) -> Iterable[Widget]:
        """The usual parts, and what Replace would do."""
        yield from super().compose_parts()
        yield Static(
            "Clients used this secret today. Replace keeps both working while you move them.",
            id="advice",
            markup=False,
        )

    def compose_buttons(self) -> Iterable[Widget]:
        """Rotate, replace, and cancel."""
        rotate, cancel = super().compose_buttons()
        return rotate, Button("Replace instead", id="replace", compact=True), cancel

    def page_changed(self, page: Page) -> None:
        """Offer Replace while it can be used."""
        super().page_changed(page)
        for selector in ("#advice", "#replace"):
            self.query_one(selector).display = self._may_replace(page)
        if self.focused and not self.focused.display:
            self.set_focus(self.query_one("#cancel", Button))
        self.refresh_bindings()

    def _may_replace(self, page: Page) -> bool:
        credential = self._credential
        refusal = page.why_not_replace(credential.client_id) or page.why_not_add()
        used = used_today(page, credential, self._portal.service.clock())
        return used and not refusal and not self._outdated

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Allow Replace only where it is offered."""
        if action == "replace" and not self._may_replace(self._portal.page):
            return False
        return super().check_action(action, parameters)

    @on(Button.Pressed, "#replace")
    def action_replace(self) -> None:
        """Close, to replace the credential."""
        self.replace_instead = True
        self.dismiss(None)
