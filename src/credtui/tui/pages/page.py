"""What all pages of the portal share."""

from collections.abc import Sequence
from typing import Any, ClassVar, cast

from textual import on
from textual.containers import Vertical
from textual.widgets import Button, Static

from credtui.domain.models import Credential
from credtui.domain.page import Page
from credtui.tui.screens.portal import Portal
from credtui.tui.verbs.verb import Verb


class PortalPage(Vertical):
    """A page of the portal, beside the navigation.

    A page belongs to one organization in one environment. Another one gets new pages.

    Attributes:
        VERBS: The verbs that the page's keys run, and its buttons of the class "verb". The id of
            such a button is the name of the verb.
    """

    VERBS: ClassVar[Sequence[Verb[Any]]] = ()

    @property
    def portal(self) -> Portal:
        """The screen that the page is on."""
        return cast("Portal", self.screen)

    def page_changed(self, page: Page) -> None:
        """Show the organization as it is now. Called when the page opens, and at each change."""
        raise NotImplementedError

    def take_focus(self) -> None:
        """Focus the widget at which a person begins."""
        raise NotImplementedError

    def focus_credential(self, client_id: str) -> None:
        """Focus the card of a credential, where the page has cards."""

    @property
    def no_access(self) -> str:
        """All that a page says to a person without access."""
        return (
            f"You have no access to the API credentials of {self.portal.service.organization}.\n\n"
            "Ask your representative for Can View or Can Edit."
        )

    def say_alone(self, text: str) -> None:
        """Show a text where the page has nothing else to show; hide it if it is empty."""
        alone = self.query_one(".alone", Static)
        alone.update(text)
        alone.display = bool(text)

    @property
    def credential(self) -> Credential | None:
        """The credential that is chosen on the page, if any."""
        return None

    @property
    def subject(self) -> object:
        """What the page's verbs are about."""
        return self.credential

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the verbs that can be used now, and nothing while the terminal is too small."""
        if self.portal.covered:
            return False
        if action == "verb":
            return self._find(str(parameters[0])).obstacle(self.portal.page, self.subject) is None
        return super().check_action(action, parameters)

    def action_verb(self, name: str) -> None:
        """Use the verb of this name."""
        self.portal.use(self._find(name), self.subject)

    @on(Button.Pressed, ".verb")
    def _use(self, event: Button.Pressed) -> None:
        self.action_verb(event.button.id or "")

    def _find(self, name: str) -> Verb[Any]:
        return next(verb for verb in self.VERBS if verb.name == name)

    def time_passed(self) -> None:
        """Show how old things are by now. Called every half minute."""
