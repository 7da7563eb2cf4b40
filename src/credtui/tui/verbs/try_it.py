"""Try it: request an access token, to see whether a secret works."""

from credtui.domain.models import Credential
from credtui.domain.permissions import Permission
from credtui.tui.screens.portal import Portal
from credtui.tui.verbs.credential_verb import CredentialVerb


class TryIt(CredentialVerb):
    """Requests an access token with a secret that the person has."""

    name = "try-it"
    label = "Try it"
    short = "Try it"
    key = "t"
    help = "Request an access token with a secret that you paste."
    in_footer = False
    in_menu = False
    permission = Permission.CAN_VIEW

    async def run(self, portal: Portal, credential: Credential) -> None:
        """Ask for the secret, and say what came back."""
        from credtui.tui.dialogs.try_it import TryItDialog

        await portal.ask(TryItDialog(portal.service, credential))
