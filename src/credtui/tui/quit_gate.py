"""Whether the program may end."""

from typing import TYPE_CHECKING

from credtui.tui.dialogs.dialog import open_modals

if TYPE_CHECKING:
    from credtui.tui.screens.portal import Portal


class QuitGate:
    """Lets the program end, but not while a secret is on its way or on screen.

    In that case the program ends once the secret was dealt with, unless the person stays.

    Args:
        portal: The screen under any dialogs.

    Attributes:
        wanted: The person quit, and the program ends as soon as it may.
    """

    def __init__(self, portal: "Portal") -> None:
        self._portal = portal
        self.wanted = False

    def quit(self) -> None:
        """End the program, now or later."""
        modals = open_modals(self._portal.app)
        self.wanted = bool(self._portal.changing) or not all(modal.leave() for modal in modals)
        if not self.wanted:
            self._portal.app.exit()

    def stay(self) -> None:
        """Don't end the program after all."""
        self.wanted = False

    def flow_ended(self) -> None:
        """End the program if the person quit while the verb that ended now was at work."""
        if self.wanted:
            self._portal.app.exit()
