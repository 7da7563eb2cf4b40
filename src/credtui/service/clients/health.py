"""Whether the store answers, for those who watch the token endpoint."""

import asyncio
import time
from collections.abc import Collection

from credtui.domain.errors import StoreError
from credtui.domain.place import Place
from credtui.store.port import Store

LOOK_EVERY = 1.0
"""Seconds between two looks at the store, however often somebody asks."""

PATIENCE = 5.0
"""Seconds after which a store that doesn't answer counts as one that can't be used."""

# Names that nobody has. Looking for them costs little in a store of any size.
_NO_ORGANIZATION = "0" * 40
_NO_ENVIRONMENT = "-"
_NO_CLIENT = "cid_" + "0" * 16


class StoreHealth:
    """Looks whether the store answers. All who ask within a second share one look.

    Args:
        store: The store.
        environments: The names of the environments that must be readable.
    """

    def __init__(self, store: Store, environments: Collection[str]) -> None:
        self._store = store
        self._environments = environments
        self._look: asyncio.Task[None] | None = None
        self._next = 0.0

    async def check(self) -> None:
        """Return if the store answers.

        Raises:
            StoreError: It can't be read, or takes too long.
        """
        look = self._look
        if look is None or (look.done() and time.monotonic() >= self._next):
            look = self._look = asyncio.create_task(self._look_for_nobody())
            self._next = time.monotonic() + LOOK_EVERY
        if not look.done():
            await asyncio.wait([look], timeout=PATIENCE)
        if not look.done():
            raise StoreError(f"The store has not answered for {PATIENCE:g} seconds.")
        look.result()

    async def _look_for_nobody(self) -> None:
        for environment in self._environments:
            await asyncio.to_thread(self._store.load, Place(environment, _NO_ORGANIZATION))
        # An environment without organizations need not be there, but the store must be.
        await self._store.find_client(_NO_ENVIRONMENT, _NO_CLIENT)
