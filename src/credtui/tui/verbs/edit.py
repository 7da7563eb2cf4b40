"""Edit: give a credential another name."""

from credtui.domain.errors import InvalidNameError, NameTakenError
from credtui.domain.models import Credential
from credtui.tui.portal import Portal
from credtui.tui.verbs.verb import Verb


class Edit(Verb):
    """Renames a credential."""

    name = "edit"
    label = "Edit"
    short = "Edit"
    key = "e"
    help = "Rename it; its Client ID and secret stay."

    async def run(self, portal: Portal, credential: Credential) -> None:
        """Ask for the name until one is accepted."""
        from credtui.tui.dialogs.name import NameDialog

        name, problem = credential.name, ""
        while True:
            answer = await portal.ask(
                NameDialog("Edit", "Save", portal.page, name, problem, credential=credential)
            )
            if answer is None or answer == credential.name:
                return
            name = answer
            try:
                renamed = await portal.do(
                    lambda: portal.service.rename(credential.client_id, name)  # noqa: B023
                )
            except (InvalidNameError, NameTakenError) as error:
                problem = str(error)
            else:
                break
        portal.tell(f"{credential.display_name} is now named {renamed.display_name}.")
