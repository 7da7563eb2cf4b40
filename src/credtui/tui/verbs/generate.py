"""New Credential: name it, generate it, show its secret once."""

from credtui.domain.errors import InvalidNameError, NameTakenError
from credtui.domain.models import Credential
from credtui.domain.page import Page
from credtui.tui.portal import Portal
from credtui.tui.verbs.verb import Verb


class Generate(Verb):
    """Generates a credential."""

    name = "generate"
    label = "New Credential"
    short = "New"
    key = "n"
    help = "Generate a credential and show its secret once."
    for_card = False
    in_menu = False

    def obstacle(self, page: Page, credential: Credential | None) -> str | None:
        """At the cap, name what to do."""
        if obstacle := super().obstacle(page, credential):
            return obstacle
        if page.full:
            return "Delete a credential before creating a new one."
        return None

    async def run(self, portal: Portal, credential: None) -> None:  # noqa: ARG002
        """Ask for the name until one is accepted."""
        from credtui.tui.dialogs.name import NameDialog
        from credtui.tui.dialogs.secret import show_secret

        name, problem = "", ""
        while True:
            answer = await portal.ask(
                NameDialog("New Credential", "Save & Generate Key", portal.page, name, problem)
            )
            if answer is None:
                return
            name = answer
            try:
                issued = await portal.do(lambda: portal.service.generate(name))  # noqa: B023
            except (InvalidNameError, NameTakenError) as error:
                problem = str(error)
            else:
                break
        await show_secret(portal, issued)
