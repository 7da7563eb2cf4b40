"""What a page of the portal is."""

from collections.abc import Sequence
from typing import Any, ClassVar, cast

from textual.containers import Vertical

from credtui.domain.models import Credential
from credtui.domain.page import Page
from credtui.tui.screens.portal import Portal
from credtui.tui.verbs.verb import Verb


def no_access(organization: str) -> str:
    """Return what a page says, and all it says, to a person who may see nothing."""
    return (
        f"You have no access to the API credentials of {organization}.\n\n"
        'Ask your representative for the permission "API Credentials: Can View" or "Can Edit".'
    )


class PortalPage(Vertical):
    """Fills the portal beside its navigation.

    A page belongs to one organization in one environment; another one gets new pages.

    Attributes:
        VERBS: The verbs that the page's keys run.
    """

    VERBS: ClassVar[Sequence[Verb[Any]]] = ()

    @property
    def portal(self) -> Portal:
        """The screen it stands on."""
        return cast("Portal", self.screen)

    def page_changed(self, page: Page) -> None:
        """Show the credentials as they are now; called when first shown, and at each change."""
        raise NotImplementedError

    def take_focus(self) -> None:
        """Focus where a person begins on this page."""
        raise NotImplementedError

    @property
    def credential(self) -> Credential | None:
        """The credential that verbs are about, if the page has one in view."""
        return None

    @property
    def subject(self) -> object:
        """What the page's verbs are about."""
        return self.credential

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the verbs that can be used now."""
        if action == "verb":
            return self._find(str(parameters[0])).obstacle(self.portal.page, self.subject) is None
        return super().check_action(action, parameters)

    def action_verb(self, name: str) -> None:
        """Use the verb of this name."""
        self.portal.use(self._find(name), self.subject)

    def _find(self, name: str) -> Verb[Any]:
        return next(verb for verb in self.VERBS if verb.name == name)

    def time_passed(self) -> None:
        """Let relative times go on."""
