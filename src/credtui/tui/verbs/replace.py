"""Replace: move clients over to a new credential while both work."""

from credtui.domain.models import Credential
from credtui.domain.names import MAX_NAME_LENGTH
from credtui.domain.page import Page
from credtui.domain.refusals import CapReachedError, ReplacesAnotherError
from credtui.domain.rules import MAX_CREDENTIALS
from credtui.tui.screens.portal import Portal
from credtui.tui.verbs.asking import change_with_name
from credtui.tui.verbs.credential_verb import CredentialVerb
from credtui.tui.verbs.show_secret import show_secret


class Replace(CredentialVerb):
    """Begins, follows and finishes the replacement of a credential."""

    name = "replace"
    label = "Replace"
    key = "x"
    help = "Rotate without downtime, by way of a second credential."
    in_footer = False

    def menu_label(self, page: Page, credential: Credential) -> str:
        """Return other words if a replacement is under way."""
        return "Go on replacing" if page.successor_of(credential.client_id) else self.label

    def rule(self, page: Page, credential: Credential) -> str | None:
        """Refuse without a free place, or if the credential is replacing another one."""
        match page.why_not_replace(credential.client_id) or page.why_not_add():
            case ReplacesAnotherError():
                return "It is replacing another credential itself. Finish that first."
            case CapReachedError():
                return (
                    f"Replacing takes a second credential, and there are {MAX_CREDENTIALS} of "
                    f"{MAX_CREDENTIALS}. Delete one first, or use Rotate Credential."
                )
        return None

    async def run(self, portal: Portal, credential: Credential) -> None:
        """Begin the replacement, or go on with it."""
        if portal.page.successor_of(credential.client_id):
            await self._go_on(portal, credential)
        else:
            await self._begin(portal, credential)

    async def _begin(self, portal: Portal, credential: Credential) -> None:
        issued = await change_with_name(
            portal,
            lambda name: portal.service.replace(credential.client_id, name),
            title=f"Replace {credential.display_name}",
            confirm="Save & Generate Key",
            name=f"{credential.name[: MAX_NAME_LENGTH - 4]} new",
            intro="A second credential is generated. Both work while you move the clients over; "
            "the old one is deleted once it has been quiet for a day.",
        )
        if issued:
            await show_secret(portal, issued)

    async def _go_on(self, portal: Portal, credential: Credential) -> None:
        from credtui.tui.dialogs.replacement import ReplacementDialog

        match await portal.ask(ReplacementDialog(portal, credential)):
            case "finish":
                await portal.do(
                    lambda: portal.service.finish_replacement(
                        credential.client_id, seen=credential.generation
                    )
                )
                portal.tell(f"{credential.display_name} is deleted; its successor has taken over.")
            case "make-primary":
                successor = portal.page.successor_of(credential.client_id)
                if successor:
                    await portal.do(lambda: portal.service.make_primary(successor.client_id))
                    portal.tell(f"{successor.display_name} is now the primary credential.")
