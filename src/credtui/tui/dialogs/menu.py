"""The menu of a card: what can be done to its credential."""

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


class CardMenu(Modal[CredentialVerb]):
    """Returns the verb that was chosen, None for none.

    A verb that can't be used is shown with the reason.

    Args:
        verbs: What to offer.
        page: What the page shows.
        credential: The credential the menu is about.
        at: Where on the screen it opens.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,full_stop,left", "cancel", "Close the menu"),
        Binding("j", "down", show=False),
        Binding("k", "up", show=False),
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
        """One option for each verb; what several have against them is said once, below them."""
        options = []
        offer = self._offer(self._page)
        following = [*(obstacle for _, obstacle in offer[1:]), None]
        for verb, (label, obstacle), after in zip(self._verbs, offer, following, strict=True):
            prompt = Content(f"{label:<20}{verb.key:>3}")
            if obstacle and obstacle != after:
                prompt = Content.assemble(prompt, "\n", (obstacle, "italic $foreground 60%"))
            options.append(Option(prompt, id=verb.name, disabled=obstacle is not None))
        menu = OptionList(*options, markup=False)
        menu.border_title = Content(self._credential.display_name)
        menu.styles.offset = (self.app.size.width, 0)  # out of sight until it has its size
        yield menu

    def on_mount(self) -> None:
        """Open beside the card, wholly on the screen."""
        self.call_after_refresh(self._place)

    def on_resize(self, _event: events.Resize) -> None:
        """Stay wholly on the screen."""
        self.call_after_refresh(self._place)

    def _place(self) -> None:
        menu = self.query_one(OptionList)
        width, height = menu.outer_size
        menu.styles.offset = (
            max(0, min(self._at.x - width, self.app.size.width - width)),
            max(0, min(self._at.y, self.app.size.height - height)),
        )

    def page_changed(self, page: Page) -> None:
        """Close if what was offered is no longer so."""
        now = page.find(self._credential.client_id)
        if now != self._credential or self._offer(page) != self._offer(self._page):
            self.dismiss(None)

    def _offer(self, page: Page) -> list[tuple[str, str | None]]:
        """Return each verb's label, and what stands against it."""
        return [
            (verb.menu_label(page, self._credential), verb.obstacle(page, self._credential))
            for verb in self._verbs
        ]

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._verbs[event.option_index])

    def on_key(self, event: events.Key) -> None:
        """Take a verb's own key, and explain one that can't be used."""
        for verb in self._verbs:
            if event.key == verb.key and not self.covered:
                event.stop()
                if obstacle := verb.obstacle(self._page, self._credential):
                    self.warn(obstacle)
                else:
                    self.dismiss(verb)

    def on_click(self, event: events.Click) -> None:
        """A click beside the menu closes it."""
        if event.widget is self:
            self.dismiss(None)

    def action_down(self) -> None:
        """Highlight the next verb."""
        self.query_one(OptionList).action_cursor_down()

    def action_up(self) -> None:
        """Highlight the verb before."""
        self.query_one(OptionList).action_cursor_up()
