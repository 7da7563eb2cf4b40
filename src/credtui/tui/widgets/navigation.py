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
from credtui.tui.pages import ENTRIES, Entry


class Navigation(OptionList):
    """Lists the pages by section; choosing a section opens its first page."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", "Next page", show=False),
        Binding("k", "cursor_up", "Previous page", show=False),
        Binding("right,l", "select", "Open the page", show=False),
    ]

    @dataclass
    class Chosen(Message):
        """A message that requests a page.

        Attributes:
            name: The page's name.
        """

        name: str

    def __init__(self, marks: Marks, entries: Sequence[Entry] = ENTRIES) -> None:
        self._marks = marks
        self._entries = entries
        super().__init__(*self._list(""), markup=False)

    def show(self, name: str) -> None:
        """Mark the page that is open."""
        options = self._list(name)
        highlighted = self.highlighted
        self.clear_options()
        self.add_options(options)
        here = next(place for place, option in enumerate(options) if option.id == name)
        self.highlighted = here if highlighted is None or not self.has_focus else highlighted

    def _list(self, here: str) -> list[Option]:
        options: list[Option] = []
        section = ""
        for entry in self._entries:
            if entry.section != section and entry.section:
                title = f"{self._marks.down} {entry.section}"
                options.append(Option(Content.styled(title, "bold"), id=f"section-{entry.name}"))
            section = entry.section
            text = f"  {entry.title}" if section else f"{self._marks.right} {entry.title}"
            mark = f" {self._marks.here}" if entry.name == here else ""
            options.append(Option(Content(text + mark), id=entry.name))
        return options

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Ask for the page."""
        event.stop()
        self.post_message(self.Chosen((event.option_id or "").removeprefix("section-")))
