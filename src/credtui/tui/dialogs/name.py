"""Asks for a credential's name."""

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Button, Input, Label, Static

from credtui.domain.models import Credential
from credtui.domain.names import parse_name
from credtui.domain.page import Page
from credtui.domain.refusals import InvalidNameError
from credtui.tui.dialogs.dialog import Dialog
from credtui.tui.widgets.field import Field


class NameDialog(Dialog[str]):
    """Returns a valid name; None if the person canceled.

    While a person types, the dialog says why a name isn't accepted.

    Args:
        title: The dialog's title.
        confirm: The label of the button that accepts the name.
        page: What is known of the organization, for the names that are taken.
        name: The name that the field shows at first.
        problem: Why the change wasn't made with that name.
        credential: The credential that is renamed; None for a new one.
        intro: A text above the field.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "confirm", "Accept", show=False),
    ]

    def __init__(
        self,
        title: str,
        confirm: str,
        page: Page,
        name: str = "",
        problem: str = "",
        *,
        credential: Credential | None = None,
        intro: str = "",
    ) -> None:
        super().__init__(title, confirm)
        self._intro = intro
        self._page = page
        self._name_at_first = name
        self._problem_at_first = problem
        self._credential = credential

    def compose_parts(self) -> Iterable[Widget]:
        """The field, and under it the reason why its text isn't accepted."""
        if self._intro:
            yield Static(self._intro, id="intro", markup=False)
        yield Label("Credential name")
        yield Field(self._name_at_first, placeholder="such as Payout gateway", id="name")
        yield Static(self._problem_at_first, id="problem", markup=False)

    def on_mount(self) -> None:
        """Allow the first name if it is acceptable, but say nothing about it yet."""
        self.query_one("#confirm", Button).disabled = bool(self._problem())

    def page_changed(self, page: Page) -> None:
        """Judge the name again: it may be taken, or the credential may be gone."""
        self._page = page
        self._judge()

    @on(Input.Changed)
    def _judge(self) -> None:
        problem = self._problem()
        same = self._typed == self._name_at_first
        said = problem or (self._problem_at_first if same else "")
        self.query_one("#problem", Static).update(said if self._typed else "")
        self.query_one("#confirm", Button).disabled = bool(problem)

    @on(Input.Submitted)
    @on(Button.Pressed, "#confirm")
    def action_confirm(self) -> None:
        """Return the name if it is acceptable; otherwise say why not."""
        if problem := self._problem():
            self.query_one("#problem", Static).update(problem)
        else:
            self.dismiss(parse_name(self._typed))

    @property
    def _typed(self) -> str:
        return self.query_one("#name", Input).value

    def _problem(self) -> str:
        if refusal := self._page.why_not_edit():
            return str(refusal)
        if self._credential and self._page.find(self._credential.client_id) is None:
            return f"{self._credential.display_name} was deleted meanwhile."
        if self._credential is None and (full := self._page.why_not_add()):
            return str(full)
        try:
            name = parse_name(self._typed)
        except InvalidNameError as error:
            return str(error)
        own = self._credential.client_id if self._credential else None
        return str(self._page.why_not_name(name, besides=own) or "")
