"""The two lists of the operator dialog: what an operator may do, and their SSH keys."""

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from credtui.domain.permissions import Permission
from credtui.domain.ssh_keys import PublicKey

REPRESENTATIVE = "Representative"


class RightsList(OptionList):
    """What an operator may do, a line for each right; choosing a line changes it.

    Args:
        organizations: All organizations, in the order in which they are listed.
        representative: Whether the operator works for the API's provider.
        permissions: The permission for each organization.
        first: Whether this is the first operator, who must be a representative.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,enter", "select", "Change", key_display="space"),
    ]

    def __init__(
        self,
        organizations: Sequence[str],
        permissions: Mapping[str, Permission],
        *,
        representative: bool,
        first: bool,
    ) -> None:
        super().__init__(markup=False, compact=True, id="rights")
        self.permissions = dict(permissions)
        self.representative = representative or first
        self._organizations = organizations
        self._first = first

    def on_mount(self) -> None:
        """List the rights."""
        self._show()

    def change(self, line: int) -> str:
        """Change the right in a line. Return why that can't be, in a sentence, if it can't."""
        if line == 0:
            if self._first:
                return "The first operator must be a representative, to manage the others."
            self.representative = not self.representative
        elif not self.representative:
            name = self._organizations[line - 1]
            present = self.permissions.get(name, Permission.NO_ACCESS)
            self.permissions[name] = Permission((present + 1) % len(Permission))
        self._show()
        return ""

    def _show(self) -> None:
        highlighted = self.highlighted or 0
        width = max(map(len, (REPRESENTATIVE, *self._organizations)))
        self.clear_options()
        self.add_options(
            Option(Content(f"{label:<{width}}  {value}"))
            for label, value in (
                (REPRESENTATIVE, "yes" if self.representative else "no"),
                *((name, self._described(name)) for name in self._organizations),
            )
        )
        self.highlighted = highlighted

    def _described(self, organization: str) -> str:
        if self.representative:
            return f"{Permission.CAN_EDIT.label}, as a representative"
        return self.permissions.get(organization, Permission.NO_ACCESS).label


class KeysList(OptionList):
    """The SSH keys of an operator.

    Args:
        keys: The keys at first.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d,delete", "screen.remove_key", "Remove Key", key_display="d"),
    ]

    def __init__(self, keys: Iterable[PublicKey]) -> None:
        super().__init__(markup=False, compact=True, id="keys")
        self._keys = {key.data: key for key in keys}

    @property
    def keys(self) -> tuple[PublicKey, ...]:
        """The keys as they are listed."""
        return tuple(self._keys.values())

    def on_mount(self) -> None:
        """List the keys."""
        self._show()

    def add(self, key: PublicKey) -> None:
        """Add a key, unless the operator has it."""
        self._keys[key.data] = key
        self._show()

    def remove_highlighted(self) -> None:
        """Remove the highlighted key."""
        option = self.highlighted_option
        if option and option.id:
            del self._keys[option.id]
            self._show()

    def _show(self) -> None:
        self.clear_options()
        self.add_options(
            Option(Content(f"{key.fingerprint} {key.comment or key.type}"), id=key.data)
            for key in self.keys
        )
        self.display = bool(self._keys)
        self.highlighted = 0 if self._keys else None
