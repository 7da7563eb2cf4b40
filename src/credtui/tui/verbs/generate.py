"""New Credential: name it, generate it, show its secret once."""

from credtui.domain.models import Credential
from credtui.domain.page import Page
from credtui.tui.screens.portal import Portal
from credtui.tui.verbs.asking import change_with_name
from credtui.tui.verbs.credential_verb import CredentialVerb
from credtui.tui.verbs.show_secret import show_secret


class Generate(CredentialVerb):
    """Generates a credential."""

    name = "generate"
    label = "New Credential"
    short = "New"
    key = "n"
    help = "Generate a credential and show its secret once."
    heading = ""
    for_card = False
    in_menu = False

    def obstacle(self, page: Page, subject: Credential | None) -> str | None:
        """Refuse at the cap, and say what to do."""
        if obstacle := super().obstacle(page, subject):
            return obstacle
        if page.why_not_add():
            return "Delete a credential before creating a new one."
        return None

    async def run(self, portal: Portal, credential: None) -> None:  # noqa: ARG002
        """Ask for the name, generate, and show the secret."""
        issued = await change_with_name(
            portal, portal.service.generate, title=self.label, confirm="Save & Generate Key"
        )
        if issued:
            await show_secret(portal, issued, "generated", "Its clients need the secret.")
