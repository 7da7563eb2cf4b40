"""Showing changes of the store soon after anybody made them."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import aclosing
from threading import Thread
from typing import TypeVar

from credtui.domain.errors import CredtuiError
from credtui.domain.page import Page
from credtui.service.credentials import CredentialService

T = TypeVar("T")


class Follower:
    """Reads an organization's page again whenever the store has changed.

    Args:
        service: The organization in its environment.
        show: Called with the page that was read.
        say_outage: Called after each look with the reason why the store can't be read, in a
            sentence; empty if it can.
    """

    def __init__(
        self,
        service: CredentialService,
        show: Callable[[Page], None],
        say_outage: Callable[[str], None],
    ) -> None:
        self._service = service
        self._show = show
        self._say_outage = say_outage
        self._one_at_a_time = asyncio.Lock()
        self._version: object = None
        self._outdated = True
        self._stopped = False

    def stop(self) -> None:
        """Look no more."""
        self._stopped = True

    async def follow(self) -> None:
        """Look at the store whenever it may have changed, until this is cancelled."""
        async with aclosing(self._service.changes()) as changes:
            async for _ in changes:
                await self.look()

    async def look(self) -> None:
        """Show what the store holds now. Nothing is read if that is on screen already."""
        if self._stopped:
            return
        try:
            async with self._one_at_a_time:
                page = await _in_thread(self._read)
        except CredtuiError as error:
            self._say_outage(str(error))
        else:
            self._say_outage("")
            if page:
                self._show(page)

    def _read(self) -> Page | None:
        """Return the page if the store has changed, or if it couldn't be read before."""
        version = self._service.version()
        if version == self._version and not self._outdated:
            return None
        self._version, self._outdated = version, True
        page = self._service.page()
        self._outdated = False
        return page


async def _in_thread(work: Callable[[], T]) -> T:
    """Return what a call returns that may block.

    Its thread doesn't keep the program from ending, as a thread of `asyncio.to_thread` would: a
    database that hangs can block a look for seconds.
    """
    future: Future[T] = Future()

    def run() -> None:
        future.set_running_or_notify_cancel()
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001  # whoever awaits the result gets it
            future.set_exception(error)

    Thread(target=run, name="credtui-follower", daemon=True).start()
    return await asyncio.wrap_future(future)
