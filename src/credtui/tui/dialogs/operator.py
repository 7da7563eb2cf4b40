"""Asks what an operator may do, and by which keys they are known."""

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, NamedTuple

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from credtui.domain.errors import InvalidKeyError, InvalidOperatorError
from credtui.domain.permissions import Operator, Permission, parse_operator, why_not_operator
from credtui.domain.ssh_keys import PublicKey, parse_public_key
from credtui.tui.dialogs.dialog import Dialog
from credtui.tui.widgets.field import Field

REPRESENTATIVE = "Representative"


class OperatorDraft(NamedTuple):
    """An operator as a person wants them to be.

    Attributes:
        name: The operator's name.
        representative: They work for the API's provider.
        permissions: The permission for each organization; no access where there is none.
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


class _Rights(OptionList):
    """What an operator may do, one line each; choosing a line changes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,enter", "select", "Change", key_display="space"),
    ]


class _Keys(OptionList):
    """The keys of an operator."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d,delete", "screen.remove_key", "Remove Key", key_display="d"),
    ]


class OperatorDialog(Dialog[OperatorDraft]):
    """Returns what the person wants, None when canceled.

    Args:
        title: The dialog's title.
        confirm: The label of the button that accepts.
        draft: What stands there at first.
        organizations: All organizations, in the order in which they are listed.
        taken: Names that other operators have; None for an operator whose name stays.
        first: This is the first operator, who must be a representative.
        problem: What the service said against it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+s", "confirm", "Save")]

    def __init__(
        self,
        title: str,
        confirm: str,
        draft: OperatorDraft,
        organizations: Sequence[str],
        *,
        taken: Sequence[str] | None = None,
        first: bool = False,
        problem: str = "",
    ) -> None:
        super().__init__(title)
        self._confirm = confirm
        self._organizations = organizations
        self._taken = taken
        self._first = first
        self._problem_at_first = problem
        self._operator = draft.name
        self._representative = draft.representative or first
        self._permissions = dict(draft.permissions)
        self._keys = {key.data: key for key in draft.keys}

    def compose_parts(self) -> Iterable[Widget]:
        """Name, rights, keys, and what is wrong."""
        if self._taken is not None:
            yield FieldRow("Name", Field(self._operator, id="name", compact=True), id="name-row")
        yield Label('Permission "API Credentials"')
        yield _Rights(markup=False, compact=True, id="rights")
        yield Label("SSH public keys", id="keys-label")
        yield _Keys(markup=False, compact=True, id="keys")
        key = Field(
            placeholder="paste the line of a .pub file, Enter adds it", id="key", compact=True
        )
        yield FieldRow("New key", key, id="key-row")
        yield Static("", id="fingerprint", markup=False)
        yield Static(self._problem_at_first, id="problem", markup=False)

    def compose_buttons(self) -> Iterable[Widget]:
        """Accept, and cancel."""
        yield Button(self._confirm, variant="primary", id="confirm", compact=True)
        yield Button("Cancel", id="cancel", compact=True)

    def on_mount(self) -> None:
        """Show what the operator may do, and the keys."""
        self._show_rights()
        self._show_keys()
        self._allow()

    # Rights

    def _show_rights(self) -> None:
        rights = self.query_one(_Rights)
        highlighted = rights.highlighted or 0
        width = max(map(len, (REPRESENTATIVE, *self._organizations)))
        rights.clear_options()
        rights.add_options(
            Option(Content(f"{label:<{width}}  {value}"), id=label)
            for label, value in (
                (REPRESENTATIVE, "yes" if self._representative else "no"),
                *((name, self._described(name)) for name in self._organizations),
            )
        )
        rights.highlighted = highlighted

    def _described(self, organization: str) -> str:
        if self._representative:
            return f"{Permission.CAN_EDIT.label}, as a representative"
        return self._permissions.get(organization, Permission.NO_ACCESS).label

    @on(OptionList.OptionSelected, "#rights")
    def _change_right(self, event: OptionList.OptionSelected) -> None:
        name = event.option_id or ""
        if event.option_index == 0:
            if self._first:
                self._say("The first operator must be a representative, to manage the others.")
            else:
                self._representative = not self._representative
        elif not self._representative:
            present = self._permissions.get(name, Permission.NO_ACCESS)
            self._permissions[name] = Permission((present + 1) % len(Permission))
        self._show_rights()

    # Keys

    def _show_keys(self) -> None:
        keys = self.query_one(_Keys)
        keys.clear_options()
        keys.add_options(
            Option(Content(f"{key.fingerprint} {key.comment or key.type}"), id=key.data)
            for key in self._keys.values()
        )
        keys.display = bool(self._keys)
        keys.highlighted = 0 if self._keys else None
        label = "SSH public keys" if self._keys else "SSH public keys: none"
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
        """Add the key that was pasted, if any, and tell whether it is one."""
        if not self._pasted:
            return True
        try:
            key = parse_public_key(self._pasted)
        except InvalidKeyError:
            return False
        self._keys[key.data] = key
        self.query_one("#key", Input).clear()
        self._show_keys()
        return True

    def action_remove_key(self) -> None:
        """Take the highlighted key away."""
        option = self.query_one(_Keys).highlighted_option
        if option and option.id:
            del self._keys[option.id]
            self._show_keys()
            if not self._keys:
                self.set_focus(self.query_one("#key"))

    @property
    def _pasted(self) -> str:
        return self.query_one("#key", Input).value.strip()

    # The name, and the end

    @on(Input.Changed, "#name")
    def _judge_name(self) -> None:
        typed = self.query_one("#name", Input).value.strip()
        if typed == self._operator:  # what stood there at first
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
        """Return the operator, with a key that was pasted and not added yet."""
        if problem := self._name_problem():
            self._say(problem)
        elif self._add_key():
            self.dismiss(
                OperatorDraft(
                    self._operator,
                    self._representative,
                    self._permissions,
                    tuple(self._keys.values()),
                )
            )

    @on(Button.Pressed, "#cancel")
    def _cancel(self) -> None:
        self.action_cancel()

    def _say(self, problem: str) -> None:
        self.query_one("#problem", Static).update(problem)


class FieldRow(Horizontal):
    """A label with its field behind it."""

    def __init__(self, label: str, field: Field, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(Label(label), field, id=id)
