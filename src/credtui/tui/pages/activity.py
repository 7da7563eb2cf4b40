"""The page that shows audit events: what was done, and what was refused."""

import asyncio
from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Button, DataTable, Input, Static

from credtui.domain.audit import AuditEvent
from credtui.domain.errors import CredtuiError
from credtui.domain.page import Page
from credtui.tui.event_feed import EventFeed
from credtui.tui.pages.page import PortalPage
from credtui.tui.phrases import plural
from credtui.tui.widgets.event_table import EventTable
from credtui.tui.widgets.field import Field
from credtui.tui.widgets.status import Status

BATCH = 100
"""Events to read at a time: more than a screen shows."""

EMPTY = "Nothing has happened here yet.\n\nThis page lists every change and every refused attempt."
NO_MATCH = "No event has all of these words."
DIGITS = 12
"""Digits of a hash that are enough to compare two."""


class ActivityPage(PortalPage):
    """Lists the audit events, newest first; reads more as the person scrolls."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "slash", "filter", "Filter", key_display="/", tooltip="Show events with some words."
        ),
        Binding("y", "verify", "Verify", tooltip="Check the log for tampering."),
        Binding("escape", "clear_filter", "Clear Filter", key_display="esc"),
    ]

    def __init__(self, *, id: str) -> None:  # noqa: A002  # Textual's word
        super().__init__(id=id)
        self._feed: EventFeed | None = None
        self._words = ""

    def compose(self) -> ComposeResult:
        """The title row, the filter, the status line, and the events."""
        yield Horizontal(
            Static("Activity", classes="title"),
            Static("", classes="count", markup=False),
            Button("Verify", id="verify", compact=True, classes="action"),
            classes="page-title",
        )
        yield Field(
            placeholder="filter by operator, action, name, Client ID", id="filter", compact=True
        )
        yield Static("", id="filter-on", markup=False)
        yield Status(classes="status")
        yield Static("", classes="alone", markup=False)
        service = self.portal.service
        yield EventTable(service.clock, service.actor.place)

    def page_changed(self, page: Page) -> None:
        """Read what is new; show nothing to a person without access."""
        viewable = page.why_not_view() is None
        for widget in self.query("#verify, EventTable"):
            widget.display = viewable
        if not viewable:
            self._forget()
            self._words = ""
            self._open_filter(is_open=False)
            self.say_alone(self.no_access)
        elif self._feed is None:
            self._begin("")
        else:
            self._read_newer(self._feed)
        self.refresh_bindings()

    def take_focus(self) -> None:
        """Focus the events."""
        if self.portal.page.why_not_view() is None:
            self.query_one(EventTable).focus()

    def time_passed(self) -> None:
        """Name the days anew at midnight."""
        self.query_one(EventTable).name_days()

    def on_unmount(self) -> None:
        """End a search."""
        if self._feed:
            self._feed.stop()

    # Reading

    def _begin(self, words: str) -> None:
        self._forget()
        self._feed = EventFeed(self.portal.service, words)
        self._read_more(self._feed)

    def _forget(self) -> None:
        if self._feed:
            self._feed.stop()
        self._feed = None
        self.query_one(EventTable).show_none()
        self.query_one(".count", Static).update("")
        self._say("")
        self.say_alone("")

    @work(exclusive=True, group="more")
    async def _read_more(self, feed: EventFeed) -> None:
        """Show the next events.

        If another search takes its place, this one goes on in its thread until it notices. What
        it finds is dropped.
        """
        self.query_one(".count", Static).update("reading")
        try:
            events = await asyncio.to_thread(feed.more, BATCH)
        except CredtuiError as error:
            self._fail(feed, error)
            return
        if feed is self._feed:
            self.query_one(EventTable).append(events)
            self._show_count(feed)

    @work(group="newer")
    async def _read_newer(self, feed: EventFeed) -> None:
        try:
            events = await asyncio.to_thread(feed.newer)
        except CredtuiError as error:
            self._fail(feed, error)
            return
        if feed is self._feed:
            self.query_one(EventTable).insert(events)
            self._show_count(feed)

    @on(EventTable.NearEnd)
    def _go_on(self) -> None:
        reading = any(worker.group == "more" and worker.node is self for worker in self.workers)
        if self._feed and not self._feed.ended and not reading:
            self._read_more(self._feed)

    def _show_count(self, feed: EventFeed) -> None:
        shown = len(self.query_one(EventTable).shown)
        found = f"{shown}{'' if feed.ended else '+'} of " if self._words else ""
        count = f"{found}{feed.total} {plural(feed.total, 'event')}"
        self.query_one(".count", Static).update(count)
        self.query_one("#filter-on", Static).update(f"Filter: {self._words}. Escape clears it.")
        # The empty table stays, so that keys mean the same.
        self.say_alone("" if shown else NO_MATCH if self._words else EMPTY)
        self.refresh_bindings()  # Details are offered only where there are events.

    def _fail(self, feed: EventFeed, error: CredtuiError) -> None:
        if feed is self._feed:
            self.query_one(".count", Static).update("")
            self._say(str(error), "error")

    # What a person does

    @on(Input.Changed, "#filter")
    def _filter(self) -> None:
        words = self.query_one("#filter", Input).value.strip()
        if words != self._words:
            self._words = words
            self._begin(words)

    @on(Input.Submitted, "#filter")
    def _keep_filter(self) -> None:
        self._open_filter(is_open=False)

    def action_filter(self) -> None:
        """Open the filter."""
        self._open_filter(is_open=True)

    def action_clear_filter(self) -> None:
        """Show all events."""
        self.query_one("#filter", Input).clear()
        self._filter()
        self._open_filter(is_open=False)

    def _open_filter(self, *, is_open: bool) -> None:
        """Show the field of the filter, or else that the filter is on, if it is."""
        field = self.query_one("#filter", Input)
        if not is_open and field.has_focus:
            self.take_focus()
        field.display = is_open
        if is_open:
            field.focus()
        self.query_one("#filter-on").display = bool(self._words) and not is_open
        self.refresh_bindings()

    @on(DataTable.RowSelected)
    def _show_details(self, event: DataTable.RowSelected) -> None:
        from credtui.tui.dialogs.event import EventDialog

        if chosen := event.data_table.get_row_at(event.cursor_row)[0].entry:
            self.portal.run(partial(self.portal.ask, EventDialog(chosen)))

    @on(Button.Pressed, "#verify")
    @work(exclusive=True, group="verify")
    async def action_verify(self) -> None:
        """Verify the whole log, and show the number and hash to compare with."""
        self._say("Checking every event.")
        try:
            last = await asyncio.to_thread(self.portal.service.verify_events)
        except CredtuiError as error:
            self._say(str(error), "error")
        else:
            self._say(_verified(last), "success")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done now."""
        if action in {"filter", "verify"}:
            return self.portal.page.why_not_view() is None
        if action == "clear_filter":
            return bool(self._words) or self.query_one("#filter").display
        return super().check_action(action, parameters)

    def _say(self, message: str, tone: str = "") -> None:
        status = self.query_one(Status)
        status.say(message, tone)
        status.display = bool(message)


def _verified(last: AuditEvent | None) -> str:
    if last is None:
        return "There are no events to check yet."
    return (
        f"The log is intact. Its last event is number {last.number}; its hash begins with "
        f"{last.hash[:DIGITS]}."
    )
