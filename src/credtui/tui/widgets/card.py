"""A credential, as a card."""

from dataclasses import dataclass
from datetime import timedelta

from textual import events
from textual.content import Content
from textual.geometry import Offset
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from credtui.domain.clock import Clock
from credtui.domain.models import Credential
from credtui.domain.page import Page
from credtui.tui.marks import Marks
from credtui.tui.meters import age_meter, tokens_meter
from credtui.tui.summaries import alerts, badges

_NAME_CELLS = 20
"""Cells that a name keeps when badges need the room."""


class Card(Widget, can_focus=True):
    """Shows a credential; opens its menu when asked.

    Args:
        client_id: The credential.
        page: What is known of the organization.
        clock: The clock by which ages are computed.
        period: The rotation period.
        marks: The signs it may draw.
    """

    @dataclass
    class MenuRequested(Message):
        """A message that requests the menu of a card.

        Attributes:
            card: The card.
            at: Where on the screen the menu opens.
        """

        card: "Card"
        at: Offset

    page: reactive[Page | None] = reactive(None, layout=True)

    compact: reactive[bool] = reactive(False, layout=True)  # noqa: FBT003
    """Whether alerts take the place of the meters, so that all alerts are on the screen."""

    def __init__(
        self, client_id: str, page: Page, *, clock: Clock, period: timedelta, marks: Marks
    ) -> None:
        super().__init__()
        self.client_id = client_id
        self._clock = clock
        self._period = period
        self._marks = marks
        self.set_reactive(Card.page, page)

    @property
    def credential(self) -> Credential | None:
        """The credential, None once it is gone."""
        return self.page.find(self.client_id) if self.page else None

    def render(self) -> Content:
        """The Client ID with the menu's button, then age, use and alerts."""
        credential, page = self.credential, self.page
        if credential is None or page is None:
            return Content()
        now, marks, width = self._clock(), self._marks, self.content_size.width
        usage = page.usage.get(self.client_id)
        identity = f"Client ID  {credential.client_id}"
        if len(identity) + 4 > width:
            identity = credential.client_id
        room = " " * max(1, width - len(identity) - 3)
        meters = [
            age_meter(credential, now, self._period, width, marks),
            tokens_meter(usage, now, width, marks),
        ]
        warnings = [Content.styled(*alert) for alert in alerts(credential, page, now, width)]
        if self.compact:
            meters = meters[: max(0, len(meters) - len(warnings))]
        return Content("\n").join(
            [Content.assemble(identity, room, ("...", "bold")), *meters, *warnings]
        )

    @property
    def wanted_rows(self) -> int:
        """The rows that the card takes when it isn't compact."""
        if self.credential is None or self.page is None:
            return 0
        width = self.content_size.width
        return 5 + len(alerts(self.credential, self.page, self._clock(), width))

    def watch_page(self) -> None:
        """Draw the title again; Textual draws the rest."""
        self._draw_title()

    def on_resize(self) -> None:
        """Keep the badges at the right."""
        self._draw_title()

    def on_click(self, event: events.Click) -> None:
        """Open the menu at its button."""
        if event.get_content_offset(self) is not None and event.y == 1:
            offset = event.get_content_offset(self)
            if offset and offset.x >= self.content_size.width - 4:
                self.request_menu()

    def request_menu(self) -> None:
        """Ask for the menu, at its button."""
        corner = Offset(self.region.right - 2, self.region.y + 1)
        self.post_message(self.MenuRequested(self, corner))

    def _draw_title(self) -> None:
        """Draw the name and badges on the upper border. Badges without room go on the lower one."""
        credential, page = self.credential, self.page
        if credential is None or page is None or not self.size.width:
            return
        between = Content.styled(f" {self._marks.dot} ", "$text-muted")
        shown = [
            Content.styled(*badge)
            for badge in badges(credential, page, self._clock(), self._period)
        ]
        room = self.outer_size.width - 6
        name = Content(credential.display_name)
        least, below = min(name.cell_length, _NAME_CELLS), list[Content]()
        while shown and least + 3 + between.join(shown).cell_length > room:
            below.insert(0, shown.pop())
        right = between.join(shown)
        name = name.truncate(max(least, room - right.cell_length - 3), ellipsis=True)
        gap = room - name.cell_length - right.cell_length
        if right.cell_length:
            line = (self._marks.line * (gap - 2), "$secondary")
            name = Content.assemble(name, " ", line, " ", right)
        self.border_title = name
        self.border_subtitle = between.join(below)
