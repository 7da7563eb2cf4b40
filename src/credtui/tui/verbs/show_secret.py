"""Showing the secret that a verb made, once."""

from functools import partial

from rich.cells import cached_cell_len

from credtui.domain.errors import OutcomeUnknownError
from credtui.domain.models import IssuedSecret
from credtui.tui.screens.portal import Portal


async def show_secret(portal: Portal, issued: IssuedSecret) -> None:
    """Show a secret until its dialog is closed, and record how it was kept.

    Raises:
        OutcomeUnknownError: Nobody knows whether the secret is valid, so nothing was recorded.
    """
    from credtui.tui.dialogs.secret import SecretDialog

    credential, doubt = issued.credential, issued.doubt
    dialog = SecretDialog(issued, portal)
    del issued
    how = await portal.ask(dialog)
    # Rich remembers the texts that it measured last, together with their widths.
    cached_cell_len.cache_clear()
    if isinstance(doubt, OutcomeUnknownError):
        raise doubt
    await portal.do(
        partial(
            portal.service.confirm,
            credential.client_id,
            seen=credential.generation,
            how=how or "closed unsaved",
        )
    )
