"""The application around the portal's screens."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.screen import Screen

from credtui.domain.page import Page
from credtui.domain.permissions import Actor
from credtui.installation import Installation
from credtui.tui import marks
from credtui.tui.context import PortalContext
from credtui.tui.dialogs.dialog import open_modals
from credtui.tui.screens.fitting import Fitting
from credtui.tui.screens.main import MainScreen
from credtui.tui.stylesheet import ParsedOnce
from credtui.tui.terminal import session
from credtui.tui.terminal.clipboard import Clipboard
from credtui.tui.terminal.driver import CredtuiDriver
from credtui.tui.terminal.framework import TerminalApp, reword
from credtui.tui.terminal.palette import colours_of, filter_for
from credtui.tui.terminal.questions import NOTHING_SAID, Answers, Questions
from credtui.tui.terminal.wire import FrugalApp
from credtui.tui.themed import ThemedApp
from credtui.tui.type_ahead import TypeAhead

if TYPE_CHECKING:
    from textual.command import Provider
    from textual.filter import LineFilter

    from credtui.tui.palette import Command


def _portal_commands() -> "type[Provider]":
    from credtui.tui.palette import PortalCommands

    return PortalCommands


FAILED = "An error in credtui itself ended the portal."
SAVE_NOW = "Save your secret now: it is displayed only once."


class CredtuiApp(ThemedApp[None], TypeAhead[None], FrugalApp[None], TerminalApp[None]):
    """The portal as a program.

    Args:
        installation: The installation.
        actor: Who uses it.
        page: What the default organization and environment hold.
        environ: The environment variables of programs that are run.
        forced: The person has no shell behind the connection.
        ascii_only: Draw with ASCII alone.
        colours: How many colours the terminal has: 256, 16 or 0.
        theme: The theme, in the words of the key `theme` of the configuration.
        answers: What the terminal said of itself.
        greeting: A message to show at first.
    """

    TITLE = "credtui"
    CSS_PATH = "credtui.tcss"
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    COMMANDS: ClassVar["set[type[Provider] | Callable[[], type[Provider]]]"] = {_portal_commands}

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q,ctrl+c", "quit", "Quit", show=False, priority=True),
        Binding("ctrl+z", "suspend_process", "Suspend", show=False, priority=True),
        Binding("ctrl+l", "repaint", "Draw again", show=False, priority=True),
    ]

    def __init__(
        self,
        installation: Installation,
        actor: Actor,
        page: Page,
        environ: Mapping[str, str] = os.environ,
        *,
        forced: bool = False,
        ascii_only: bool = False,
        colours: int = 256,
        theme: str = "auto",
        answers: Answers = NOTHING_SAID,
        greeting: str = "",
    ) -> None:
        self.irretrievable: list[tuple[str, str]] = []
        """What was on screen, and is nowhere else, when an error ended the program."""
        self._filters_for_terminal: list[LineFilter] = [filter_for(colours)]
        super().__init__(
            theme,
            installation.preference_service(actor),
            light=answers.light,
            colours=colours,
        )
        self.frugal = installation.settings.frugal_output
        clipboard = Clipboard(
            installation.settings.clipboard, environ, self.write_to_terminal, answers.multiplexer
        )
        self._portal_context = PortalContext(
            installation, actor, clipboard, marks.ASCII if ascii_only else marks.UNICODE, forced
        )
        self._page = page
        reword(self, "command_palette", "Command palette")
        self.unread = answers.received
        self._greeting = greeting
        self.stylesheet = ParsedOnce(self.get_css_variables())
        self.set_class(ascii_only, "-ascii")
        if ascii_only:
            from credtui.tui.terminal.ascii import AsciiFilter

            self._filters_for_terminal.append(AsciiFilter())

    def get_driver_class(self) -> type[Driver]:
        """Filter what the terminal sends."""
        return CredtuiDriver

    def get_default_screen(self) -> Screen[object]:
        """Begin with the default organization and environment."""
        service = self._portal_context.installation.service(self._portal_context.actor)
        return MainScreen(self._portal_context, service, self._page)

    def on_mount(self) -> None:
        """Prepare for being stopped and continued by a shell."""
        # Without a handler, a signal is dealt with only when something else happens.
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, lambda: None)
        # Textual draws nothing when the program is continued.
        self.app_resume_signal.subscribe(self, lambda _: self.action_repaint())
        if self._portal_context.forced:
            session.forbid_stop()
        if self._greeting:
            self.portal.tell(self._greeting)

    def get_line_filters(self) -> "Sequence[LineFilter]":
        """Draw with what the terminal has. Textual's own filters would send greys for no colour."""
        return self._filters_for_terminal

    def get_key_display(self, binding: Binding) -> str:
        """Return the name of a key in signs that the terminal can show."""
        shown = super().get_key_display(binding)
        return binding.key if self.has_class("-ascii") and not shown.isascii() else shown

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Allow no help and no palette above a screen that is covered."""
        if action in ("help", "command_palette"):
            return not (isinstance(self.screen, Fitting) and self.screen.covered)
        return super().check_action(action, parameters)

    @property
    def portal(self) -> MainScreen:
        """The portal's screen, under any dialogs."""
        portal = self.screen_stack[0]
        assert isinstance(portal, MainScreen)  # noqa: S101
        return portal

    @property
    def engaged(self) -> bool:
        """True while a change runs that a key started, before or after its dialog."""
        return self.screen is self.portal and self.portal.in_use

    async def action_quit(self) -> None:
        """Quit. If a secret is on screen, its dialog must be closed first."""
        self.portal.quit_gate.quit()

    def action_help(self) -> None:
        """Show what every key does."""
        from credtui.tui.dialogs.help import HelpDialog

        if not isinstance(self.screen, HelpDialog):
            self.push_screen(HelpDialog(self.screen))

    def action_suspend_process(self) -> None:
        """Suspend the program, after a secret on screen was hidden."""
        if self._portal_context.forced:
            self.portal.warn("There is no shell behind this connection to return to.")
            return
        self._hide_secrets()
        self.call_after_refresh(super().action_suspend_process)

    @on(Driver.SignalResume)
    def _hide_after_stop(self) -> None:
        # Another program may have stopped this one, without the key that hides secrets first.
        self._hide_secrets()

    def end(self, number: int) -> None:
        """End at once and in good order, because a signal of this number asked for it."""
        self._hide_secrets()
        self.exit(return_code=128 + number)

    def rescue(self) -> None:
        """Keep what is on screen and nowhere else, before an error ends the program."""
        if not self.irretrievable:  # One error leads to others.
            self.irretrievable = [
                pair for modal in open_modals(self) for pair in modal.irretrievable()
            ]

    def _hide_secrets(self) -> None:
        for modal in open_modals(self):
            modal.conceal()

    def commands(self, screen: Screen[object]) -> "Iterable[Command]":
        """Offer in the palette what keys and menus offer.

        Textual's screenshot isn't offered: it would save a secret on screen for everybody to read.
        """
        from credtui.tui.palette import Command, commands_of

        if screen is self.portal:
            yield from commands_of(self.portal)
        yield Command("", "Theme", self.action_change_theme)
        yield Command("?", "Help", self.action_help)
        yield Command("^q", "Quit", self.action_quit)


