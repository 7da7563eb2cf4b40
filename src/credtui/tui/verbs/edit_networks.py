"""Edit Networks: set from where credentials may be used."""

from credtui.domain.page import Page
from credtui.tui.screens.portal import Portal
from credtui.tui.verbs.verb import Verb


class EditNetworks(Verb[None]):
    """Sets the networks of an organization in an environment."""

    name = "edit_networks"
    label = "Edit Networks"
    key = "e"
    help = "Say where clients may come from."

    def obstacle(self, page: Page, subject: None) -> str | None:  # noqa: ARG002
        """Refuse to anybody but a representative."""
        return None if page.may_manage else "Only a representative may set the networks."

    async def run(self, portal: Portal, subject: None) -> None:  # noqa: ARG002
        """Ask for the networks, and set them."""
        from credtui.tui.dialogs.networks import NetworksDialog

        seen = portal.page.networks
        networks = await portal.ask(NetworksDialog(portal))
        if networks is not None and networks != seen:
            kept = await portal.do(lambda: portal.service.set_networks(networks, seen=seen))
            where = f"from {', '.join(kept)}" if kept else "from everywhere"
            portal.tell(f"The credentials may now be used {where}.")
