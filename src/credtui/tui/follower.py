"""Showing changes of the store soon after anybody made them."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from credtui.domain.errors import CredtuiError
from credtui.domain.page import Page
from credtui.service.credentials import CredentialService

LOOK_EVERY = 0.4
"""Seconds between two looks at the store: other sessions show a change within a second."""


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
        self._version: object = None
        self._outdated = True
        self._problem = ""
        self._stopped = False

    def stop(self) -> None:
        """Look no more, and let the thread end. It would keep the screen in memory."""
        self._stopped = True
        self._thread.shutdown(wait=False)

    async def follow(self) -> None:
        """Look at the store now and then, until this is cancelled."""
        while True:
            await self.look(again=False)
            await asyncio.sleep(LOOK_EVERY)

    async def look(self, *, again: bool = True) -> None:
        """Show what the store holds now. Nothing is read if that is on screen already.

        Args:
            again: Try even what failed at the last look and hasn't changed since, and tell of it.
        """
        if self._stopped:
            return
        loop = asyncio.get_running_loop()
        try:
            page = await loop.run_in_executor(self._thread, self._read, again)
        except CredtuiError as error:
            if again or str(error) != self._problem:  # A problem that lasts is told once.
                self._warn(str(error))
            self._problem = str(error)
        else:
            self._problem = ""
            if page:
                self._show(page)

    def _read(self, again: bool) -> Page | None:  # noqa: FBT001  # the executor passes no names
        """Return the page if the store has changed, or if it couldn't be read before."""
        version = self._service.version()
        if version == self._version and not (again and self._outdated):
            return None
        self._version, self._outdated = version, True
        page = self._service.page()
        self._outdated = False
        return page
