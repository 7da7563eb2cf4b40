"""The page on which a representative manages operators."""

import asyncio
from collections.abc import Sequence
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from credtui.domain.errors import CredtuiError
from credtui.domain.page import Page
from credtui.domain.permissions import Operator
from credtui.tui.pages.page import PortalPage
from credtui.tui.phrases import plural
from credtui.tui.verbs.add_operator import AddOperator
from credtui.tui.verbs.edit_operator import EditOperator
from credtui.tui.verbs.operator_verb import NOT_ALLOWED, operator_service
from credtui.tui.verbs.remove_operator import RemoveOperator

NONE_YET = (
    "There are no operators yet, so everyone who runs credtui here may edit.\n\n"
    "Once there is one operator, everyone else is locked out. Add yourself first, as {name}. "
    "You become a representative, who manages the others."
)


ADD, EDIT, REMOVE = AddOperator(), EditOperator(), RemoveOperator()


class OperatorsPage(PortalPage):
    """Lists the operators, with what they may do here."""

    VERBS = (ADD, EDIT, REMOVE)

    BINDINGS: ClassVar[list[BindingType]] = [
        *(verb.binding for verb in (ADD, EDIT, REMOVE)),
        Binding("j", "move(1)", show=False),
        Binding("k", "move(-1)", show=False),
    ]

    def __init__(self, *, id: str) -> None:  # noqa: A002  # Textual's word
        super().__init__(id=id)
        self._operators: dict[str, Operator] = {}

    def compose(self) -> ComposeResult:
        """The title row, a text for an empty list, and the operators."""
        yield Horizontal(
            Static("Operators", classes="title"),
            Static("", classes="count", markup=False),
            Button(ADD.label, id=ADD.name, compact=True, classes="action verb"),
            classes="page-title",
        )
        yield Static("", classes="alone", markup=False)
        yield OptionList(markup=False, compact=True, id="operators-list")

    def page_changed(self, page: Page) -> None:
        """Read the operators again, if the person may."""
        if page.may_manage:
            self._read()
        else:
            self._show(())

    def take_focus(self) -> None:
        """Focus the operators, or the button where there are none."""
        choice = self.query_one(OptionList)
        (choice if choice.display else self.query_one(f"#{ADD.name}", Button)).focus()

    @work(exclusive=True, group="read")
    async def _read(self) -> None:
        try:
            operators = await asyncio.to_thread(operator_service(self.portal).operators)
        except CredtuiError as error:
            self.portal.warn(str(error))
        else:
            self._show(operators)

    def _show(self, operators: Sequence[Operator]) -> None:
        page, choice = self.portal.page, self.query_one(OptionList)
        here = choice.highlighted or 0
        self._operators = {operator.name: operator for operator in operators}
        choice.clear_options()
        choice.add_options(
            Option(self._describe(operator), id=operator.name) for operator in operators
        )
        choice.display = bool(operators)
        choice.highlighted = min(here, len(operators) - 1) if operators else None
        self.query_one(f"#{ADD.name}").display = page.may_manage
        self.query_one(".count", Static).update(str(len(operators)) if operators else "")
        personal = NONE_YET.format(name=self.portal.service.actor.operator)
        none = personal if page.may_manage else NOT_ALLOWED
        self.say_alone("" if operators else none)
        if choice.has_focus and not choice.display:
            self.take_focus()
        self.refresh_bindings()

    def _describe(self, operator: Operator) -> Content:
        organization, dot = self.portal.service.organization, self.portal.context.marks.dot
        permission = operator.permission_for(organization)
        facts = [f"{permission.label} in {organization}"]
        if operator.representative:
            facts[0] = f"Representative: {permission.label} everywhere"
        elif elsewhere := len(operator.permissions.keys() - {organization}):
            facts.append(f"{elsewhere} {plural(elsewhere, 'other organization')}")
        keys = len(operator.keys)
        facts.append(f"{keys} {plural(keys, 'SSH key')}")
        name = Content.styled(operator.name, "bold")
        return Content.assemble(name, "\n  ", f" {dot} ".join(facts))

    @property
    def subject(self) -> Operator | None:
        """The highlighted operator."""
        option = self.query_one(OptionList).highlighted_option
        return self._operators.get(option.id or "") if option else None

    # What a representative does

    @on(OptionList.OptionSelected)
    def _edit(self) -> None:
        self.action_verb(EDIT.name)

    def action_move(self, step: int) -> None:
        """Choose the next operator or the one before."""
        choice = self.query_one(OptionList)
        if step > 0:
            choice.action_cursor_down()
        else:
            choice.action_cursor_up()
