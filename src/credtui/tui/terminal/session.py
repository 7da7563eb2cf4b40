"""What the portal does with the terminal before, around and after Textual.

Textual reads standard input, writes standard error, ignores terminfo, and leaves hang-up and
termination to Python. Over SSH that is not enough. There may be no terminal. It may be behind a
multiplexer, may not speak UTF-8, and may go away at any moment.
"""

import codecs
import contextlib
import os
import select
import signal
import termios
import threading
import time
import tty
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NoReturn, TextIO

from credtui.domain.names import quotable

VIDEO_TERMINALS = ("vt1", "vt2", "vt3", "vt4", "vt5")
"""How the names of DEC's terminals begin, and of programs that behave like these."""

_MODES_OFF = (
    "\x1b[?2026l\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l"
    "\x1b[?2004l\x1b[?1004l\x1b[?2048l\x1b[<u\x1b[?7h\x1b[m"
)


# These signals don't end a program by default, are ignored by Python, or can't be caught. The
# faults of the processor are among them: they would come again after Python's handler returns.
_NOT_GUARDED = (
    *("SIGCHLD", "SIGCONT", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGWINCH", "SIGINFO"),
    *("SIGPIPE", "SIGXFSZ", "SIGKILL", "SIGSTOP", "SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL"),
)


class NoTerminal(Exception):
    """There is no terminal that the portal can be drawn on; the message is one sentence."""


def require_terminal(env: Mapping[str, str], *streams: TextIO | None) -> None:
    """Raise an error if the portal can't be drawn on the terminal.

    Args:
        env: The environment; its TERM must name a terminal that can move its cursor.
        streams: Standard input, output and error: Textual reads the first, writes the last.

    Raises:
        NoTerminal: A stream is not a terminal, or TERM is missing, dumb or unknown.
    """
    if not all(stream is not None and not stream.closed and stream.isatty() for stream in streams):
        raise NoTerminal("The portal needs a terminal for its input and output.")
    term = env.get("TERM", "")
    if not term or term == "unknown" or term.startswith("dumb"):
        named = f"TERM is {quotable(term, 40)}" if term else "TERM is not set"
        raise NoTerminal(f"The portal needs a terminal that can move its cursor, and {named}.")


def use_utf8(*streams: TextIO | None) -> None:
    """Make each stream UTF-8. In Latin-1 Textual's escape sequences and the layout break."""
    for stream in streams:
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="backslashreplace")


def first_environment() -> Mapping[str, str]:
    """Return the environment that the process was started with.

    Python sets LC_CTYPE=C.UTF-8 when it starts in the C locale, so `os.environ` no longer tells the
    locale of the person's terminal.
    """
    try:
        block = Path("/proc/self/environ").read_bytes()
    except OSError:
        return os.environ
    pairs = (os.fsdecode(item).partition("=") for item in block.split(b"\0") if item)
    return {name: value for name, _, value in pairs}


def ascii_only(env: Mapping[str, str]) -> bool:
    """Return whether the terminal shows ASCII alone, by its locale and its type.

    Args:
        env: The environment that `first_environment` returned. The first of LC_ALL, LC_CTYPE and
            LANG that is set decides, as it does for the C library.
    """
    if env.get("TERM", "").startswith(VIDEO_TERMINALS):
        return True
    name = env.get("LC_ALL") or env.get("LC_CTYPE") or env.get("LANG") or "C"
    encoding = name.partition("@")[0].rpartition(".")[2]
    try:
        return codecs.lookup(encoding).name != "utf-8"
    except LookupError:
        return True


@contextlib.contextmanager
def raw_mode(fd: int) -> Iterator[None]:
    """Read each key as it is pressed, control keys included; restore the terminal afterwards."""
    before = termios.tcgetattr(fd)
    try:
        tty.setraw(fd, termios.TCSANOW)
        yield
    finally:
        with contextlib.suppress(termios.error):
            termios.tcsetattr(fd, termios.TCSANOW, before)


def window_size(fd: int) -> os.terminal_size:
    """Return the size of the terminal; 80x24 if it doesn't know, as a serial line doesn't.

    Raises:
        OSError: The descriptor is not a terminal, or no longer one.
    """
    columns, rows = os.get_terminal_size(fd)
    return os.terminal_size((columns or 80, rows or 24))


