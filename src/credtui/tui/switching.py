"""Going to another environment or organization."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from credtui.service.credentials import CredentialService

if TYPE_CHECKING:
    from credtui.tui.screens.portal import PortalScreen


async def choose_environment(portal: "PortalScreen") -> CredentialService | None:
    """Ask for an environment, and return the service there; None to stay."""
    from credtui.tui.dialogs.environment import EnvironmentDialog

    settings, service = portal.surroundings.installation.settings, portal.service
    environments = [settings.find_environment(name) for name in settings.environments]
    present = service.environment.name
    chosen = await portal.ask(EnvironmentDialog(environments, service.organization, present))
    if chosen is None or chosen == present:
        return None
    return portal.surroundings.installation.service(
        service.actor, environment=chosen, organization=service.organization
    )


async def choose_organization(portal: "PortalScreen") -> CredentialService | None:
    """Ask for an organization, and return the service there; None to stay.

    A representative may name a new one.

    Raises:
        CredtuiError: The organizations can't be had, or the new one can't be.
    """
    from credtui.tui.dialogs.organization import OrganizationDialog

    installation, service = portal.surroundings.installation, portal.service
    manager = installation.operator_service(service.actor)
    names = await asyncio.to_thread(manager.viewable_organizations)
    present, environment = service.organization, service.environment.name
    may_create = portal.page.may_manage
    if not may_create and set(names) <= {present}:
        portal.warn(f"You have access to no other organization than {present}.")
        return None
    chosen = await portal.ask(OrganizationDialog(names, present, may_create=may_create))
    if chosen is None or chosen == present:
        return None
    if chosen not in names:
        await portal.do(partial(manager.create_organization, chosen, environment))
        portal.tell(f"The organization {chosen} is created.")
    return installation.service(service.actor, environment=environment, organization=chosen)
