"""A list of audit events that is filled while a person reads it."""

from collections.abc import Sequence
from datetime import UTC, date
from functools import partial
from itertools import takewhile
from typing import ClassVar, NamedTuple

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.coordinate import Coordinate
from textual.message import Message
from textual.widgets import DataTable

from credtui.domain.audit import Entry
from credtui.domain.clock import Clock
from credtui.tui.event_lines import Styles, day_heading, day_of, event_lines


class _Row(NamedTuple):
    """A row's only cell, by whose number rows are ordered."""

    number: float
    text: Text
    entry: Entry | None

    def __rich__(self) -> Text:
        return self.text


class EventTable(DataTable[_Row]):
    """Shows audit events, newest first, under a heading for each day.

    Args:
        clock: Tells which day is today.
        own_place: The place of the person who reads.

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

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "event-table--day",
        "event-table--muted",
        "event-table--refused",
    }

    def __init__(self, clock: Clock, own_place: str) -> None:
        super().__init__(cursor_type="row", show_header=False)
        self.shown: list[Entry] = []
        self._clock = clock
        self._own_place = own_place
        self._width = 0
        self._today: date | None = None

    def on_mount(self) -> None:
        """Notice how far the person scrolls, and follow the theme."""
        self.watch(self, "scroll_y", self._look_ahead, init=False)
        self.watch(self, "cursor_coordinate", self._follow_cursor, init=False)
        self.app.theme_changed_signal.subscribe(self, lambda _: self._build())

    def on_resize(self, _event: events.Resize) -> None:
        """Lay out the events again, and keep the chosen one."""
        width = max(0, self.scrollable_content_region.width - 2 * self.cell_padding)
        if width != self._width:
            self._width = width
            self._build()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer details only where there are events."""
        if action == "select_cursor" and not self.shown:
            return False
        return super().check_action(action, parameters)

    def validate_cursor_coordinate(self, value: Coordinate) -> Coordinate:
        """Skip headings."""
        there = super().validate_cursor_coordinate(value)
        if self._entry_at(there.row) or not self.is_valid_row_index(there.row):
            return there
        step = -1 if 0 < there.row < self.cursor_row else 1
        return super().validate_cursor_coordinate(Coordinate(there.row + step, there.column))

    @property
    def chosen(self) -> Entry | None:
        """The event under the cursor."""
        return self._entry_at(self.cursor_row)

    def _entry_at(self, row: int) -> Entry | None:
        return self.get_row_at(row)[0].entry if self.is_valid_row_index(row) else None

    def show_none(self) -> None:
        """Forget all events."""
        self.shown = []
        self.clear()
        self.scroll_home(animate=False)

    def name_days(self) -> None:
        """Name the days anew if today is another day than before."""
        if self._today not in (None, self._now_day()):
            self._build()

    def append(self, earlier: Sequence[Entry]) -> None:
        """Show earlier events below."""
        last = day_of(self.shown[-1]) if self.shown else None
        self.shown.extend(earlier)
        if self._width:
            self._add(earlier, last)
            self._leave_heading()

    def insert(self, newer: Sequence[Entry]) -> None:
        """Show newer events above, without moving those that the person sees."""
        if not newer:
            return
        newer = sorted(newer, key=lambda entry: -entry.event.number)
        top = day_of(self.shown[0]) if self.shown else None
        self.shown = [*newer, *self.shown]
        if not self._width:
            return
        row, scrolled, rows = self.cursor_row, self.scroll_y, self.row_count
        same_day = list(takewhile(lambda entry: day_of(entry) == top, reversed(newer)))[::-1]
        if same_day:
            self._raise_heading(above=same_day[0])
        height = self._add(newer[: len(newer) - len(same_day)], None) + self._add(same_day, top)
        self.sort(_COLUMN, key=lambda row: -row.number)
        if rows:
            self.move_cursor(row=row + self.row_count - rows, scroll=False)
        else:
            self._leave_heading()
        if scrolled:
            self.call_after_refresh(self.scroll_to, y=scrolled + height, animate=False)

    def _raise_heading(self, above: Entry) -> None:
        heading = self.get_row_at(0)[0]._replace(number=_above(above))
        self.update_cell(self.ordered_rows[0].key, _COLUMN, heading)

    def _follow_cursor(self) -> None:
        if self.cursor_row == 1:
            self.call_after_refresh(self.scroll_home, animate=False)  # To the heading above it.
        self._look_ahead()

    def _look_ahead(self) -> None:
        rows_left = self.row_count - self.cursor_row
        lines_left = self.max_scroll_y - self.scroll_y
        if rows_left < 2 * self.size.height or lines_left < 2 * self.size.height:
            self.post_message(self.NearEnd())

    def _now_day(self) -> date:
        return self._clock().astimezone(UTC).date()

    def _build(self) -> None:
        chosen, self._today = self.chosen, self._now_day()
        self.clear(columns=True)
        self.add_column("", width=self._width, key=_COLUMN)
        self._add(self.shown, None)
        if chosen:
            self.move_cursor(row=self.get_row_index(str(chosen.event.number)))
        else:
            self._leave_heading()

    def _leave_heading(self) -> None:
        if self.row_count and self.chosen is None:
            self.move_cursor(row=1, scroll=False)

    def _add(self, entries: Sequence[Entry], day: date | None) -> int:
        """Add rows for events, and for days after a day. Return their height."""
        style = partial(self.get_component_rich_style, partial=True)
        styles = Styles(style("event-table--muted"), style("event-table--refused"))
        total = 0
        for entry in entries:
            if day_of(entry) != day:
                day = day_of(entry)
                text = Text(day_heading(day, self._clock()), style("event-table--day"))
                self.add_row(_Row(_above(entry), text, None))
                total += 1
            lines = event_lines(entry, self._width, styles, self._own_place)
            row = _Row(entry.event.number, Text("\n").join(lines), entry)
            self.add_row(row, height=len(lines), key=str(entry.event.number))
            total += len(lines)
        return total


_COLUMN = "event"


def _above(entry: Entry) -> float:
    return entry.event.number + 0.5
