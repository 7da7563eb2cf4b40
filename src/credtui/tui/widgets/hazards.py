"""A warning, for confirm dialogs, that a failover may undo the change."""

import asyncio
from contextlib import suppress
from functools import partial

from textual import work
from textual.widgets import Static

from credtui.domain.errors import StoreError
from credtui.service.credentials import CredentialService


class Hazards(Static):
    """Says what may undo a change after it was made; nothing if nothing may.

    Args:
        service: The organization that is about to be changed.
    """

    def __init__(self, service: CredentialService) -> None:
        super().__init__("", markup=False)
        self._service = service
        self.display = False

    @work
    async def on_mount(self) -> None:
        """Ask the store."""
        with suppress(StoreError):
            hazards = await asyncio.to_thread(partial(self._service.hazards, of_changes=True))
            self.update("\n".join(f"! {hazard}" for hazard in hazards))
            self.display = bool(hazards)
