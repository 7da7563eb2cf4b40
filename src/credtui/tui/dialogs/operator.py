"""Asks what an operator may do, and for their SSH keys."""

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, NamedTuple

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Button, Input, Label, OptionList, Static

from credtui.domain.permissions import (
    Operator,
    Permission,
    parse_operator,
    why_not_operator,
    why_not_ordinary,
)
from credtui.domain.refusals import InvalidKeyError, InvalidOperatorError
from credtui.domain.ssh_keys import PublicKey, parse_public_key
from credtui.tui.dialogs.dialog import Dialog
from credtui.tui.dialogs.operator_lists import KeysList, RightsList
from credtui.tui.widgets.field import Field


class OperatorDraft(NamedTuple):
    """An operator as the person wants them to be.

    Attributes:
        name: The operator's name.
        representative: Whether they work for the API's provider.
        permissions: The permission for each organization; no access to an organization without one.
        keys: SSH public keys.
    """

    name: str = ""
    representative: bool = False
    permissions: Mapping[str, Permission] = {}  # never changed
    keys: tuple[PublicKey, ...] = ()

    @classmethod
    def of(cls, operator: Operator) -> "OperatorDraft":
        """Return an operator as they are."""
        return cls(
            operator.name, operator.representative, operator.permissions, operator.public_keys
        )


class OperatorDialog(Dialog[OperatorDraft]):
    """Returns the operator as the person wants them; None if the person canceled.

    Args:
        title: The dialog's title.
        draft: What the dialog shows at first.
        organizations: All organizations, in the order in which they are listed.
        taken: The names of other operators; None for an operator whose name can't be changed.
        problem: Why the service refused the draft.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+s", "confirm", "Save")]

    def __init__(
        self,
        title: str,
        draft: OperatorDraft,
        organizations: Sequence[str],
        *,
        taken: Sequence[str] | None = None,
        problem: str = "",
    ) -> None:
        super().__init__(title, "Save")
        self._organizations = organizations
        self._taken = taken
        self._problem_at_first = problem
        self._draft = draft
        self._operator = draft.name

    def compose_parts(self) -> Iterable[Widget]:
        """Name, rights, keys, and what is wrong."""
        if self._taken is not None:
            name = Field(self._operator, id="name", compact=True)
            yield Horizontal(Label("Name"), name, id="name-row", classes="field-row")
        yield Label('Permission "API Credentials"')
        yield RightsList(
            self._organizations,
            self._draft.permissions,
            representative=self._draft.representative,
            first=self._taken is not None and why_not_ordinary(self._taken) is not None,
        )
        yield Label("SSH public keys", id="keys-label")
        yield KeysList(self._draft.keys)
        key = Field(
            placeholder="paste the line of a .pub file, Enter adds it", id="key", compact=True
        )
        yield Horizontal(Label("New key"), key, id="key-row", classes="field-row")
        yield Static("", id="fingerprint", markup=False)
        yield Static(self._problem_at_first, id="problem", markup=False)

    def on_mount(self) -> None:
        """Say if there are no keys, and allow what is acceptable already."""
        self._count_keys()
        self._allow()

    @on(OptionList.OptionSelected, "#rights")
    def _change_right(self, event: OptionList.OptionSelected) -> None:
        if problem := self.query_one(RightsList).change(event.option_index):
            self._say(problem)

    # Keys

    def _count_keys(self) -> None:
        keys = self.query_one(KeysList).keys
        label = "SSH public keys" if keys else "SSH public keys: none"
        self.query_one("#keys-label", Label).update(label)

    @on(Input.Changed, "#key")
    def _show_fingerprint(self) -> None:
        fingerprint = self.query_one("#fingerprint", Static)
        fingerprint.remove_class("-error")
        fingerprint.update("")
        if self._pasted:
            try:
                fingerprint.update(parse_public_key(self._pasted).fingerprint)
            except InvalidKeyError as error:
                fingerprint.update(str(error))
                fingerprint.add_class("-error")
        self._allow()

    @on(Input.Submitted, "#key")
    def _add_key(self) -> bool:
        """Add the pasted key, if any. Return False if the text is no key."""
        if not self._pasted:
            return True
        try:
            key = parse_public_key(self._pasted)
        except InvalidKeyError:
            return False
        self.query_one(KeysList).add(key)
        self.query_one("#key", Input).clear()
        self._count_keys()
        return True

    def action_remove_key(self) -> None:
        """Take the highlighted key away."""
        keys = self.query_one(KeysList)
        keys.remove_highlighted()
        self._count_keys()
        if not keys.keys:
            self.set_focus(self.query_one("#key"))

    @property
    def _pasted(self) -> str:
        return self.query_one("#key", Input).value.strip()

    # The name, and the end

    @on(Input.Changed, "#name")
    def _judge_name(self) -> None:
        typed = self.query_one("#name", Input).value.strip()
        if typed == self._operator:  # The name that the field showed at first.
            return
        self._operator = typed
        self._say(self._name_problem() if self._operator else "")
        self._allow()

    def _name_problem(self) -> str:
        try:
            parse_operator(self._operator)
        except InvalidOperatorError as error:
            return str(error)
        return str(why_not_operator(self._operator, self._taken or ()) or "")

    def _allow(self) -> None:
        wrong_key = self.query_one("#fingerprint", Static).has_class("-error")
        self.query_one("#confirm", Button).disabled = wrong_key or bool(self._name_problem())

    @on(Input.Submitted, "#name")
    @on(Button.Pressed, "#confirm")
    def action_confirm(self) -> None:
        """Return the operator. A key that was pasted and not added counts too."""
        if problem := self._name_problem():
            self._say(problem)
        elif self._add_key():
            rights, keys = self.query_one(RightsList), self.query_one(KeysList).keys
            self.dismiss(
                OperatorDraft(self._operator, rights.representative, rights.permissions, keys)
            )

    def _say(self, problem: str) -> None:
        self.query_one("#problem", Static).update(problem)
