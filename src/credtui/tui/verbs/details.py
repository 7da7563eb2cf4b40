"""Details: show all that there is to see of a credential."""

from credtui.domain.models import Credential
from credtui.domain.permissions import Permission
from credtui.tui.screens.portal import Portal
from credtui.tui.verbs.credential_verb import CredentialVerb


class Details(CredentialVerb):
    """Shows a credential's callers, timeline, events and command."""

    name = "details"
    label = "Details"
    key = "i"
    help = "Show its callers, its timeline, its events and its command."
    permission = Permission.CAN_VIEW
    needs_store = False

    async def run(self, portal: Portal, credential: Credential) -> None:
        """Show them until the person closes them."""
        from credtui.tui.dialogs.details import DetailsDialog

        await portal.ask(DetailsDialog(portal, credential))
