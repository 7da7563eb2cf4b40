"""The screen as pages, verbs and dialogs use it."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from textual import work
from textual.reactive import reactive

from credtui.domain.errors import CredtuiError
from credtui.domain.page import Page
from credtui.domain.permissions import Permission
from credtui.service.credentials import CredentialService
from credtui.tui.context import PortalContext
from credtui.tui.follower import Follower
from credtui.tui.quit_gate import QuitGate
from credtui.tui.screens.fitting import Fitting

if TYPE_CHECKING:
    from textual.screen import ModalScreen

    from credtui.tui.verbs.verb import Verb

T = TypeVar("T")

BY_MOUSE = "Select it with the mouse. Most terminals want you to hold Shift."

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

    def __init__(self, context: PortalContext, service: CredentialService, page: Page) -> None:
        super().__init__()
        self.context = context
        self.service = service
        self.set_reactive(Portal.page, page)
        self.in_use = False
        self.changing = 0
        self.quit_gate = QuitGate(self)
        self.follower = Follower(service, self._show, self.warn)

    def _show(self, page: Page) -> None:
        self.page = page

    def use(self, verb: "Verb[Any]", subject: object = None) -> None:
        """Run a verb, or say why it can't be used.

        Args:
            verb: The verb.
            subject: The credential or operator that it is about, None if it is about none.
        """
        if obstacle := verb.obstacle(self.page, subject):
            self.warn(obstacle)
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
        """
        self.changing += 1
        slow = self.set_timer(SLOW, partial(self.tell, "The store is busy. Wait a moment."))
        try:
            return await asyncio.to_thread(change)
        finally:
            slow.stop()
            self.changing -= 1
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
