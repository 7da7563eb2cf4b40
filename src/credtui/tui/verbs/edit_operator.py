"""Edit: change what an operator may do, and their keys."""

from credtui.domain.permissions import Operator, Permission
from credtui.domain.refusals import Refusal
from credtui.tui.screens.portal import Portal
from credtui.tui.verbs.asking import ask_until_accepted
from credtui.tui.verbs.operator_verb import OperatorVerb, listed_organizations, operator_service


class EditOperator(OperatorVerb):
    """Changes an operator's permissions and keys."""

    name = "edit_operator"
    label = "Edit"
    key = "e"
    help = "Change permissions and keys."

    async def run(self, portal: Portal, operator: Operator) -> None:
        """Ask for the changes, and make those that the person made."""
        from credtui.tui.dialogs.operator import OperatorDialog, OperatorDraft

        service, organizations = operator_service(portal), await listed_organizations(portal)
        known = {key.fingerprint for key in operator.public_keys}

        def change(draft: OperatorDraft) -> Operator:
            keys = {key.fingerprint: key.line for key in draft.keys}
            changed = draft.representative != operator.representative
            return service.set(
                operator.name,
                add_keys=[line for fingerprint, line in keys.items() if fingerprint not in known],
                remove_keys=known - keys.keys(),
                permissions={
                    name: permission
                    for name, permission in draft.permissions.items()
                    if permission != operator.permissions.get(name, Permission.NO_ACCESS)
                },
                representative=draft.representative if changed else None,
            )

        changed = await ask_until_accepted(
            portal,
            lambda draft, problem: OperatorDialog(
                f"Edit {operator.name}", draft, organizations, problem=problem
            ),
            change,
            first=OperatorDraft.of(operator),
            refusals=Refusal,
        )
        if changed:
            portal.tell(f"{operator.name} is changed.")
