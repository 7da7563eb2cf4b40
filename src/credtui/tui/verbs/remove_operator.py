"""Remove Operator: take an operator's access away."""

from credtui.domain.permissions import Operator
from credtui.tui.screens.portal import Portal
from credtui.tui.verbs.operator_verb import OperatorVerb, operator_service


class RemoveOperator(OperatorVerb):
    """Removes an operator."""

    name = "remove_operator"
    label = "Remove Operator"
    short = "Remove"
    key = "d"
    help = "Take an operator's access away."

    async def run(self, portal: Portal, operator: Operator) -> None:
        """Confirm, and remove the operator."""
        from credtui.tui.dialogs.confirm import ConfirmDialog

        sure = await portal.ask(
            ConfirmDialog(
                self.label,
                self.short,
                (("Operator", operator.name), ("Keys", str(len(operator.keys)))),
                "They lose access to every organization. Whatever they have open ends at its "
                "next action.",
            )
        )
        if sure:
            await portal.do(lambda: operator_service(portal).remove(operator.name))
            portal.tell(f"{operator.name} is removed.")