def erase_rows(rows: int) -> str:
    """Return a text that blanks the window row by row.

    If the window is cleared by one sequence, tmux keeps the old text in its scrollback. GNU screen
    ignores the alternate screen by default. So each row must be blanked.
    """
    return "\x1b[m" + "".join(f"\x1b[{row}H\x1b[2K" for row in range(1, rows + 1)) + "\x1b[H"


def in_background(fd: int) -> bool:
    """Whether a shell has given the terminal to another program."""
    try:
        return os.tcgetpgrp(fd) != os.getpgrp()
    except OSError:  # it controls no programs
        return False


def forbid_stop() -> None:
    """Ignore SIGTSTP, for a forced command, which no shell could resume.

    Call this when Textual runs, on mount, because its driver installs a handler before.
    """
    signal.signal(signal.SIGTSTP, signal.SIG_IGN)


def guard_session(
    input_fd: int,
    output_fd: int,
    *,
    on_hangup: Callable[[], None],
    on_terminate: Callable[[int], None],
    grace: float = 2.0,
) -> None:
    """End the process within seconds when its terminal goes away or a signal asks for its end.

    Every signal is handled that would end the process and leave the terminal out of order. The
    terminal is watched as well. Under setsid or nohup no signal comes, and Textual's input thread
    would then read the end of file for ever. Call this from the main thread, before Textual starts.

    Args:
        input_fd: The terminal that is watched.
        output_fd: The terminal that is put in order before the process is made to end.
        on_hangup: Called from another thread. The process ends when it returns. It is called as
            well when a signal comes while the program is stopped or in the background.
        on_terminate: Called from another thread with the number of a signal other than SIGHUP. It
            asks for a normal end, for example by the event loop's `call_soon_threadsafe(app.exit)`.
        grace: Seconds for `on_hangup`, and for the normal end after `on_terminate`.
    """
    attributes = termios.tcgetattr(input_fd)

    def tidy() -> None:
        with contextlib.suppress(OSError, termios.error):
            termios.tcsetattr(input_fd, termios.TCSANOW, attributes)
            rows = window_size(output_fd).lines
            text = _MODES_OFF + erase_rows(rows) + "\x1b[?1049l\x1b[?25h"
            os.write(output_fd, text.encode())

    def end(number: int) -> None:
        # After a stop the screen and the terminal's modes are the shell's: leave both alone.
        away = in_background(input_fd)
        hangup = away or number == signal.SIGHUP
        # Writing to a terminal that is stopped by ctrl+s may block for ever.
        _start(lambda: _exit_after(grace + 1, 128 + number))
        deadline = time.monotonic() + grace
        _start(lambda: _call(on_hangup if hangup else lambda: on_terminate(number))).join(grace)
        if not hangup:
            time.sleep(max(0.0, deadline - time.monotonic()))
        if not away:
            tidy()
        os._exit(128 + number)

    def begin_to_end(number: int, _frame: object) -> None:
        # A shell that ends a stopped program continues it. It would stop again in the background.
        signal.signal(signal.SIGCONT, lambda *_: None)
        _start(lambda: end(number))

    def watch() -> None:
        if _wait_for_hangup(input_fd):
            end(signal.SIGHUP)

    kept = {getattr(signal, name, None) for name in _NOT_GUARDED}
    for number in signal.valid_signals() - kept:
        signal.signal(number, begin_to_end)
    _start(watch)


def _wait_for_hangup(fd: int) -> bool:
    poller = select.poll()
    # No event is asked for. Hang-up is reported anyway, and input must not wake this thread.
    poller.register(fd, 0)
    return any(event & (select.POLLHUP | select.POLLERR) for _, event in poller.poll())


def _exit_after(seconds: float, status: int) -> NoReturn:
    time.sleep(seconds)
    os._exit(status)


def _call(callback: Callable[[], None]) -> None:
    with contextlib.suppress(Exception):
        callback()


def _start(target: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=target, daemon=True, name="credtui-session")
    thread.start()
    return thread
