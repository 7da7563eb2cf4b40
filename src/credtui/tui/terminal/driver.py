"""The portal's driver: Textual's own, with a filter between the terminal and its parser."""

import os
import select
import signal
from collections import deque
from contextlib import suppress
from time import monotonic

from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.events import MouseEvent, MouseMove
from textual.message import Message

from credtui.tui.terminal.framework import TerminalApp
from credtui.tui.terminal.input import InputFilter
from credtui.tui.terminal.session import erase_rows, in_background, window_size

UNREADABLE = "Something that your terminal sent could not be read, and was ignored."
ONCE_IN = 10.0
"""Seconds between two notices that something could not be read."""

_IDLE, _WAITING = 0.1, 0.02  # seconds between two looks at the clock


class CredtuiDriver(LinuxDriver):
    """Reads keys whatever else arrives, and asks the terminal itself for its size."""

    def __init__(
        self,
        app: App[object],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        # Without a size the app would ask Rich at first, which believes COLUMNS and LINES.
        self._size = size or self._get_terminal_size()
        self._complained = -ONCE_IN
        self._read_at = monotonic()
        self._unread = app.unread if isinstance(app, TerminalApp) else b""

    def _get_terminal_size(self) -> tuple[int, int]:
        try:
            columns, rows = window_size(self.fileno)
        except OSError:
            return 80, 24
        return columns, rows

    def _query_in_band_window_resize(self) -> None:
        # Such reports would make the terminal report the mouse in pixels. SIGWINCH is enough.
        pass

    def stop_application_mode(self) -> None:
        """Leave the screen blank, for terminals that keep it; GNU screen does so by default."""
        self.write(erase_rows(self._get_terminal_size()[1]))
        super().stop_application_mode()

    def _sigtstp_application(self, *_: object) -> None:
        """Stop on the event loop. A signal may come while a write holds a lock that this needs."""
        self._loop.call_soon_threadsafe(super()._sigtstp_application)

    def _sigcont_application(self, *_: object) -> None:
        """Begin again after a stop, even by SIGSTOP, of which no program is told."""
        if self._auto_restart:
            self._loop.call_soon_threadsafe(self._begin_again)

    def _begin_again(self) -> None:
        if in_background(self.fileno):
            os.kill(os.getpid(), signal.SIGSTOP)
            return
        if not self._must_signal_resume:
            # Otherwise resuming would keep the raw modes as those to restore at the end.
            self.suspend_application_mode()
            self._must_signal_resume = True
        self.resume_application_mode()

    def process_message(self, message: Message) -> None:
        """Hand over a message, unless it is a click outside the screen, such as one in pixels.

        On such a click Textual would take the focus away. It notices by itself when a button is
        released outside.
        """
        if (
            not isinstance(message, MouseEvent)
            or isinstance(message, MouseMove)
            or self._app.size.region.contains(message.x, message.y)
        ):
            super().process_message(message)

    def run_input_thread(self) -> None:
        """Read input until the driver stops, whatever errors occur."""
        incoming = InputFilter(self._tell)
        parser = XTermParser()
        texts: deque[str] = deque()
        while not self.exit_event.is_set():
            try:
                texts.extend(self._next(incoming))
                while texts:
                    for message in parser.feed(texts.popleft()):
                        # Keys that came at once were pressed at once, before anything that the
                        # first of them leads to could be seen.
                        message.time = self._read_at
                        self.process_message(message)
            except Exception:  # noqa: BLE001 - no error may end the program or take a secret away
                parser = XTermParser()  # An exception ends the generator inside the old one.
                self._complain()
        # Drop what still arrives, such as the last report of the mouse: the shell must not get it.
        with suppress(OSError):
            if select.select([self.fileno], [], [], _IDLE)[0]:
                os.read(self.fileno, 4096)

    def _next(self, incoming: InputFilter) -> list[str]:
        if unread := self._unread:
            self._unread = b""
            return incoming.feed(unread, self._read_at)
        try:
            wait = _WAITING if incoming.waits else _IDLE
            if not select.select([self.fileno], [], [], wait)[0]:
                self._read_at = monotonic()
                return incoming.tick(self._read_at)
            data = os.read(self.fileno, 4096)
        except (OSError, ValueError):
            data = b""
        self._read_at = monotonic()
        if not data:
            # The terminal is gone, and `guard_session` is about to end the program.
            self.exit_event.wait(_IDLE)
        return incoming.feed(data, self._read_at)

    def _complain(self) -> None:
        now = monotonic()
        if now - self._complained >= ONCE_IN:
            self._complained = now
            self._tell(UNREADABLE)

    def _tell(self, sentence: str) -> None:
        with suppress(RuntimeError):  # The event loop has ended.
            self._loop.call_soon_threadsafe(
                lambda: self._app.notify(sentence, severity="warning", markup=False)
            )
