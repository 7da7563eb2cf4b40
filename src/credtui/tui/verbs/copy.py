"""Copy Client ID: send it to the person's clipboard."""

import asyncio

from credtui.domain.models import Credential
from credtui.domain.permissions import Permission
from credtui.tui.verbs.verb import Portal, Verb


class CopyClientId(Verb):
    """Copies a credential's Client ID."""

    name = "copy"
    label = "Copy Client ID"
    short = "Copy Client ID"
    in_footer = False
    key = "c"
    help = "Send the Client ID to your clipboard."
    permission = Permission.CAN_VIEW

    async def run(self, portal: Portal, credential: Credential) -> None:
        """Send it, and say by which route."""
        clipboard = portal.surroundings.clipboard
        sent = await asyncio.to_thread(clipboard.send, credential.client_id)
        portal.tell(f"{sent.message} {sent.fix or ''}".strip())
