"""The menu of a card: the verbs for its credential."""

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Offset
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from credtui.domain.models import Credential
from credtui.domain.page import Page
from credtui.tui.dialogs.dialog import Modal
from credtui.tui.verbs.credential_verb import CredentialVerb
from credtui.tui.widgets.footer import Footer
from credtui.tui.widgets.menu import Menu

REASON_WIDTH = 40
"""Columns that the style sheet leaves for a reason."""


class CardMenu(Modal[CredentialVerb]):
    """Returns the chosen verb; None if there is none. Says why the highlighted verb can't be used.

    Args:
        verbs: The verbs to offer.
        page: What is known of the organization.
        credential: The credential the menu is about.
        at: The place on the screen at which it opens.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,full_stop,left", "cancel", "Close", key_display="esc"),
    ]

    def __init__(
        self, verbs: Sequence[CredentialVerb], page: Page, credential: Credential, at: Offset
    ) -> None:
        super().__init__()
        self._verbs = verbs
        self._page = page
        self._credential = credential
        self._at = at

    def compose(self) -> ComposeResult:
        """An option for each verb, and a place for the reason."""
        offer = self._offer(self._page)
        options = []
        # Grey on the cursor's colour would be hard to read.
        blocked = "not bold dim" if self.app.has_class("-few-colours") else "auto 80%"
        for verb, (label, obstacle) in zip(self._verbs, offer, strict=True):
            words = f"{label:<20}{verb.key:>3}"
            # The cursor must reach what can't be used, so the option isn't disabled.
            prompt = Content.styled(f"{words}  not now", blocked) if obstacle else words
            options.append(Option(prompt, id=verb.name))
        with Vertical(classes="menu") as frame:
            frame.border_title = Content(self._credential.display_name)
            frame.styles.offset = (self.app.size.width, 0)  # Out of sight until its size is known.
            yield Menu(*options, markup=False)
            reason = Static("", classes="reason", markup=False)
            # The menu keeps its size while the cursor moves.
            lines = (Content(obstacle).wrap(REASON_WIDTH) for _, obstacle in offer if obstacle)
            reason.styles.height = max(map(len, lines), default=0)
            yield reason
        yield Footer()

    def on_mount(self) -> None:
        """Open beside the card, wholly on the screen."""
        self.call_after_refresh(self._place)

    @on(OptionList.OptionHighlighted)
    def _explain(self, event: OptionList.OptionHighlighted) -> None:
        _, obstacle = self._offer(self._page)[event.option_index]
        self.query_one(".reason", Static).update(obstacle or "")

    def on_resize(self, _event: events.Resize) -> None:
        """Stay wholly on the screen."""
        self.call_after_refresh(self._place)

    def _place(self) -> None:
        frame = self.query_one(".menu")
        width, height = frame.outer_size
        above_footer = self.app.size.height - 1
        frame.styles.offset = (
            max(0, min(self._at.x - width, self.app.size.width - width)),
            max(0, min(self._at.y, above_footer - height)),
        )

    def page_changed(self, page: Page) -> None:
        """Close if the offer no longer holds."""
        now = page.find(self._credential.client_id)
        if now != self._credential or self._offer(page) != self._offer(self._page):
            self.dismiss(None)

    def _offer(self, page: Page) -> list[tuple[str, str | None]]:
        """Return each verb's label, and why it can't be used."""
        return [
            (verb.menu_label(page, self._credential), verb.obstacle(page, self._credential))
            for verb in self._verbs
        ]

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        verb = self._verbs[event.option_index]
        if obstacle := verb.obstacle(self._page, self._credential):
            self.warn(obstacle)
        else:
            self.dismiss(verb)

    def on_key(self, event: events.Key) -> None:
        """Choose a verb by its key."""
        for place, verb in enumerate(self._verbs):
            if event.key == verb.key and not self.covered:
                event.stop()
                menu = self.query_one(Menu)
                menu.highlighted = place
                menu.action_select()

    def on_click(self, event: events.Click) -> None:
        """Close on a click beside the menu."""
        if event.widget is self:
            self.dismiss(None)
