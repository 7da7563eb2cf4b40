"""A terminal's screen, drawn from a program's bytes: pyte, and what these tests need besides."""

import copy
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pyte
from pyte.screens import StaticDefaultDict

# pyte would draw a part of these sequences ("\x1b[<u" leaves a "u" on the screen), take them for
# others ("\x1b[>4;1m" would underline), or raise an error. They change nothing on the screen.
_BEYOND_PYTE = re.compile(
    rb"""
    \x1b[PX^_k].*?\x1b\\                                  # DCS, SOS, PM, APC, screen's own title
    | \x1b\](?![012];).*?(?:\x1b\\|\x07)                  # OSC but the title: clipboard, colours
    | \x1b\[[<=>][0-9;:]*[ -/]*[@-~]                      # kitty's keys, XTVERSION, secondary DA
    | \x1b\[\?[0-9;:]*(?:[ -/]+[@-~]|[@-~](?<![hlJKn]))   # queries: modes, kitty's keys
    | \x1b\[[0-9;:]*[ -/]+[@-~]                           # cursor shape, soft reset
    | \x1b\[[0-9;]*:[0-9;:]*[@-~]                         # sub-parameters
    """,
    re.DOTALL | re.VERBOSE,
)
# The beginning of a sequence that goes on in the bytes that come next.
_UNFINISHED = re.compile(
    rb"""
    \x1b(?:
        \[[<=>?]?[0-9;:]*[ -/]*
        | [PX^_k](?:(?!\x1b\\).)*
        | \](?:(?!\x1b\\|\x07).)*
    )?\Z
    """,
    re.DOTALL | re.VERBOSE,
)
_ALTERNATE_SCREEN = frozenset({47, 1047, 1049})


class Cell(NamedTuple):
    """One cell of the screen. The second cell of a wide character is empty."""

    char: str
    fg: str
    bg: str
    bold: bool
    italic: bool
    underline: bool
    strike: bool
    reverse: bool
    blink: bool


class Emulator:
    """A screen fed with bytes.

    `reply` is called with what the terminal says to the program. `answers` maps the exact bytes of
    queries that pyte does not know to replies.
    """

    def __init__(
        self,
        rows: int,
        cols: int,
        *,
        reply: Callable[[bytes], None],
        answers: Mapping[bytes, bytes],
    ) -> None:
        self._screen = _Screen(cols, rows, reply)
        self._stream = _Stream(self._screen)
        self._reply = reply
        self._answers = answers
        self._pending = b""

    def feed(self, data: bytes) -> None:
        """Draw a program's output. It may arrive in pieces, cut anywhere."""
        data = self._pending + data
        unfinished = _UNFINISHED.search(data)
        end = unfinished.start() if unfinished else len(data)
        self._pending = data[end:]
        self._stream.feed(_BEYOND_PYTE.sub(self._answer, data[:end]))

    def resize(self, rows: int, cols: int) -> None:
        """Change the size. Content that no longer fits is lost."""
        self._screen.resize(rows, cols)

    @property
    def cols(self) -> int:
        """The number of columns."""
        return int(self._screen.columns)

    @property
    def lines(self) -> list[str]:
        """The rows of the screen, without blanks at their ends."""
        return [self._screen.row(row).rstrip() for row in range(self._screen.lines)]

    @property
    def scrollback(self) -> list[str]:
        """The rows that have left the main screen at its top, oldest first."""
        return list(self._screen.scrollback)

    @property
    def cells(self) -> list[list[Cell]]:
        """Every cell, row by row."""
        buffer, columns = self._screen.buffer, range(self._screen.columns)
        return [
            [Cell(*buffer[row][column]) for column in columns] for row in range(len(self.lines))
        ]

    @property
    def cursor(self) -> tuple[int, int] | None:
        """The column and row of the cursor, or None while it is hidden."""
        cursor = self._screen.cursor
        return None if cursor.hidden else (cursor.x, cursor.y)

    @property
    def title(self) -> str:
        """The window's title."""
        return str(self._screen.title)

    @property
    def private_modes(self) -> frozenset[int]:
        """The DEC private modes that are set."""
        # pyte shifts the numbers of private modes to tell them from others.
        return frozenset(mode >> 5 for mode in self._screen.mode if mode >= 1 << 5)

    def find(self, text: str) -> tuple[int, int] | None:
        """Return the column and row at which a text begins, None if it isn't there."""
        for row, line in enumerate(self.lines):
            if (index := line.find(text)) >= 0:
                length = 0
                for column in range(self.cols):
                    if length >= index and self._screen.buffer[row][column].data:
                        return column, row
                    length += len(self._screen.buffer[row][column].data)
        return None

    def _answer(self, query: re.Match[bytes]) -> bytes:
        if answer := self._answers.get(query[0]):
            self._reply(answer)
        return b""


class _Screen(pyte.Screen):
    """pyte's screen with an alternate screen, scrollback, scrolling by command, and replies."""

    def __init__(self, columns: int, lines: int, reply: Callable[[bytes], None]) -> None:
        self.scrollback: list[str] = []
        self._reply = reply
        self._main: tuple[Any, Any] | None = None
        super().__init__(columns, lines)

    def row(self, row: int) -> str:
        """The text of a row."""
        return "".join(self.buffer[row][column].data for column in range(self.columns))

    def write_process_input(self, data: str) -> None:
        """Answer the program. pyte calls this for the queries that it knows."""
        self._reply(data.encode())

    def set_mode(self, *modes: int, **kwargs: Any) -> None:
        """Set modes. The alternate screen begins empty."""
        super().set_mode(*modes, **kwargs)
        if kwargs.get("private") and _ALTERNATE_SCREEN.intersection(modes) and not self._main:
            self._main = self.buffer, copy.copy(self.cursor)
            self.buffer = defaultdict(lambda: StaticDefaultDict(self.default_char))

    def reset_mode(self, *modes: int, **kwargs: Any) -> None:
        """Reset modes. Leaving the alternate screen brings back the main one as it was."""
        super().reset_mode(*modes, **kwargs)
        if kwargs.get("private") and _ALTERNATE_SCREEN.intersection(modes) and self._main:
            hidden = self.cursor.hidden
            self.buffer, self.cursor = self._main
            self.cursor.hidden = hidden
            self._main = None
            self.ensure_hbounds()
            self.ensure_vbounds()

    def index(self) -> None:
        """Move down, and keep a row that scrolls out of the main screen."""
        top, bottom = self.margins or (0, self.lines - 1)
        if self.cursor.y == bottom and top == 0 and not self._main:
            self.scrollback.append(self.row(0).rstrip())
        super().index()

    def scroll_up(self, count: int = 1) -> None:
        """Move the rows between the margins up."""
        self._scroll_at((self.margins or (0, self.lines - 1))[1], self.index, count)

    def scroll_down(self, count: int = 1) -> None:
        """Move the rows between the margins down."""
        self._scroll_at((self.margins or (0, 0))[0], self.reverse_index, count)

    def _scroll_at(self, row: int, scroll: Callable[[], None], count: int) -> None:
        here, self.cursor.y = self.cursor.y, row
        for _ in range(count or 1):
            scroll()
        self.cursor.y = here


class _Stream(pyte.ByteStream):
    csi = {**pyte.ByteStream.csi, "S": "scroll_up", "T": "scroll_down"}  # noqa: RUF012
    events = pyte.ByteStream.events | {"scroll_up", "scroll_down"}
