"""Switch organization: show another organization, or create one."""

import asyncio
from functools import partial

from credtui.tui.screens.portal import Portal
from credtui.tui.verbs.operator_verb import operator_service
from credtui.tui.verbs.verb import Verb


class SwitchOrganization(Verb[None]):
    """Shows another organization in the same environment. A representative may create it."""

    name = "switch_organization"
    label = "Switch organization"
    short = "Organization"
    key = "o"
    help = "Choose another organization."
    in_footer = False
    needs_store = False

    async def run(self, portal: Portal, subject: None) -> None:  # noqa: ARG002
        """Ask for the organization, create it if it is new, and go there."""
        from credtui.tui.dialogs.organization import OrganizationDialog

        service, manager = portal.service, operator_service(portal)
        names = await asyncio.to_thread(manager.viewable_organizations)
        present, environment = service.organization, service.environment.name
        may_create = portal.page.may_manage
        if not may_create and set(names) <= {present}:
            portal.warn(f"You have access to no organization but {present}.")
            return
        chosen = await portal.ask(OrganizationDialog(names, present, may_create=may_create))
        if chosen is None or chosen == present:
            return
        if chosen not in names:
            await portal.do(partial(manager.create_organization, chosen, environment))
            portal.tell(f"The organization {chosen} is created.")
        await portal.go_to(environment, chosen)
