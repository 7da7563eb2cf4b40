"""The navigation at the left."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from credtui.tui.marks import Marks
from credtui.tui.pages import Entry


class Navigation(OptionList):
    """Lists the pages by section, with their keys; choosing a section opens its first page."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", show=False),
        Binding("k", "cursor_up", show=False),
        Binding("right,l", "select", show=False),
    ]

    @dataclass
    class Chosen(Message):
        """A message that requests a page.

        Attributes:
            name: The page's name.
        """

        name: str

    def __init__(self, marks: Marks) -> None:
        self._marks = marks
        self._shown: tuple[str, Sequence[Entry]] = ("", ())
        super().__init__(markup=False)

    def show(self, name: str, entries: Sequence[Entry]) -> None:
        """Show the entries, and mark the page that is open."""
        if (name, entries) == self._shown:
            return
        self._shown = (name, entries)
        options = self._list(name, entries)
        highlighted = self.highlighted_option.id if self.highlighted_option else None
        self.clear_options()
        self.add_options(options)
        ids = [option.id for option in options]
        wanted = highlighted if self.has_focus and highlighted in ids else name
        self.highlighted = ids.index(wanted) if wanted in ids else None

    def _list(self, here: str, entries: Sequence[Entry]) -> list[Option]:
        options: list[Option] = []
        section = ""
        for entry in entries:
            if entry.section != section and entry.section:
                title = f"{self._marks.down} {entry.section}"
                options.append(Option(Content.styled(title, "bold"), id=f"section-{entry.name}"))
            section = entry.section
            mark = f" {self._marks.here}" if entry.name == here else ""
            options.append(Option(f"{entry.key} {entry.title}{mark}", id=entry.name))
        return options

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Ask for the page."""
        event.stop()
        self.post_message(self.Chosen((event.option_id or "").removeprefix("section-")))
