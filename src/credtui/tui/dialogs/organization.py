"""Asks for the organization to work in."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

from credtui.domain.errors import InvalidOrganizationError
from credtui.domain.names import parse_organization
from credtui.tui.dialogs.dialog import Dialog
from credtui.tui.widgets.field import Field


class OrganizationDialog(Dialog[str]):
    """Returns the name of an organization, which may be a new one; None if the person canceled.

    Args:
        names: The present organizations.
        present: The name of the organization that is open.
        may_create: Whether a new one may be named.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "down", show=False, priority=True),
        Binding("up", "up", show=False, priority=True),
        Binding("enter", "open", "Open", show=False),
    ]

    def __init__(self, names: Sequence[str], present: str, *, may_create: bool) -> None:
        super().__init__("Organization")
        self._may_create = self.changes = may_create
        self._names = names
        self._present = present

    def compose_parts(self) -> Iterable[Widget]:
        """The field, the organizations that match it, and what is wrong."""
        placeholder = "type to find one"
        if self._may_create:
            placeholder += ", or to name a new one"
        yield Field(placeholder=placeholder, id="name")
        choice = OptionList(markup=False, compact=True)
        choice.can_focus = False
        yield choice
        yield Static("", id="problem", markup=False)

    def compose_buttons(self) -> Iterable[Widget]:
        """Open, create, and cancel."""
        yield Button("Open", variant="primary", id="open", compact=True)
        if self._may_create:
            yield Button("Create", id="create", compact=True)
        yield Button("Cancel", id="cancel", compact=True)

    def on_mount(self) -> None:
        """List all organizations, with the open one highlighted."""
        self._find()
        choice = self.query_one(OptionList)
        if self._present in self._names:
            choice.highlighted = choice.get_option_index(self._present)

    @on(Input.Changed)
    def _find(self) -> None:
        found = [name for name in self._names if self._typed in name]
        choice = self.query_one(OptionList)
        choice.clear_options()
        choice.add_options(
            Option(Content(f"{name} (open)" if name == self._present else name), id=name)
            for name in found
        )
        choice.highlighted = found.index(self._typed) if self._typed in found else 0
        choice.display = bool(found)
        self.query_one("#problem", Static).update("" if found else self._problem())
        self.query_one("#open", Button).disabled = not found
        self.query("#create").set(disabled=self._typed in self._names or bool(self._problem()))

    @on(Input.Submitted)
    @on(Button.Pressed, "#open")
    def action_open(self) -> None:
        """Return the highlighted organization."""
        option = self.query_one(OptionList).highlighted_option
        if option:
            self.dismiss(option.id)
        elif create := self.query("#create:enabled"):
            self.set_focus(create.first())

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)

    @on(Button.Pressed, "#create")
    def _create(self) -> None:
        self.dismiss(self._typed)

    def action_down(self) -> None:
        """Highlight the next one."""
        self.query_one(OptionList).action_cursor_down()

    def action_up(self) -> None:
        """Highlight the one before."""
        self.query_one(OptionList).action_cursor_up()

    @property
    def _typed(self) -> str:
        return self.query_one("#name", Input).value.strip()

    def _problem(self) -> str:
        """Return why the typed name can't be a new organization's; nothing if it can."""
        if not self._may_create:
            return "You have access to no organization with this in its name."
        try:
            parse_organization(self._typed)
        except InvalidOrganizationError as error:
            return str(error)
        return ""
