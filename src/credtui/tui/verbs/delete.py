"""Delete: remove a credential that isn't primary."""

from credtui.domain.models import Credential
from credtui.domain.page import Page
from credtui.domain.refusals import PrimaryProtectedError
from credtui.tui.screens.portal import Portal
from credtui.tui.verbs.credential_verb import CredentialVerb


class Delete(CredentialVerb):
    """Deletes a credential."""

    name = "delete"
    label = "Delete"
    key = "d"
    help = "Delete it; its clients lose access at once."

    def rule(self, page: Page, credential: Credential) -> str | None:
        """Refuse to delete the primary credential, except to a representative."""
        refusal = page.why_not_delete(credential.client_id, even_primary=page.representative)
        if isinstance(refusal, PrimaryProtectedError):
            return (
                "The primary credential can't be deleted. Make another credential primary first, "
                "or contact your representative."
            )
        return None

    async def run(self, portal: Portal, credential: Credential) -> None:
        """Ask for confirmation, and delete the credential."""
        from credtui.tui.dialogs.confirm import ConfirmCredentialDialog

        primary = credential.client_id == portal.page.primary
        confirmed = await portal.ask(
            ConfirmCredentialDialog(
                self.label,
                portal,
                credential,
                consequence="Clients that use this credential lose access immediately. "
                "This can't be undone.",
                type_name=primary,
            )
        )
        if confirmed:
            await portal.do(
                lambda: portal.service.delete(
                    credential.client_id,
                    seen=credential.generation,
                    typed_name=credential.name if primary else None,
                )
            )
            portal.tell(f"{credential.display_name} is deleted.")
