"""A table of audit events that is filled while a person reads it."""

from collections.abc import Sequence
from datetime import UTC
from typing import ClassVar, NamedTuple

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import DataTable

from credtui.domain.audit import Entry
from credtui.domain.names import printable
from credtui.tui.event_feed import CLOCK_BACK, outcome

WIDE = 76
"""From this number of columns on, the outcome is shown beside what was attempted, not below it."""

NARROW = 50
"""Below this number of columns, the operator is shown above what was attempted, not beside it."""


class _When(NamedTuple):
    """The first cell of a row, by which rows are ordered."""

    number: int
    text: Text

    def __rich__(self) -> Text:
        return self.text


class EventTable(DataTable[Text | _When]):
    """Shows audit events, newest first. A long text takes more lines; nothing is cut.

    Attributes:
        shown: The events that are shown.
    """

    class NearEnd(Message):
        """A message that the person is near the end of the events that are shown."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "Details", key_display="enter"),
        Binding("j", "cursor_down", show=False),
        Binding("k", "cursor_up", show=False),
        Binding("home", "scroll_top", show=False),
        Binding("end", "scroll_bottom", show=False),
    ]

    COMPONENT_CLASSES: ClassVar[set[str]] = {"event-table--muted", "event-table--refused"}

    def __init__(self) -> None:
        super().__init__(cursor_type="row", zebra_stripes=True)
        self.shown: list[Entry] = []
        self._widths: tuple[int, ...] = ()

    def on_mount(self) -> None:
        """Notice how far the person scrolls, and follow the theme."""
        self.watch(self, "scroll_y", self._look_ahead, init=False)
        self.watch(self, "cursor_coordinate", self._look_ahead, init=False)
        self.app.theme_changed_signal.subscribe(self, lambda _: self._build_anew())

    def on_resize(self, _event: events.Resize) -> None:
        """Lay out the columns again, and keep the cursor's row."""
        widths = self._measure()
        if widths != self._widths:
            self._widths = widths
            self._build_anew()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer details only where there are events."""
        if action == "select_cursor" and not self.shown:
            return False
        return super().check_action(action, parameters)

    def show_none(self) -> None:
        """Forget all events."""
        self.shown = []
        self.clear()
        self.scroll_home(animate=False)

    def append(self, earlier: Sequence[Entry]) -> None:
        """Show earlier events below."""
        self.shown.extend(earlier)
        if self._widths:
            for entry in earlier:
                self._add(entry)

    def insert(self, newer: Sequence[Entry]) -> None:
        """Show newer events above, without moving those that the person sees."""
        if not newer:
            return
        row, scrolled = self.cursor_row, self.scroll_y
        first = not self.shown
        self.shown = sorted((*newer, *self.shown), key=lambda entry: -entry.event.number)
        if not self._widths:
            return
        height = sum(self._add(entry) for entry in newer)
        self.sort("when", key=lambda when: -when.number)
        if not first:
            self.move_cursor(row=row + len(newer), scroll=False)
        if scrolled:
            self.call_after_refresh(self.scroll_to, y=scrolled + height, animate=False)

    def _look_ahead(self) -> None:
        rows_left = self.row_count - self.cursor_row
        lines_left = self.max_scroll_y - self.scroll_y
        if rows_left < 2 * self.size.height or lines_left < 2 * self.size.height:
            self.post_message(self.NearEnd())

    def _measure(self) -> tuple[int, ...]:
        when, who, padding = 10, 15, 2 * self.cell_padding
        width = self.scrollable_content_region.width
        rest = width - when - padding - padding
        if width < NARROW:
            return (when, max(1, rest))
        rest -= who + padding
        if width < WIDE:
            return (when, who, rest)
        rest -= padding
        what = rest * 2 // 5
        return (when, who, what, rest - what)

    def _build_anew(self) -> None:
        row = self.cursor_row
        self._build()
        self.move_cursor(row=row)

    def _build(self) -> None:
        self.clear(columns=True)
        titles = ["When (UTC)", "Who, where", "What", "Outcome"]
        if len(self._widths) == len(("when", "what")):
            titles = ["When (UTC)", "Who, where, what"]
        for title, width in zip(titles, self._widths, strict=False):
            self.add_column(title, width=width, key=title.split()[0].lower())
        for entry in self.shown:
            self._add(entry)

    def _add(self, entry: Entry) -> int:
        when, cells = self._when(entry), self._cells(entry)
        height = max(
            len(cell.wrap(self.app.console, width))
            for cell, width in zip((when.text, *cells), self._widths, strict=True)
        )
        self.add_row(when, *cells, height=height, key=str(when.number))
        return height

    def _when(self, entry: Entry) -> _When:
        text = Text(f"{entry.event.at.astimezone(UTC):%Y-%m-%d\n%H:%M}")
        if entry.clock_back:
            warning = self.get_component_rich_style("event-table--refused", partial=True)
            text.append(f"\n{CLOCK_BACK}", warning)
        return _When(entry.event.number, text)

    def _cells(self, entry: Entry) -> list[Text]:
        event = entry.event
        muted = self.get_component_rich_style("event-table--muted", partial=True)
        refused = self.get_component_rich_style("event-table--refused", partial=True)
        actor = event.actor
        operator = Text(printable(actor.operator))
        place = Text(printable(actor.place), muted)
        about = f": {printable(event.name)}" if event.name else ""
        what = Text.assemble((event.action.capitalize(), "bold"), about)
        result = Text(outcome(event), refused if event.outcome == "refused" else muted)
        match len(self._widths):
            case 2:
                return [Text("\n").join((Text(", ").join((operator, place)), what, result))]
            case 3:
                return [Text("\n").join((operator, place)), Text("\n").join((what, result))]
            case _:
                return [Text("\n").join((operator, place)), what, result]
