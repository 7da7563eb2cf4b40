"""Rotate Credential: replace the secret, show the new one once."""

from credtui.domain.models import Credential
from credtui.tui.screens.portal import Portal
from credtui.tui.verbs.credential_verb import CredentialVerb
from credtui.tui.verbs.show_secret import show_secret


class Rotate(CredentialVerb):
    """Rotates a credential."""

    name = "rotate"
    label = "Rotate Credential"
    short = "Rotate"
    key = "r"
    help = "Replace the secret; the previous one stops working."

    async def run(self, portal: Portal, credential: Credential) -> None:
        """Ask for confirmation, rotate the secret, and show the new one; or replace it instead."""
        from credtui.tui.dialogs.confirm import RotateDialog
        from credtui.tui.verbs.replace import Replace

        dialog = RotateDialog(
            self.label,
            portal,
            credential,
            consequence="The previous secret is immediately invalidated: clients that use it "
            "are refused until they have the new one. The Client ID stays.",
        )
        confirmed = await portal.ask(dialog)
        if dialog.replace_instead:
            await Replace().run(portal, credential)
        elif confirmed:
            issued = await portal.do(
                lambda: portal.service.rotate(credential.client_id, seen=credential.generation)
            )
            await show_secret(portal, issued, "rotated", "Clients need the new secret.")
