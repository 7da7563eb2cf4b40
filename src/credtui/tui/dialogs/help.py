"""Shows what every key does."""

from collections.abc import Iterable
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from credtui.tui.dialogs.dialog import Dialog
from credtui.tui.terminal.framework import bindings_of


class HelpDialog(Dialog[None]):
    """Lists the keys that work on a screen, from its bindings.

    Args:
        about: The screen.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1", "cancel", "Close", key_display="esc")
    ]

    changes = False
    SCROLLS = True

    def __init__(self, about: Screen[object]) -> None:
        super().__init__("Keys")
        self._lines = list(_lines(about))

    def compose_parts(self) -> Iterable[Widget]:
        """One line for each binding."""
        table = Table.grid(padding=(0, 2))
        table.add_column(justify="right", no_wrap=True)
        for key, text in self._lines:
            table.add_row(Text(key, style="bold"), Text(text))
        yield Static(table)


def _lines(screen: Screen[object]) -> Iterable[tuple[str, str]]:
    """Yield keys and what they do, nearest to the focus first."""
    app = screen.app
    nearest = screen.focused.ancestors_with_self if screen.focused else [screen, app]
    keys: dict[str, list[str]] = {}
    for node in nearest:
        for binding in bindings_of(node):
            if binding.description and binding.action not in _UNSAID:
                text = binding.tooltip or binding.description
                keys.setdefault(text, []).append(app.get_key_display(binding))
    keys["Go to the next or previous region"] = ["tab", "shift+tab"]
    for text, names in keys.items():
        yield " ".join(dict.fromkeys(names)), text


_UNSAID = ("screen.copy_text", "app.focus_next", "app.focus_previous", "help_quit")
