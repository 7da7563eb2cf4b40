"""Plain View: values alone on the terminal, for selection with the terminal's own mouse.

Call `show_plain` inside `with app.suspend():`. It blocks on purpose. While the driver is stopped,
nothing reads what Textual writes, so Textual's event loop must stand still.
"""

import contextlib
import os
import select
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from enum import StrEnum

from rich.cells import cell_len

from credtui.tui.terminal.input import InputFilter
from credtui.tui.terminal.keys import ESCAPE
from credtui.tui.terminal.session import erase_rows, raw_mode, window_size

HINT = "Press Enter or Escape to return"
MORE = "Press Space for more, Enter or Escape to return"
TOO_SMALL = "Window too small"

# Ctrl+C, ctrl+D, ctrl+Z and ctrl+\ only leave the view. Nothing may stop the program while the
# values are shown.
_RETURN = frozenset({*"\r\nqQ\x03\x04\x1a\x1c", ESCAPE})
_LOOK_AGAIN = 0.2


class Left(StrEnum):
    """Why the view was left."""

    KEY = "key"
    IDLE = "idle"
    GONE = "gone"


def show_plain(
    entries: Sequence[tuple[str, str]],
    *,
    idle: float | None = 300.0,
    input_fd: int = 0,
    output_fd: int = 2,
) -> Left:
    """Show values alone until a key is pressed, then erase them.

    Nothing is ever scrolled, and each row is blanked before the screen is left, so that the
    scrollback of a terminal, tmux or GNU screen keeps none of it.

    Args:
        entries: Labels and values; a label stands on the line above its value.
        idle: Seconds without a key after which the view is left; None for no limit.
        input_fd: The terminal to read keys from.
        output_fd: The terminal to write to; Textual's own output is standard error.

    Raises:
        OSError: There is no terminal to write to. Nothing was shown.
    """
    window_size(output_fd)
    with _not_stopped(), raw_mode(input_fd):
        try:
            _write(output_fd, "\x1b[?1049h\x1b[?25l\x1b[?7h")
            return _show(entries, idle, input_fd, output_fd)
        except OSError:
            return Left.GONE
        finally:
            with contextlib.suppress(OSError):
                rows = window_size(output_fd).lines
                _write(output_fd, erase_rows(rows) + "\x1b[?25h\x1b[?1049l")


def pages(entries: Sequence[tuple[str, str]], columns: int, rows: int) -> list[list[str]]:
    """Divide the entries into pages that never need more rows than there are.

    The first line of each page is left free for the hint. A value that doesn't fit the window is
    not shown at all.
    """
    room = rows - 1
    found: list[list[str]] = [[]]
    for label, value in entries:
        wanted = ["", label, value]
        if _height([*found[-1], *wanted], columns) > room:
            wanted = ["", label, value] if _height(["", label, value], columns) <= room else [value]
            if _height(wanted, columns) > room:
                wanted = [TOO_SMALL[:columns]] if room else []
            if found[-1]:
                found.append([])
        found[-1].extend(wanted)
    return found


def _show(
    entries: Sequence[tuple[str, str]], idle: float | None, input_fd: int, output_fd: int
) -> Left:
    safe = [(_printable(label), _printable(value)) for label, value in entries]
    incoming = InputFilter()
    page, drawn = 0, None
    last_key = time.monotonic()
    while True:
        size = window_size(output_fd)
        parts = pages(safe, size.columns, size.lines)
        page %= len(parts)
        if drawn != (size, page):
            _write(output_fd, _draw(parts[page], size, more=len(parts) > 1))
            drawn = (size, page)
        # The size is read again every time, because Textual's driver takes SIGWINCH.
        if select.select([input_fd], [], [], _LOOK_AGAIN)[0]:
            data = os.read(input_fd, 256)
            if not data:
                return Left.GONE
            keys = incoming.feed(data, time.monotonic())
        else:
            keys = incoming.tick(time.monotonic())
        if not _RETURN.isdisjoint(keys):
            return Left.KEY
        page += keys.count(" ")
        if keys:
            last_key = time.monotonic()
        elif idle is not None and time.monotonic() - last_key >= idle:
            return Left.IDLE


def _draw(lines: Sequence[str], size: os.terminal_size, *, more: bool) -> str:
    # The cursor rests on the first row. A window that gets lower then loses its last rows. Without
    # an alternate screen, tmux would move rows above the cursor into its scrollback instead.
    text = [erase_rows(size.lines), (MORE if more else HINT)[: size.columns]]
    row = 2
    for line in lines:
        text.append(f"\x1b[{row}H{line}")
        row += _height([line], size.columns)
    return "".join([*text, "\x1b[H"])


def _height(lines: Sequence[str], columns: int) -> int:
    return sum(max(1, -(-cell_len(line) // columns)) for line in lines)


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)


def _write(fd: int, text: str) -> None:
    data = text.encode()
    while data:
        data = data[os.write(fd, data) :]


@contextlib.contextmanager
def _not_stopped() -> Iterator[None]:
    # Textual's handler would stop the process with the values still on the screen.
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGTSTP, before)
