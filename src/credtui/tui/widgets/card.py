"""A credential, as a card."""

from dataclasses import dataclass
from datetime import timedelta

from textual import events
from textual.content import Content
from textual.geometry import Offset
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from credtui.clock import Clock
from credtui.domain.models import Credential
from credtui.domain.rotation import Rotation, rotation, rotation_due_at
from credtui.tui.marks import Marks
from credtui.tui.phrases import ago, date, duration, minute


class Card(Widget, can_focus=True):
    """Shows a credential; opens its menu when asked.

    Args:
        credential: What it shows.
        primary: Whether it is the primary one.
        clock: Tells how old things are.
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

    credential: reactive[Credential | None] = reactive(None, layout=True)
    primary: reactive[bool] = reactive(default=False)

    def __init__(
        self,
        credential: Credential,
        *,
        primary: bool,
        clock: Clock,
        period: timedelta,
        marks: Marks,
    ) -> None:
        super().__init__()
        self.client_id = credential.client_id
        self._clock = clock
        self._period = period
        self._marks = marks
        self.set_reactive(Card.credential, credential)
        self.set_reactive(Card.primary, primary)

    def show(self, credential: Credential, *, primary: bool) -> None:
        """Show the credential as it is now."""
        self.credential = credential
        self.primary = primary
        self._draw_title()

    def render(self) -> Content:
        """The Client ID with the menu's button, and what is known of the secret's age."""
        credential = self.credential
        assert credential is not None  # noqa: S101
        identity = f"Client ID  {credential.client_id}"
        room = max(1, self.content_size.width - len(identity) - 3)
        lines = [Content.assemble(identity, " " * room, ("...", "bold"))]
        lines += [Content(line) for line in self._history(credential)]
        return Content("\n").join(lines)

    def _history(self, credential: Credential) -> list[str]:
        now, dot = self._clock(), f" {self._marks.dot} "
        if self.has_focus:
            created = f"Created {minute(credential.created_at)}"
            if credential.rotated_at:
                return [created, f"Rotated {minute(credential.rotated_at)}"]
            return [created, f"Never rotated, {duration(credential.secret_age(now))}"]
        created = f"Created {date(credential.created_at)}"
        if credential.rotated_at:
            return [created + dot + f"rotated {ago(credential.rotated_at, now)}", ""]
        return [created + dot + f"never rotated, {duration(credential.secret_age(now))}", ""]

    def badges(self) -> list[tuple[str, str]]:
        """Return what stands out about the credential, with the theme's colour for it."""
        credential = self.credential
        assert credential is not None  # noqa: S101
        badges = []
        if not credential.confirmed:
            badges.append(("Secret never confirmed", "$text-error"))
        now = self._clock()
        urgency = rotation(credential, now, self._period)
        if urgency is Rotation.DUE:
            badges.append(("Rotation due", "$text-warning"))
        elif urgency is Rotation.SOON:
            left = duration(rotation_due_at(credential, self._period) - now)
            badges.append((f"Rotation due in {left}", "$text-warning"))
        if self.primary:
            badges.append(("Primary", "$text-success"))
        return badges

    def on_mount(self) -> None:
        """Begin with a title."""
        self._draw_title()

    def on_resize(self) -> None:
        """Keep the badges at the right."""
        self._draw_title()

    def on_focus(self) -> None:
        """Show absolute times."""
        self.refresh(layout=True)

    def on_blur(self) -> None:
        """Show relative times."""
        self.refresh(layout=True)

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
        """Draw the name at the left and the badges at the right of the upper border."""
        if self.credential is None or not self.size.width:
            return
        between = Content.styled(f" {self._marks.dot} ", "$text-muted")
        badges = between.join(Content.styled(text, colour) for text, colour in self.badges())
        room = self.outer_size.width - 6
        name = Content(self.credential.display_name).truncate(
            max(8, room - badges.cell_length - 3), ellipsis=True
        )
        gap = room - name.cell_length - badges.cell_length
        if badges.cell_length and gap >= 2:
            line = (self._marks.line * (gap - 2), "$secondary 60%")
            self.border_title = Content.assemble(name, " ", line, " ", badges)
        else:
            self.border_title = name
