"""The portal: header, navigation, one page at a time, footer."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from threading import Event
from typing import ClassVar, TypeVar

from textual import on, work
from textual.app import ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.geometry import Offset
from textual.message import Message
from textual.reactive import reactive
from textual.screen import ModalScreen
from textual.widgets import ContentSwitcher

from credtui.domain.errors import CredtuiError
from credtui.domain.models import Credential
from credtui.domain.page import Page
from credtui.domain.permissions import Permission
from credtui.service.credentials import CredentialService
from credtui.tui.dialogs.dialog import Modal
from credtui.tui.pages import ENTRIES, entries_for, find_entry
from credtui.tui.pages.page import PortalPage
from credtui.tui.screens.fitting import Fitting
from credtui.tui.surroundings import Surroundings
from credtui.tui.switching import choose_environment, choose_organization
from credtui.tui.verbs import VERBS, find_verb
from credtui.tui.widgets.footer import Footer
from credtui.tui.widgets.header import Header
from credtui.tui.widgets.navigation import Navigation

T = TypeVar("T")

BY_MOUSE = "Select it with your terminal's own mouse, mostly while you hold Shift."

LOOK_EVERY = 0.4
"""Seconds between looks at the store: what one session changes, others show within a second."""

SLOW = 1.0
"""Seconds after which a person is told that a change takes its time."""


class PortalScreen(Fitting):
    """Shows an organization in an environment, follows its changes, and runs the verbs.

    Args:
        surroundings: What stays the same for the session.
        service: The organization in its environment.
        page: What it shows first.
        opened: The name of the page that is open first.
    """

    @dataclass
    class Changed(Message):
        """A message that the store holds something else now.

        Attributes:
            page: What it holds; None when it can't be read.
            problem: Why it can't be read.
        """

        page: Page | None
        problem: str = ""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "v",
            "switch_environment",
            "Environment",
            tooltip="Choose another environment.",
            show=False,
        ),
        Binding(
            "o",
            "switch_organization",
            "Organization",
            tooltip="Choose another organization.",
            show=False,
        ),
        Binding("question_mark,f1", "app.help", "Help", key_display="?"),
        Binding("q", "app.quit", "Quit"),
        Binding("slash", "focus_navigation", "Go to the navigation", show=False),
    ]

    AUTO_FOCUS = ""  # the open page knows where a person begins

    page: reactive[Page] = reactive(
        lambda: Page(permission=Permission.NO_ACCESS), init=False, always_update=True
    )

    def __init__(
        self,
        surroundings: Surroundings,
        service: CredentialService,
        page: Page,
        opened: str = ENTRIES[0].name,
    ) -> None:
        super().__init__()
        self.surroundings = surroundings
        self.service = service
        self.set_reactive(PortalScreen.page, page)
        self._opened = opened
        self._changing = 0
        self._quit_wanted = False
        self.in_use = False
        self._stop_watching = Event()

    # What is shown

    def compose(self) -> ComposeResult:
        """Header, navigation, page, footer."""
        yield Header()
        with Horizontal(id="body"):
            yield Navigation(self.surroundings.marks)
            with ContentSwitcher(initial=self._opened, id="pages"):
                yield find_entry(self._opened).open()
        yield Footer()

    def on_mount(self) -> None:
        """Show what there is, and follow it."""
        self._show_open_page()
        self._follow()
        self.set_interval(30, self._let_time_pass)

    def _let_time_pass(self) -> None:
        self.current.time_passed()

    def on_unmount(self) -> None:
        """Let the watching thread end."""
        self._stop_watching.set()

    @property
    def current(self) -> PortalPage:
        """The page that is open."""
        switcher = self.query_one("#pages", ContentSwitcher)
        return switcher.get_child_by_id(switcher.current or "", PortalPage)

    @on(Navigation.Chosen)
    async def _open_chosen(self, event: Navigation.Chosen) -> None:
        await self.open_page(event.name)

    async def open_page(self, name: str) -> None:
        """Open one of the portal's pages."""
        switcher = self.query_one("#pages", ContentSwitcher)
        if not switcher.query(f"#{name}"):
            await switcher.add_content(find_entry(name).open())
        switcher.current = name
        self._show_open_page()

    def _show_open_page(self) -> None:
        self._show_header()
        self._show_navigation()
        self.current.page_changed(self.page)
        self.current.take_focus()

    def _show_navigation(self) -> None:
        self.query_one(Navigation).show(self.current.id or "", entries_for(self.page))

    def _show_header(self) -> None:
        service, marks = self.service, self.surroundings.marks
        environment = service.environment.name
        self.query_one(Header).show(
            f"{service.organization} {marks.dot} {environment} {marks.down}",
            f"{service.actor.operator} {marks.dot} {self.page.permission.label}",
            production=environment == "production",
        )

    # What others change

    def watch_page(self, before: Page, page: Page) -> None:
        """Show everywhere that something changed."""
        self._show_header()
        self._show_navigation()
        self.current.page_changed(page)
        if before.permission < Permission.CAN_VIEW <= page.permission:
            self.current.take_focus()
        for screen in self.app.screen_stack:
            if isinstance(screen, Modal):
                screen.call_later(screen.page_changed, page)  # it may not be composed yet

    def on_portal_screen_changed(self, event: Changed) -> None:
        """Show what the store holds now."""
        event.stop()
        if event.page:
            self.page = event.page
        else:
            self.warn(event.problem)

    @work(thread=True, group="follow")
    def _follow(self) -> None:
        """Look at the store now and then; each look costs a few microseconds."""
        try:
            seen: object = None
            while not self._stop_watching.wait(LOOK_EVERY):
                if (version := self.service.version()) != seen:
                    seen = version
                    self.post_message(self._read())
        except CredtuiError as error:
            self.post_message(self.Changed(None, str(error)))

    def _read(self) -> Changed:
        try:
            return self.Changed(self.service.page())
        except CredtuiError as error:
            return self.Changed(None, str(error))

    # Another environment or organization

    def action_switch_environment(self) -> None:
        """Choose another environment, and show it in place of this one."""
        self.run(partial(self._go, choose_environment))

    def action_switch_organization(self) -> None:
        """Choose another organization, and show it in place of this one."""
        self.run(partial(self._go, choose_organization))

    async def _go(
        self, choose: Callable[["PortalScreen"], Awaitable[CredentialService | None]]
    ) -> None:
        if other := await choose(self):
            page = await asyncio.to_thread(other.page)
            if not self._result_callbacks:
                # Switching takes a callback away, of which the first screen was given none.
                self._push_result_callback(self, None)
            opened = self.current.id or ""
            self.app.switch_screen(PortalScreen(self.surroundings, other, page, opened))

    @on(Header.SwitchRequested)
    def _switch(self) -> None:
        self.action_switch_environment()

    # Verbs

    def use(self, verb: str, credential: Credential | None) -> None:
        """See `Portal.use`."""
        found = find_verb(verb)
        if obstacle := found.obstacle(self.page, credential):
            self.warn(obstacle)
        else:
            self.run(partial(found.run, self, credential))

    def run(self, flow: Callable[[], Awaitable[object]]) -> None:
        """See `Portal.run`."""
        if not self.in_use:  # the key may repeat before a dialog takes it
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
            if self._quit_wanted:
                self.app.exit()

    def open_menu(self, client_id: str, at: Offset) -> None:
        """See `Portal.open_menu`."""
        credential = self.page.find(client_id)
        if credential and not self.in_use:
            self.in_use = True
            self._offer(credential, at)

    @work(group="menu")
    async def _offer(self, credential: Credential, at: Offset) -> None:
        from credtui.tui.dialogs.menu import CardMenu

        verbs = [verb for verb in VERBS if verb.in_menu]
        try:
            name = await self.ask(CardMenu(verbs, self.page, credential, at))
        finally:
            self.in_use = False
        if name:
            self.use(name, self.page.find(credential.client_id))

    async def ask(self, dialog: ModalScreen[T]) -> T | None:
        """See `Portal.ask`."""
        self.app.clear_notifications()  # they would cover it
        return await self.app.push_screen_wait(dialog)

    async def do(self, change: Callable[[], T]) -> T:
        """See `Portal.do`."""
        self._changing += 1
        slow = self.set_timer(SLOW, partial(self.tell, "The store is busy. Wait a moment."))
        try:
            return await asyncio.to_thread(change)
        finally:
            slow.stop()
            self._changing -= 1
            self.on_portal_screen_changed(await asyncio.to_thread(self._read))

    def copy(self, value: str) -> None:
        """See `Portal.copy`."""
        self._copy(value)

    @work(group="copy")
    async def _copy(self, value: str) -> None:
        send = partial(self.surroundings.clipboard.send, value, otherwise=BY_MOUSE)
        sent = await asyncio.to_thread(send)
        self.tell(f"{sent.message} {sent.fix or ''}".strip())

    def action_focus_navigation(self) -> None:
        """Focus the navigation."""
        self.set_focus(self.query_one(Navigation))

    def commands(self) -> Iterable[SystemCommand]:
        """Yield what the command palette offers, besides what every program has."""
        credential = self.current.credential
        for verb in VERBS:
            if verb.obstacle(self.page, credential) is None:
                label = verb.label
                if verb.for_card and credential:
                    label = f"{verb.menu_label(self.page, credential)}: {credential.display_name}"
                yield SystemCommand(label, verb.help, partial(self.use, verb.name, credential))
        for entry in entries_for(self.page):
            yield SystemCommand(
                entry.title, f"Open the page {entry.title}", partial(self.open_page, entry.name)
            )
        yield SystemCommand(
            "Switch environment", "Choose another environment", self.action_switch_environment
        )
        yield SystemCommand(
            "Switch organization", "Choose another organization", self.action_switch_organization
        )

    # Leaving

    def conceal(self) -> None:
        """Hide a secret that is on screen."""
        for screen in self.app.screen_stack:
            if isinstance(screen, Modal):
                screen.conceal()

    def leave(self) -> bool:
        """Tell whether the program may end now.

        If it may not, because a secret is on its way or on screen, it ends once that was dealt
        with, unless the person changes their mind.
        """
        modals = [screen for screen in self.app.screen_stack if isinstance(screen, Modal)]
        self._quit_wanted = bool(self._changing) or not all(modal.leave() for modal in modals)
        return not self._quit_wanted

    def stay(self) -> None:
        """See `Portal.stay`."""
        self._quit_wanted = False
