"""Showing the secret that a verb made, once."""

from functools import partial

from rich.cells import cached_cell_len

from credtui.domain.errors import OutcomeUnknownError, StoreError
from credtui.domain.models import IssuedSecret
from credtui.tui.screens.portal import Portal

LATER = "How its secret was kept is noted as soon as the portal is online again."


async def show_secret(portal: Portal, issued: IssuedSecret, made: str, following: str) -> None:
    """Show a secret until its dialog is closed, and record how it was handed over.

    Then say what was made, and focus its card.

    Args:
        portal: The screen under the dialog.
        issued: The secret.
        made: What was made of the credential, in a word: "rotated".
        following: What a person should do now, in a sentence; empty if the caller says it.

    Raises:
        OutcomeUnknownError: Nobody knows whether the secret is valid, so nothing was recorded.
    """
    from credtui.tui.dialogs.secret import SecretDialog

    credential, doubt, lease = issued.credential, issued.doubt, issued.lease
    dialog = SecretDialog(issued, portal)
    del issued
    with lease:  # The portal may end while the dialog is open.
        how = await portal.ask(dialog)
        # Rich remembers the texts that it measured last, together with their widths.
        cached_cell_len.cache_clear()

        confirm = partial(
            portal.service.confirm,
            credential.client_id,
            seen=credential.generation,
            how=how or "closed unsaved",
        )

        def note() -> None:
            # Release the lease after the record, or the secret would seem never seen in between.
            with lease:
                if isinstance(doubt, OutcomeUnknownError):
                    raise doubt
                confirm()

        try:
            await portal.do(note)
        except StoreError:
            await portal.follower.look()
            if not portal.outage:
                raise
            portal.when_online(confirm)
            following = f"{following} {LATER}".strip()
    if how in (None, "closed unsaved"):
        unsaved = f"{credential.display_name} {made}. Its secret was closed unsaved."
        portal.tell(unsaved, severity="warning")
    elif following:
        portal.tell(f"{credential.display_name} {made}. {following}")
    portal.focus_credential(credential.client_id)
