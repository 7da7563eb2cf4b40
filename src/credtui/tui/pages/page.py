"""What a page of the portal is."""

from typing import cast

from textual.containers import Vertical

from credtui.domain.models import Credential
from credtui.domain.page import Page
from credtui.tui.surroundings import Portal


def no_access(organization: str) -> str:
    """Return what a page says, and all it says, to a person who may see nothing."""
    return (
        f"You have no access to the API credentials of {organization}.\n\n"
        'Ask your representative for the permission "API Credentials: Can View" or "Can Edit".'
    )


class PortalPage(Vertical):
    """Fills the portal beside its navigation.

    A page belongs to one organization in one environment; another one gets new pages.
    """

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

    def time_passed(self) -> None:
        """Let relative times go on."""
