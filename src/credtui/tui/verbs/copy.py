"""Copy Client ID: send it to the person's clipboard."""

from credtui.domain.models import Credential
from credtui.domain.permissions import Permission
from credtui.tui.screens.portal import Portal
from credtui.tui.verbs.credential_verb import CredentialVerb


class CopyClientId(CredentialVerb):
    """Copies a credential's Client ID."""

    name = "copy"
    label = "Copy Client ID"
    in_footer = False
    key = "c"
    help = "Send the Client ID to your clipboard."
    permission = Permission.CAN_VIEW
    needs_store = False

    async def run(self, portal: Portal, credential: Credential) -> None:
        """Send the Client ID, and say by which route."""
        portal.copy(credential.client_id, "Client ID")
