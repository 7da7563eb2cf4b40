"""Shows what the keys do."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar, TypeAlias

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from credtui.tui.dialogs.dialog import Dialog
from credtui.tui.terminal.framework import KeysOfPage, bindings_of
from credtui.tui.verbs.verb import Verb

EVERYWHERE, PAGE, DIALOG = "Everywhere", "This page", "This dialog"

Keys: TypeAlias = dict[str, list[str]]
"""The names of keys, by the words for what the keys do."""


class HelpDialog(Dialog[None]):
    """Lists the keys that work on a screen, from its bindings, in groups.

    The keys with which a framework's widget moves its cursor aren't listed one by one.

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
        everywhere, *others = _groups(about).items()
        self._columns = ([everywhere], others)

    def compose_parts(self) -> Iterable[Widget]:
        """Two columns, one above the other where there is little room."""
        yield Columns(*(Static(_listed(groups)) for groups in self._columns))


class Columns(Container):
    """Lays out its parts side by side."""


def _listed(groups: Iterable[tuple[str, Keys]]) -> Group:
    parts: list[Text | Table] = []
    for heading, keys in groups:
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        for words, names in keys.items():
            table.add_row(Text(" ".join(dict.fromkeys(names)), "bold"), Text(words))
        parts += [Text(heading, "bold underline"), table, Text("")]
    return Group(*parts[:-1])


def _groups(screen: Screen[object]) -> dict[str, Keys]:
    """Return what the keys do, by heading: everywhere, on the page or dialog, and to one thing."""
    groups: dict[str, Keys] = {EVERYWHERE: {}}
    for heading, words, name in _described(screen):
        groups.setdefault(heading, {}).setdefault(words, []).append(name)
    groups[EVERYWHERE]["Next region"] = ["tab"]
    if isinstance(screen, KeysOfPage):
        groups[EVERYWHERE]["Move about"] = ["arrows", "hjkl"]
    return groups


def _described(screen: Screen[object]) -> Iterator[tuple[str, str, str]]:
    """Yield a heading, words and the name of a key for each binding."""
    app, page = screen.app, screen.current if isinstance(screen, KeysOfPage) else screen
    here = DIALOG if page is screen else PAGE
    nearest = screen.focused.ancestors_with_self if screen.focused else [screen, app]
    for node in nearest if page in nearest else [page, *nearest]:
        of_widget = node not in (page, screen, app)
        heading = EVERYWHERE if node in (screen, app) and node is not page else here
        verbs: dict[str, Verb[Any]] = {verb.binding.action: verb for verb in _verbs_of(node)}
        for binding in bindings_of(node):
            if not binding.description or binding.action in _UNSAID:
                continue
            if of_widget and not binding.show:  # As the keys that move a widget's cursor.
                continue
            name = app.get_key_display(binding)
            if verb := verbs.get(binding.action):
                yield verb.heading or heading, verb.label, name
            else:
                yield heading, binding.description, name


def _verbs_of(node: DOMNode) -> Sequence[Verb[Any]]:
    return getattr(node, "VERBS", ())


_UNSAID = ("screen.copy_text", "app.focus_next", "app.focus_previous", "help_quit")
