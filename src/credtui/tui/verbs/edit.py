"""Edit: give a credential another name."""

from credtui.domain.models import Credential
from credtui.tui.screens.portal import Portal
from credtui.tui.verbs.asking import change_with_name
from credtui.tui.verbs.credential_verb import CredentialVerb


class Edit(CredentialVerb):
    """Renames a credential."""

    name = "edit"
    label = "Edit"
    key = "e"
    help = "Rename it; its Client ID and secret stay."

    async def run(self, portal: Portal, credential: Credential) -> None:
        """Ask for the new name, and rename the credential."""

        def rename(name: str) -> Credential:
            if name == credential.name:
                return credential
            return portal.service.rename(credential.client_id, name)

        renamed = await change_with_name(
            portal,
            rename,
            title=self.label,
            confirm="Save",
            name=credential.name,
            credential=credential,
        )
        if renamed and renamed.name != credential.name:
            portal.tell(f"{credential.display_name} is now named {renamed.display_name}.")
