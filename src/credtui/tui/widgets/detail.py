"""All that there is to see of one credential, for a person who scrolls."""

import asyncio
from datetime import timedelta
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from credtui.domain.errors import CredtuiError
from credtui.domain.models import Credential
from credtui.domain.page import Page
from credtui.service.credentials import CredentialService
from credtui.tui.context import PortalContext
from credtui.tui.credential_events import CredentialEvents, read_events
from credtui.tui.detail import Subject, detail
from credtui.tui.token_command import token_command

PAUSE = 0.3
"""Seconds to wait before reading events: a person who moves on wants none of these."""


class Detail(VerticalScroll, can_focus=True):
    """Shows a credential, and follows its changes.

    Args:
        context: What stays the same while the portal is open.
        service: The organization in its environment.

    Attributes:
        client_id: The credential that was shown last, None before the first.
        credential: This credential as it is now, None if it is gone.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "scroll_down", "Scroll down", show=False),
        Binding("k", "scroll_up", "Scroll up", show=False),
        Binding("space,pagedown", "page_down", "More", tooltip="Scroll a page down."),
    ]

    def __init__(self, context: PortalContext, service: CredentialService) -> None:
        super().__init__()
        self.client_id: str | None = None
        self.credential: Credential | None = None
        self._portal_context = context
        self._service = service
        self._page: Page | None = None
        self._events: dict[str, CredentialEvents] = {}
        self._problem = ""
        self._shown = Content()

    def compose(self) -> ComposeResult:
        """One text."""
        yield Static("", markup=False)

    def on_resize(self) -> None:
        """Fit the lines."""
        self._draw()

    def time_passed(self) -> None:
        """Draw the ages again."""
        self._draw()

    def show(self, page: Page, client_id: str) -> None:
        """Show a credential as it is now; nothing if it is gone."""
        if client_id != self.client_id:
            self._problem = ""
            self.scroll_home(animate=False)
        self.client_id, self._page = client_id, page
        self.credential = page.find(client_id)
        self.border_title = Content(self.credential.display_name if self.credential else "")
        self._draw()
        if self.credential:
            self._read(client_id)
        else:
            self._stop_reading()

    def show_none(self) -> None:
        """Forget what was shown, as when the person may no longer see it."""
        self._stop_reading()
        self.client_id = self.credential = None
        self._events.clear()
        self.border_title = ""
        self._draw()

    def _stop_reading(self) -> None:
        # The log would say that a person tried to read it who may no longer do so.
        self.workers.cancel_group(self, "events")

    @work(exclusive=True, group="events")
    async def _read(self, client_id: str) -> None:
        await asyncio.sleep(PAUSE)
        known = self._events.get(client_id)
        try:
            events = await asyncio.to_thread(read_events, self._service, client_id, known)
        except CredtuiError as error:
            self._problem = str(error)
        else:
            self._problem, self._events[client_id] = "", events
        self._draw()

    def _draw(self) -> None:
        text = self._text()
        if not text.is_same(self._shown) and self.is_mounted:
            self._shown = text
            self.query_one(Static).update(text)

    def _text(self) -> Content:
        credential, page, service = self.credential, self._page, self._service
        width = self.scrollable_content_region.width - 1  # A blank parts it from the scrollbar.
        if credential is None or page is None or width <= 0:
            return Content()
        command = token_command(service.environment, service.organization, credential.client_id)
        period = timedelta(days=self._portal_context.installation.settings.rotation_days)
        events = self._events.get(credential.client_id)
        subject = Subject(credential, page, events, self._problem, command, period)
        return detail(subject, service.clock(), width, self._portal_context.marks)
