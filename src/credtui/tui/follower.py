"""Showing changes of the store soon after anybody made them."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from credtui.domain.errors import CredtuiError
from credtui.domain.page import Page
from credtui.service.credentials import CredentialService

LOOK_EVERY = 0.4
"""Seconds between two looks at the store: other sessions show a change within a second."""


def _unknown() -> bool:
    return True


class Follower:
    """Reads an organization's page again whenever the store has changed.

    Args:
        service: The organization in its environment.
        show: Called with the page that was read.
        warn: Called with the reason, in a sentence, when the page can't be read.
    """

    def __init__(
        self,
        service: CredentialService,
        show: Callable[[Page], None],
        warn: Callable[[str], None],
    ) -> None:
        self._service = service
        self._show = show
        self._warn = warn
        # All looks happen in one thread, one after the other.
        self._thread = ThreadPoolExecutor(1, "credtui-follower")
        self._changed = _unknown
        self._outdated = True

    async def follow(self) -> None:
        """Look at the store now and then, until this is cancelled."""
        loop = asyncio.get_running_loop()
        try:
            watch = await loop.run_in_executor(self._thread, self._service.watch)
        except CredtuiError as error:
            self._warn(str(error))
            return
        self._changed = watch.changed
        try:
            await self.look()  # The page on screen was read before the watch began.
            while True:
                await asyncio.sleep(LOOK_EVERY)
                await self._look(again=False)
        finally:
            self._changed = _unknown
            self._thread.submit(watch.close)

    async def look(self) -> None:
        """Show what the store holds now. Nothing is read if that is on screen already."""
        await self._look(again=True)

    async def _look(self, *, again: bool) -> None:
        loop = asyncio.get_running_loop()
        try:
            page = await loop.run_in_executor(self._thread, self._read, again)
        except CredtuiError as error:
            self._warn(str(error))
        else:
            if page:
                self._show(page)

    def _read(self, again: bool) -> Page | None:  # noqa: FBT001  # the executor passes no names
        """Return the page if the store has changed, or if it couldn't be read before."""
        if not self._changed() and not (again and self._outdated):
            return None
        self._outdated = True
        page = self._service.page()
        self._outdated = False
        return page
