"""The page on which a representative manages operators."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from credtui.domain.errors import CredtuiError, Refusal
from credtui.domain.page import Page
from credtui.domain.permissions import Operator, Permission
from credtui.service.operators import OperatorService
from credtui.tui.dialogs.operator import OperatorDialog, OperatorDraft
from credtui.tui.pages.page import PortalPage

NOT_ALLOWED = "Only a representative may manage operators."
NONE_YET = (
    "There are no operators: credtui is a personal tool, and whoever runs it may edit.\n\n"
    "From the first operator on, who isn't one has no access. The first must be a "
    "representative, who may manage the others: add yourself, under the name that you have "
    "here, {name}."
)


class OperatorsPage(PortalPage):
    """Lists the operators, with what they may do here."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "add", "Add Operator", tooltip="Let somebody use credtui."),
        Binding("e", "edit", "Edit", tooltip="Change permissions and keys."),
        Binding("d", "remove", "Remove", tooltip="Take an operator's access away."),
        Binding("j", "move(1)", "Next operator", show=False),
        Binding("k", "move(-1)", "Previous operator", show=False),
    ]

    def __init__(self, *, id: str) -> None:  # noqa: A002  # Textual's word
        super().__init__(id=id)
        self._operators: dict[str, Operator] = {}

    def compose(self) -> ComposeResult:
        """The title row, what there is to say, and the operators."""
        with Horizontal(classes="page-title"):
            yield Static("Operators", classes="title")
            yield Static("", classes="count", markup=False)
            yield Button("Add Operator", id="add", compact=True, classes="action")
        yield Static("", classes="alone", markup=False)
        yield OptionList(markup=False, compact=True, id="operators-list")

    @property
    def _service(self) -> OperatorService:
        portal = self.portal
        return portal.surroundings.installation.operator_service(portal.service.actor)

    def page_changed(self, page: Page) -> None:
        """Read the operators anew, as far as the person may."""
        if page.may_manage:
            self._read()
        else:
            self._show(())

    def take_focus(self) -> None:
        """Focus the operators, or the button where there are none."""
        choice = self.query_one(OptionList)
        (choice if choice.display else self.query_one("#add", Button)).focus()

    @work(exclusive=True, group="read")
    async def _read(self) -> None:
        try:
            operators = await asyncio.to_thread(self._service.operators)
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
        self.query_one("#add").display = page.may_manage
        self.query_one(".count", Static).update(str(len(operators)) if operators else "")
        alone = self.query_one(".alone", Static)
        alone.display = not operators
        personal = NONE_YET.format(name=self.portal.service.actor.operator)
        alone.update(personal if page.may_manage else NOT_ALLOWED)
        if choice.has_focus and not choice.display:
            self.take_focus()
        self.refresh_bindings()

    def _describe(self, operator: Operator) -> Content:
        organization, dot = self.portal.service.organization, self.portal.surroundings.marks.dot
        permission = operator.permission_for(organization)
        facts = [f"{permission.label} in {organization}"]
        if operator.representative:
            facts[0] = f"Representative: {permission.label} everywhere"
        elif elsewhere := len(operator.permissions.keys() - {organization}):
            facts.append(_count(elsewhere, "other organization"))
        facts.append(_count(len(operator.keys), "SSH key"))
        name = Content.styled(operator.name, "bold")
        return Content.assemble(name, "\n  ", f" {dot} ".join(facts))

    @property
    def _chosen(self) -> Operator | None:
        option = self.query_one(OptionList).highlighted_option
        return self._operators.get(option.id or "") if option else None

    # What a representative does

    @on(Button.Pressed, "#add")
    def action_add(self) -> None:
        """Let somebody use credtui."""
        self.portal.run(self._add)

    def action_edit(self) -> None:
        """Change the chosen operator."""
        if operator := self._chosen:
            self.portal.run(partial(self._edit, operator))

    def action_remove(self) -> None:
        """Remove the chosen operator."""
        if operator := self._chosen:
            self.portal.run(partial(self._remove, operator))

    @on(OptionList.OptionSelected)
    def _edit_chosen(self) -> None:
        self.action_edit()

    async def _add(self) -> None:
        first = not self._operators
        name = self.portal.service.actor.operator if first else ""
        draft = await self._ask(
            "Add Operator", OperatorDraft(name), taken=tuple(self._operators), first=first
        )
        if draft:
            self.portal.tell(f"{draft.name} is added.")

    async def _edit(self, operator: Operator) -> None:
        draft = await self._ask(
            f"Edit {operator.name}", OperatorDraft.of(operator), before=operator
        )
        if draft:
            self.portal.tell(f"{operator.name} is changed.")

    async def _remove(self, operator: Operator) -> None:
        from credtui.tui.dialogs.confirm import ConfirmDialog

        sure = await self.portal.ask(
            ConfirmDialog(
                "Remove Operator",
                "Remove",
                (("Operator", operator.name), ("Keys", str(len(operator.keys)))),
                "They lose access to every organization. Whatever they have open ends at its "
                "next action.",
            )
        )
        if sure:
            await self.portal.do(lambda: self._service.remove(operator.name))
            self.portal.tell(f"{operator.name} is removed.")

    async def _ask(
        self,
        title: str,
        draft: OperatorDraft,
        *,
        taken: Sequence[str] | None = None,
        first: bool = False,
        before: Operator | None = None,
    ) -> OperatorDraft | None:
        """Ask until the service accepts it, and return it; None when it was given up."""
        portal, problem = self.portal, ""
        organizations = await asyncio.to_thread(self._service.organizations)
        here = portal.service.organization
        listed = sorted(organizations, key=lambda name: (name != here, name))
        while True:
            answer = await portal.ask(
                OperatorDialog(
                    title, "Save", draft, listed, taken=taken, first=first, problem=problem
                )
            )
            if answer is None:
                return None
            draft = answer
            try:
                await portal.do(partial(_save, self._service, draft, before))
            except Refusal as refusal:
                problem = str(refusal)
            else:
                return draft

    def action_move(self, step: int) -> None:
        """Choose the next operator or the one before."""
        choice = self.query_one(OptionList)
        if step > 0:
            choice.action_cursor_down()
        else:
            choice.action_cursor_up()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done now."""
        if action == "add":
            return self.portal.page.may_manage
        if action in {"edit", "remove"}:
            return self._chosen is not None
        return super().check_action(action, parameters)


def _save(service: OperatorService, draft: OperatorDraft, before: Operator | None) -> Operator:
    """Add an operator, or change of one what the person changed."""
    keys = {key.fingerprint: key.line for key in draft.keys}
    if before is None:
        given = {
            name: permission
            for name, permission in draft.permissions.items()
            if permission is not Permission.NO_ACCESS
        }
        return service.add(
            draft.name,
            keys=keys.values(),
            permissions=given,
            representative=draft.representative,
        )
    known = {key.fingerprint for key in before.public_keys}
    changed = draft.representative != before.representative
    return service.set(
        before.name,
        add_keys=[line for fingerprint, line in keys.items() if fingerprint not in known],
        remove_keys=known - keys.keys(),
        permissions={
            name: permission
            for name, permission in draft.permissions.items()
            if permission != before.permissions.get(name, Permission.NO_ACCESS)
        },
        representative=draft.representative if changed else None,
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
