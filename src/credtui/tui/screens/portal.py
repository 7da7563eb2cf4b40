"""The screen as pages, verbs and dialogs use it."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from textual import work
from textual.reactive import reactive

from credtui.domain.errors import CredtuiError, StoreError
from credtui.domain.page import Page
from credtui.domain.permissions import Permission
from credtui.service.credentials import CredentialService
from credtui.tui.context import PortalContext
from credtui.tui.dialogs.dialog import open_modals
from credtui.tui.follower import Follower
from credtui.tui.phrases import moment
from credtui.tui.quit_gate import QuitGate
from credtui.tui.screens.fitting import Fitting

if TYPE_CHECKING:
    from textual.screen import ModalScreen

    from credtui.tui.verbs.verb import Verb

T = TypeVar("T")

BY_MOUSE = "Select it with the mouse. Most terminals want you to hold Shift."

NOT_OFFLINE = "That can't be done while the portal is offline."

SLOW = 1.0
"""Seconds after which a person is told that a change takes its time."""


class Portal(Fitting):
    """Runs verbs on an organization in an environment.

    Args:
        context: What stays the same while the portal is open.
        service: The organization in its environment.
        page: What is shown of it first.

    Attributes:
        in_use: True while a verb is at work, from its key to its last dialog.
        changing: The number of calls of `do` that are under way.
    """

    page: reactive[Page] = reactive(
        lambda: Page(permission=Permission.NO_ACCESS), init=False, always_update=True
    )
    """What is shown of the organization."""

    outage: reactive[str] = reactive("")
    """Why nothing newer than `page` can be shown, in sentences; empty if that is up to date."""

    def __init__(self, context: PortalContext, service: CredentialService, page: Page) -> None:
        super().__init__()
        self.context = context
        self.service = service
        self.set_reactive(Portal.page, page)
        self.in_use = False
        self.changing = 0
        self.quit_gate = QuitGate(self)
        self._seen_at = service.clock()
        self._when_online: list[Callable[[], object]] = []
        self.follower = Follower(service, self._show, self._say_outage)

    def _show(self, page: Page) -> None:
        self.page = page

    def _say_outage(self, reason: str) -> None:
        now = self.service.clock()
        if reason:
            reason = f"Offline: what you see is from {moment(self._seen_at, now)}. {reason}"
        else:
            self._seen_at = now
        self.outage = reason

    def watch_outage(self, before: str, outage: str) -> None:
        """Say that the store can't be read, as long as that lasts. Catch up afterwards."""
        for screen in (self, *open_modals(self.app)):
            screen.say_below(outage)
        if before and not outage:
            self.page = self.page  # What couldn't be read of its parts is read again.
            self._catch_up()

    def when_online(self, change: Callable[[], object]) -> None:
        """Make a change once the store can be read again.

        Args:
            change: A call that may block; it is made in a thread.
        """
        self._when_online.append(change)

    @work(group="catch up")
    async def _catch_up(self) -> None:
        while self._when_online:
            try:
                await self.do(self._when_online.pop(0))
            except CredtuiError as error:
                self.warn(str(error))

    def use(self, verb: "Verb[Any]", subject: object = None) -> None:
        """Run a verb, or say why it can't be used.

        Args:
            verb: The verb.
            subject: The credential or operator that it is about, None if it is about none.
        """
        if obstacle := verb.obstacle(self.page, subject):
            self.warn(obstacle)
        elif self.outage and verb.needs_store:
            self.warn(NOT_OFFLINE)
        else:
            self.run(partial(verb.run, self, subject))

    def run(self, flow: Callable[[], Awaitable[object]]) -> None:
        """Run what may open dialogs and make changes, unless such a thing is under way.

        A refusal or failure is told to the person.
        """
        if not self.in_use:  # A key may repeat before a dialog takes it.
            self.in_use = True
            self._run(flow)

    @work(group="flow")
    async def _run(self, flow: Callable[[], Awaitable[object]]) -> None:
        try:
            await flow()
        except CredtuiError as error:
            self.warn(str(error))
        finally:
            self.in_use = False
            self.quit_gate.flow_ended()

    async def ask(self, dialog: "ModalScreen[T]") -> T | None:
        """Open a dialog, and return its result."""
        self.app.clear_notifications()  # They would cover the dialog.
        return await self.app.push_screen_wait(dialog)

    async def do(self, change: Callable[[], T]) -> T:
        """Make a change, and return its result once the page shows what came of it.

        Args:
            change: A call that may block; it is made in a thread.

        Raises:
            CredtuiError: The change was refused, or failed.
        """
        self.changing += 1
        look = True
        slow = self.set_timer(SLOW, partial(self.tell, "The store is busy. Wait a moment."))
        try:
            return await asyncio.to_thread(change)
        except StoreError:
            look = False  # It would take long before it fails as well.
            raise
        finally:
            slow.stop()
            self.changing -= 1
            if look:
                await self.follower.look()

    @work(group="copy")
    async def copy(self, value: str, what: str) -> None:
        """Send a value that is no secret to the person's clipboard, and say by which route.

        Args:
            value: The value.
            what: What it is, as the message begins.
        """
        send = partial(self.context.clipboard.send, value, what, otherwise=BY_MOUSE)
        sent = await asyncio.to_thread(send)
        self.tell(f"{sent.message} {sent.fix or ''}".strip())

    def focus_credential(self, client_id: str) -> None:
        """Focus the card of a credential, and scroll to it, if the open page has its card."""
        raise NotImplementedError

    async def go_to(self, environment: str, organization: str) -> None:
        """Show another organization or environment in place of this one.

        Raises:
            StoreError: The store can't be read.
        """
        raise NotImplementedError
