"""Switch environment: show another environment."""

from credtui.tui.screens.portal import Portal
from credtui.tui.verbs.verb import Verb


class SwitchEnvironment(Verb[None]):
    """Shows the organization in another environment."""

    name = "switch_environment"
    label = "Switch environment"
    short = "Environment"
    key = "v"
    help = "Choose another environment."
    in_footer = False
    needs_store = False

    async def run(self, portal: Portal, subject: None) -> None:  # noqa: ARG002
        """Ask for the environment, and go there."""
        from credtui.tui.dialogs.environment import EnvironmentDialog

        service, settings = portal.service, portal.context.installation.settings
        environments = [settings.find_environment(name) for name in settings.environments]
        present = service.environment.name
        chosen = await portal.ask(EnvironmentDialog(environments, service.organization, present))
        if chosen and chosen != present:
            await portal.go_to(chosen, service.organization)
