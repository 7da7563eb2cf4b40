"""Replace: move clients over to a new credential while both work."""

from functools import partial

from credtui.domain.models import Credential
from credtui.domain.names import MAX_NAME_LENGTH
from credtui.domain.page import Page
from credtui.domain.refusals import CapReachedError, ReplacesAnotherError
from credtui.domain.replacement import ReplacementStep
from credtui.domain.rules import MAX_CREDENTIALS
from credtui.tui.replacing import REMINDER, step_lines
from credtui.tui.screens.portal import Portal
from credtui.tui.verbs.asking import change_with_name
from credtui.tui.verbs.credential_verb import CredentialVerb
from credtui.tui.verbs.rotate import Rotate
from credtui.tui.verbs.show_secret import show_secret

INTRODUCTION = f"Both credentials work while you move the clients. {REMINDER}"


class Replace(CredentialVerb):
    """Begins the replacement of a credential, and goes on at the step that comes next by now."""

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
        """Begin the replacement if it hasn't begun, and show how far it is."""
        new = None
        if portal.page.successor_of(credential.client_id) is None:
            new = await self._begin(portal, credential)
            if new is None or portal.quit_gate.wanted:
                return
        await self._go_on(portal, credential)
        if new and portal.page.successor_of(credential.client_id):
            portal.tell(
                f"{new.display_name} generated. Move the clients of "
                f"{credential.display_name} over to it."
            )
            portal.focus_credential(new.client_id)

    async def _begin(self, portal: Portal, credential: Credential) -> Credential | None:
        steps = step_lines(ReplacementStep.GENERATE, portal.context.marks)
        issued = await change_with_name(
            portal,
            lambda name: portal.service.replace(credential.client_id, name),
            title=f"Replace {credential.display_name}",
            confirm="Save & Generate Key",
            name=f"{credential.name[: MAX_NAME_LENGTH - 4]} new",
            intro="\n".join([*(text for text, _ in steps), "", INTRODUCTION]),
        )
        if issued is None:
            return None
        new = issued.credential
        await show_secret(portal, issued, "generated", "")
        return new

    async def _go_on(self, portal: Portal, credential: Credential) -> None:
        from credtui.tui.dialogs.replacement import ReplacementDialog

        while step := await portal.ask(ReplacementDialog(portal, credential)):
            new = portal.page.successor_of(credential.client_id)
            if step == "finish":
                await portal.do(
                    lambda: portal.service.finish_replacement(
                        credential.client_id, seen=credential.generation
                    )
                )
                portal.tell(f"{credential.display_name} is deleted.")
                return
            if step == "rotate" and new:
                await Rotate().run(portal, new)
            elif new:
                await portal.do(partial(portal.service.make_primary, new.client_id))
