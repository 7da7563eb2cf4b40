"""Add Operator: let somebody use credtui."""

import asyncio

from credtui.domain.permissions import Operator, Permission
from credtui.domain.refusals import Refusal
from credtui.tui.screens.portal import Portal
from credtui.tui.verbs.asking import ask_until_accepted
from credtui.tui.verbs.operator_verb import OperatorVerb, listed_organizations, operator_service


class AddOperator(OperatorVerb):
    """Adds an operator. The first one must be a representative, who may manage the others."""

    name = "add_operator"
    label = "Add Operator"
    key = "n"
    help = "Let somebody use credtui."
    heading = ""
    for_one = False

    async def run(self, portal: Portal, operator: None) -> None:  # noqa: ARG002
        """Ask for the operator, and add them."""
        from credtui.tui.dialogs.operator import OperatorDialog, OperatorDraft

        service = operator_service(portal)
        taken = [known.name for known in await asyncio.to_thread(service.operators)]
        organizations = await listed_organizations(portal)

        def add(draft: OperatorDraft) -> Operator:
            return service.add(
                draft.name,
                keys=[key.line for key in draft.keys],
                permissions={
                    name: permission
                    for name, permission in draft.permissions.items()
                    if permission is not Permission.NO_ACCESS
                },
                representative=draft.representative,
            )

        added = await ask_until_accepted(
            portal,
            lambda draft, problem: OperatorDialog(
                self.label,
                draft,
                organizations,
                taken=taken,
                problem=problem,
            ),
            add,
            first=OperatorDraft("" if taken else portal.context.actor.operator),
            refusals=Refusal,
        )
        if added:
            portal.tell(f"{added.name} is added.")
