"""Closing a secret's dialog without losing the secret."""

from collections.abc import Sequence

from textual import work

from credtui.domain.models import How
from credtui.tui.dialogs.dialog import Dialog, Modal
from credtui.tui.quit_gate import QuitGate

_PROOF: Sequence[How] = ("sent", "saved", "checked")
"""The ways to keep a secret in a dialog, the best proof last."""


class GatedDialog(Dialog[How]):
    """Returns how the secret was kept; asks once more before it closes if nothing shows that.

    Every way to leave goes through `action_close`. A way around it, such as a dropped line, leaves
    the secret "never seen".

    Attributes:
        kept: How the secret was kept; None until it was.
        quit_gate: Is told if the person stays.
    """

    kept: How | None = None
    quit_gate: QuitGate
    _asking = False

    def note_kept(self, how: How) -> None:
        """Note a way in which the secret was kept. The best proof counts."""
        if self.kept is None or _PROOF.index(how) > _PROOF.index(self.kept):
            self.kept = how

    def forget(self) -> None:
        """Forget the secret, because the dialog closes."""
        raise NotImplementedError

    def leave(self) -> bool:
        """Close this dialog first, which may take a question."""
        above = self.app.screen
        if above is not self and isinstance(above, Modal) and not self._asking:
            above.action_cancel()
        self.action_close()
        return False

    def action_close(self) -> None:
        """Close, after asking once more if nothing shows that the secret was kept."""
        if not self._asking:
            self._close()

    action_cancel = action_close

    @work
    async def _close(self) -> None:
        if self.kept or await self._is_given_up():
            self.forget()
            self.dismiss(self.kept or "closed unsaved")
        else:
            self.quit_gate.stay()

    async def _is_given_up(self) -> bool:
        from credtui.tui.dialogs.close_question import CloseQuestion

        self._asking = True
        given_up = await self.app.push_screen_wait(CloseQuestion())
        self._asking = False
        return bool(given_up)