def run_portal(
    installation: Installation,
    actor: Actor,
    page: Page,
    environ: Mapping[str, str],
    questions: Questions,
    *,
    theme: str = "auto",
    forced: bool = False,
    greeting: str = "",
    on_hangup: Callable[[], None] = lambda: None,
) -> int:
    """Open the portal, and return the exit status when the person has left it.

    Args:
        installation: The installation.
        actor: Who uses it.
        page: What the default organization and environment hold.
        environ: The environment variables that the program was started with.
        questions: What the terminal was asked.
        theme: The theme, in the words of the key `theme` of the configuration.
        forced: The person has no shell behind the connection.
        greeting: A message to show at first.
        on_hangup: Called when the line drops, before the process ends.

    Raises:
        Exception: An error in the portal itself, raised when the terminal is as it was.
    """
    session.use_utf8(sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)
    input_fd, output_fd = questions.input_fd, questions.output_fd
    app = CredtuiApp(
        installation,
        actor,
        page,
        environ,
        forced=forced,
        greeting=greeting,
        ascii_only=session.ascii_only(session.first_environment()),
        colours=colours_of(environ),
        theme=theme,
        answers=questions.answers(),
    )
    questions.close()
    session.guard_session(
        input_fd,
        output_fd,
        on_hangup=on_hangup,
        on_terminate=lambda number: app.call_from_thread(app.end, number),
    )
    # Imported modules stay. Looking for garbage in them delays the first paint by a tenth.
    gc.freeze()
    app.run()
    if app.failure:
        if app.irretrievable:
            from credtui.tui.terminal.plain_view import show_plain

            with suppress(OSError):
                show_plain(
                    [(FAILED, SAVE_NOW), *app.irretrievable],
                    idle=installation.settings.conceal_secret_after,
                    input_fd=input_fd,
                    output_fd=output_fd,
                )
        raise app.failure
    return app.return_code or 0
