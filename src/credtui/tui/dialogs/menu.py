"""The menu of a card: the verbs for its credential."""

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Offset
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from credtui.domain.models import Credential
from credtui.domain.page import Page
from credtui.tui.dialogs.dialog import Modal
from credtui.tui.verbs.credential_verb import CredentialVerb
from credtui.tui.widgets.menu import Menu


class CardMenu(Modal[CredentialVerb]):
    """Returns the chosen verb; None if there is none. Shows why a verb can't be used.

    Args:
        verbs: The verbs to offer.
        page: What is known of the organization.
        credential: The credential the menu is about.
        at: The place on the screen at which it opens.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,full_stop,left", "cancel", "Close the menu"),
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
        """An option for each verb. A reason that several verbs share is shown once, below them."""
        options = []
        offer = self._offer(self._page)
        following = [*(obstacle for _, obstacle in offer[1:]), None]
        for verb, (label, obstacle), after in zip(self._verbs, offer, following, strict=True):
            prompt = Content(f"{label:<20}{verb.key:>3}")
            if obstacle and obstacle != after:
                prompt = Content.assemble(prompt, "\n", (obstacle, "italic $text-muted"))
            options.append(Option(prompt, id=verb.name, disabled=obstacle is not None))
        menu = Menu(*options, markup=False)
        menu.border_title = Content(self._credential.display_name)
        menu.styles.offset = (self.app.size.width, 0)  # Out of sight until its size is known.
        yield menu

    def on_mount(self) -> None:
        """Open beside the card, wholly on the screen."""
        self.call_after_refresh(self._place)

    def on_resize(self, _event: events.Resize) -> None:
        """Stay wholly on the screen."""
        self.call_after_refresh(self._place)

    def _place(self) -> None:
        menu = self.query_one(Menu)
        width, height = menu.outer_size
        menu.styles.offset = (
            max(0, min(self._at.x - width, self.app.size.width - width)),
            max(0, min(self._at.y, self.app.size.height - height)),
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
        self.dismiss(self._verbs[event.option_index])

    def on_key(self, event: events.Key) -> None:
        """Choose a verb by its key, or say why it can't be used."""
        for verb in self._verbs:
            if event.key == verb.key and not self.covered:
                event.stop()
                if obstacle := verb.obstacle(self._page, self._credential):
                    self.warn(obstacle)
                else:
                    self.dismiss(verb)

    def on_click(self, event: events.Click) -> None:
        """Close on a click beside the menu."""
        if event.widget is self:
            self.dismiss(None)
