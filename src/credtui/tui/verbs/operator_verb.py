"""What a representative can do to operators."""

import asyncio
from typing import TYPE_CHECKING, ClassVar

from credtui.domain.page import Page
from credtui.domain.permissions import Operator
from credtui.tui.screens.portal import Portal
from credtui.tui.verbs.verb import Verb

if TYPE_CHECKING:
    from credtui.service.operators import OperatorService

NOT_ALLOWED = "Only a representative may manage operators."


class OperatorVerb(Verb[Operator]):
    """Something a representative can do to an operator, or to all of them.

    Attributes:
        for_one: Whether the verb is about one operator.
    """

    heading = "Operator"
    for_one: ClassVar[bool] = True

    def obstacle(self, page: Page, subject: Operator | None) -> str | None:
        """Return why the verb can't be used now, in a sentence; None if it can."""
        if not page.may_manage:
            return NOT_ALLOWED
        if self.for_one and subject is None:
            return "There is no operator yet."
        return None


def operator_service(portal: Portal) -> "OperatorService":
    """Return the service that manages operators, for the person who uses the portal."""
    return portal.context.installation.operator_service(portal.context.actor)


async def listed_organizations(portal: Portal) -> list[str]:
    """Return all organizations: the open one first, the others by name."""
    organizations = await asyncio.to_thread(operator_service(portal).organizations)
    here = portal.service.organization
    return sorted(organizations, key=lambda name: (name != here, name))
