"""Make Primary: designate the one primary credential."""

from credtui.domain.models import Credential
from credtui.domain.page import Page
from credtui.tui.screens.portal import Portal
from credtui.tui.verbs.credential_verb import CredentialVerb


class MakePrimary(CredentialVerb):
    """Makes a credential the primary one."""

    name = "make_primary"
    label = "Make Primary"
    short = "Primary"
    key = "p"
    help = "Make it the primary credential."

    def rule(self, page: Page, credential: Credential) -> str | None:
        """Refuse if the credential is primary already."""
        if credential.client_id == page.primary:
            return "This is the primary credential already."
        return None

    async def run(self, portal: Portal, credential: Credential) -> None:
        """Make it primary at once: no client notices, and it is easily undone."""
        await portal.do(lambda: portal.service.make_primary(credential.client_id))
        portal.tell(f"{credential.display_name} is now the primary credential.")
