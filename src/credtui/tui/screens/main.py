"""The portal's screen: header, navigation, one page at a time, footer."""

import asyncio
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Button, ContentSwitcher

from credtui.domain.page import Page
from credtui.service.credentials import CredentialService
from credtui.tui.context import PortalContext
from credtui.tui.dialogs.dialog import open_modals
from credtui.tui.pages import ENTRIES, entries_for, find_entry
from credtui.tui.pages.page import PortalPage
from credtui.tui.screens.portal import Portal
from credtui.tui.terminal.framework import KeysOfPage, make_replaceable
from credtui.tui.verbs.operator_verb import NOT_ALLOWED
from credtui.tui.verbs.switch_environment import SwitchEnvironment
from credtui.tui.verbs.switch_organization import SwitchOrganization
from credtui.tui.widgets.footer import Footer
from credtui.tui.widgets.header import Header
from credtui.tui.widgets.navigation import Navigation

SWITCHES = (SwitchEnvironment(), SwitchOrganization())


class MainScreen(KeysOfPage, Portal):
    """Shows an organization in an environment, one page at a time, and follows its changes.

    Args:
        context: What stays the same while the portal is open.
        service: The organization in its environment.
        page: What is shown of it first.
        opened: The name of the page that is open first.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(entry.key, f"open('{entry.name}')", "Open a page", show=False)
            for entry in ENTRIES
        ),
        Binding("slash", "focus_navigation", "Navigation", show=False),
        *(verb.binding for verb in SWITCHES),
        Binding("question_mark,f1", "app.help", "Help", key_display="?"),
        Binding("q", "app.quit", "Quit"),
    ]

    VERBS = SWITCHES

    AUTO_FOCUS = ""  # The open page knows where a person begins.

    def __init__(
        self,
        context: PortalContext,
        service: CredentialService,
        page: Page,
        opened: str = ENTRIES[0].name,
    ) -> None:
        super().__init__(context, service, page)
        self._opened = opened

    # What is shown

    def compose(self) -> ComposeResult:
        """Header, navigation, page, footer."""
        yield Header(self.context.marks)
        with Horizontal(id="body"):
            yield Navigation(self.context.marks)
            with ContentSwitcher(initial=self._opened, id="pages"):
                yield find_entry(self._opened).open()
        yield Footer()

    def on_mount(self) -> None:
        """Show the first page, and follow changes."""
        self._show_open_page()
        self.run_worker(self.follower.follow(), group="follow")
        self.set_interval(30, self._let_time_pass)

    def on_unmount(self) -> None:
        """Follow no more changes."""
        self.follower.stop()

    def _let_time_pass(self) -> None:
        self.current.time_passed()
        for modal in open_modals(self.app):
            modal.call_later(modal.time_passed)  # It may not be composed yet.

    @property
    def current(self) -> PortalPage:
        """The page that is open."""
        switcher = self.query_one("#pages", ContentSwitcher)
        return switcher.get_child_by_id(switcher.current or "", PortalPage)

    @on(Navigation.Chosen)
    async def _open_chosen(self, event: Navigation.Chosen) -> None:
        await self.open_page(event.name)

    async def action_open(self, name: str) -> None:
        """Open a page, or say why this person can't."""
        if find_entry(name) in entries_for(self.page):
            await self.open_page(name)
        else:
            self.warn(NOT_ALLOWED)

    async def open_page(self, name: str) -> None:
        """Open one of the portal's pages."""
        switcher = self.query_one("#pages", ContentSwitcher)
        if not switcher.query(f"#{name}"):
            await switcher.add_content(find_entry(name).open())
        switcher.current = name
        self._show_open_page()

    def _show_open_page(self) -> None:
        self._draw()
        self.current.take_focus()

    def _draw(self) -> None:
        """Draw the header, the navigation and the open page as they are now."""
        service = self.service
        self.query_one(Header).show(
            service.organization,
            service.environment,
            service.actor.operator,
            self.page.permission.label,
        )
        self.query_one(Navigation).show(self.current.id or "", entries_for(self.page))
        self.current.page_changed(self.page)

    # What changes

    def watch_page(self, before: Page, page: Page) -> None:
        """Show a change in the header, on the open page and in open dialogs."""
        self._draw()
        if before.why_not_view() and not page.why_not_view():
            self.current.take_focus()
        for modal in open_modals(self.app):
            modal.call_later(modal.page_changed, page)  # It may not be composed yet.

    # What a person does

    def action_verb(self, name: str) -> None:
        """Use the verb of this name."""
        self.use(next(verb for verb in SWITCHES if verb.name == name))

    @on(Button.Pressed, "#place")
    def _switch(self) -> None:
        self.action_verb(SwitchEnvironment.name)

    def focus_credential(self, client_id: str) -> None:
        """Focus the card of a credential, and scroll to it, if the open page has its card."""
        self.current.focus_credential(client_id)

    async def go_to(self, environment: str, organization: str) -> None:
        """Show another organization or environment, on the page that is open now."""
        there = self.context.installation.service(
            self.context.actor, environment=environment, organization=organization
        )
        page = await asyncio.to_thread(there.page)
        make_replaceable(self)
        opened = self.current.id or ""
        self.app.switch_screen(MainScreen(self.context, there, page, opened))

    def action_focus_navigation(self) -> None:
        """Focus the navigation."""
        self.set_focus(self.query_one(Navigation))
