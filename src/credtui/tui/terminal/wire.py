"""Frugal on the wire: of what Textual repaints, only changed cells travel to the terminal.

Textual hands each update to `App._display`, which writes what its `render_segments` returns. That
is the one seam: we keep a frame, what each cell of the terminal shows, and put in the place of that
text a short one that takes the terminal from this frame to the next. `frugal = False` switches it
off. A kind of update that we do not know goes out as it is, and after any error of ours all do.
"""

import sys
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.console import COLOR_SYSTEMS
from textual.app import App, ReturnType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.color import ColorSystem
    from rich.style import Style

_ATTRIBUTES = {  # and the SGR codes that set them and take them away
    "bold": ("1", "22"), "dim": ("2", "22"), "italic": ("3", "23"), "underline": ("4", "24"),
    "blink": ("5", "25"), "blink2": ("6", "25"), "reverse": ("7", "27"), "conceal": ("8", "28"),
    "strike": ("9", "29"), "underline2": ("21", "24"), "frame": ("51", "54"),
    "encircle": ("52", "54"), "overline": ("53", "55"),
}  # fmt: skip
_OFF = dict(_ATTRIBUTES.values())
_UNSEEN_ON_BLANKS = frozenset({"1", "2", "3", "8"})

_SHAPES = ({"strips", "region"}, {"chops", "spans", "chop_ends"})
# Characters that every terminal draws in one cell: Latin, lines and blocks.
_NARROW = [*range(0x20, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x300), *range(0x2500, 0x2600)]
_is_narrow = frozenset(map(chr, _NARROW)).issuperset
# A name or a message is no place for these, whatever widget let them through.
_CONTROLS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)])


class Pen(NamedTuple):
    """How a cell is drawn, as SGR codes. An empty `fg` is any colour: a blank shows none."""

    attributes: frozenset[str] = frozenset()
    fg: str = "39"
    bg: str = "49"
    link: str = ""


Cell = tuple[str, Pen]  # The second half of a wide character is an empty text.
Row = list[Cell]

_PLAIN = Pen()
_UNKNOWN = ("?", Pen(bg="unknown"))  # equal to nothing that is ever drawn


class Abilities(NamedTuple):
    """What a terminal can do besides moving its cursor and changing its pen."""

    erases_in_colour: bool = False
    erases_cells: bool = False
    takes_away: bool = False  # one attribute, without a reset of all

    @classmethod
    def of_terminal(cls) -> "Abilities":
        """What terminfo says of the terminal that TERM names; nothing if it does not know it."""
        try:
            import curses

            # Textual has put an object without a descriptor in the place of sys.stdout.
            curses.setupterm(fd=sys.__stderr__.fileno() if sys.__stderr__ else 2)
        except Exception:  # noqa: BLE001 - no curses, no terminfo, no such terminal
            return cls()
        return cls(
            erases_in_colour=curses.tigetflag("bce") == 1,
            erases_cells=bool(curses.tigetstr("ech")),
            takes_away=b"24m" in (curses.tigetstr("rmul") or b""),
        )


@lru_cache(maxsize=4096)
def _pen(style: "Style | None", system: "ColorSystem") -> Pen:
    if style is None:
        return _PLAIN
    fg, bg = style.color, style.bgcolor
    return Pen(
        frozenset(on for name, (on, _) in _ATTRIBUTES.items() if getattr(style, name)),
        ";".join(fg.downgrade(system).get_ansi_codes()) if fg else "39",
        ";".join(bg.downgrade(system).get_ansi_codes(foreground=False)) if bg else "49",
        f"id={style.link_id};{style.link}" if style.link else "",
    )


@lru_cache(maxsize=4096)
def _blank(pen: Pen) -> Cell:
    unseen = pen.attributes <= _UNSEEN_ON_BLANKS and not pen.link
    return " ", Pen(fg="", bg=pen.bg) if unseen else pen


@lru_cache(maxsize=4096)
def _turn(now: Pen, then: Pen, abilities: Abilities) -> str:
    """From one pen to another, by the shorter of what differs and all of it after a reset."""
    choices = [["0", *sorted(then.attributes), *(c for c in then[1:3] if c not in {"39", "49"})]]
    off = {_OFF[attribute] for attribute in now.attributes - then.attributes}
    if abilities.takes_away or not off:
        left = {attribute for attribute in now.attributes if _OFF[attribute] not in off}
        colours = (c for c, before in zip(then[1:3], now[1:3], strict=True) if c != before)
        choices.append([*sorted(off), *sorted(then.attributes - left), *colours])
    codes = min(map(";".join, choices), key=len)
    sgr = f"\x1b[{'' if codes == '0' else codes}m" if codes else ""
    return sgr if now.link == then.link else f"{sgr}\x1b]8;{then.link or ';'}\x1b\\"


def _draw(text: str, pen: Pen, row: Row) -> None:
    """Add what a text shows to a row."""
    blank = _blank(pen)
    if _is_narrow(text):
        row += [blank if character == " " else (character, pen) for character in text]
        return

    from rich.cells import split_graphemes

    text = text.translate(_CONTROLS)
    for start, end, width in split_graphemes(text)[0]:
        grapheme = text[start:end]
        if width:
            row += [(grapheme, pen) if grapheme != " " else blank, *[("", pen)] * (width - 1)]
        elif row and row[-1][0]:  # an accent in a style of its own
            row[-1] = row[-1][0] + grapheme, row[-1][1]


def _pieces(update: Any) -> "Iterator[tuple[int, int, Iterable[Any]]]":
    """Where Textual would write what: a column, a row and the segments that start there."""
    if hasattr(update, "region"):
        for y, strips in enumerate(update.strips, update.region.y):
            yield update.region.x, y, chain.from_iterable(strips)
        return
    for y, start, stop in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is not None and x < stop and end > start:
                yield x, y, strip if end <= stop else strip.crop(0, stop - x)


@dataclass
class Frame:
    """What the terminal shows, as far as we know."""

    size: tuple[int, int]
    system: "ColorSystem"
    abilities: Abilities
    rows: dict[int, Row] = field(default_factory=dict)
    cursor: tuple[int, int] | None = None

    def patch(self, update: Any) -> tuple[str, dict[int, Row]]:
        """What to write for an update, and which rows of the frame that makes new."""
        width, height = self.size
        unknown = [_UNKNOWN] * width
        rows: dict[int, Row] = {}
        for start, y, segments in _pieces(update):
            if y >= height:  # it was made before the terminal shrank
                continue
            drawn: Row = []
            for text, style, _ in segments:
                _draw(text, _pen(style, self.system), drawn)
            row = rows.setdefault(y, list(self.rows.get(y, unknown)))
            row[start : start + len(drawn)] = drawn
            del row[width:]
        patch = _Patch(self.abilities)
        for y, row in rows.items():
            if row != (old := self.rows.get(y, unknown)):
                patch.write(y, old, row)
        patch.use(_PLAIN)  # which others expect
        return "".join(patch.out), rows


@dataclass
class _Patch:
    """The text of one update, and where it leaves the cursor and the pen."""

    abilities: Abilities
    out: list[str] = field(default_factory=list)
    at: tuple[int, int] = (-1, -1)  # column and row; who knows where others left the cursor
    pen: Pen = _PLAIN

    def write(self, y: int, old: Row, new: Row) -> None:
        """Write what differs between two states of a row."""
        width = len(new)
        changed: Sequence[int] = [x for x in range(width) if new[x] != old[x]]
        if any(len(text) != 1 for text, _ in old + new):
            # Only the terminal knows how wide it draws these: from here on trust nothing it shows.
            first = changed[0]
            while first and not (new[first][0] and old[first][0]):
                first -= 1
            changed = range(first, width)
            self._move(first, y)
            self.use(_blank(new[first][1])[1])
            self.out.append("\x1b[K")
        done = 0
        for x in changed:
            text, pen = new[x]
            if x < done or not text or new[x] is _UNKNOWN:
                continue
            self._move(x, y)
            self.use(pen)
            done = x + self._erase(x, new, changed[-1])
            if done > x:
                continue
            self.out.append(text)
            # After the last column terminals differ in where the cursor is.
            simple = len(text) == 1 and x + 1 < width and new[x + 1][0]
            self.at = (x + 1, y) if simple else (-1, -1)

    def use(self, pen: Pen) -> None:
        """Take a pen, or for a blank one that draws the same and is nearer to that in hand."""
        if not pen.fg:
            pen = Pen(self.pen.attributes & _UNSEEN_ON_BLANKS, self.pen.fg, pen.bg)
        if pen != self.pen:
            self.out.append(_turn(self.pen, pen, self.abilities))
            self.pen = pen

    def _move(self, x: int, y: int) -> None:
        ahead = x - self.at[0]
        if y != self.at[1]:
            self.out.append(f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H")
        elif ahead:
            self.out.append(f"\x1b[{ahead}C" if ahead > 1 else "\x1b[C")
        self.at = (x, y)

    def _erase(self, x: int, row: Row, last: int) -> int:
        """Erase the blanks from here on if that is shorter than writing them; say how many."""
        pen = row[x][1]
        if pen.fg or not (self.abilities.erases_in_colour or pen.bg == _PLAIN.bg):
            return 0
        end = x
        while end < len(row) and row[end] == row[x]:
            end += 1
        if end == len(row) and end - x > 3:
            self.out.append("\x1b[K")
            return end - x
        count = min(end, last + 1) - x
        if count <= 10 or not self.abilities.erases_cells:  # for it takes a move besides
            return 0
        self.out.append(f"\x1b[{count}X")
        return count


class FrugalApp(App[ReturnType]):
    """An app whose terminal receives only the cells that changed."""

    frugal: bool = True
    """Whether to write only what changed, or all that Textual repaints."""

    _frame: Frame | None = None

    def action_repaint(self) -> None:
        """Paint the whole screen, because something else may have written on it."""
        self._frame = None
        self.refresh()

    def on_resize(self) -> None:
        """Trust nothing after a resize, nor after a suspend, which ends with one."""
        if self._frame is not None:
            self.action_repaint()

    def _display(self, *args: Any) -> None:
        if not self.frugal:
            self._frame = None
        elif not self.is_headless:
            try:
                args = args[0], self._thin(*args[1:])
            except Exception as error:  # noqa: BLE001 - whatever it is, Textual's own output works
                self.log.debug(f"frugal output is off: {error!r}")
                self.frugal = False
                self.call_later(self.refresh)
        super()._display(*args)

    def _thin(self, update: Any) -> Any:
        """The same update, saying less; None if it changes nothing."""
        if update is None:
            return None
        if self.is_inline or set(getattr(update, "__dict__", ())) not in _SHAPES:
            self._frame = None
            return update
        if self._frame is None or self._frame.size != self.size:
            system = COLOR_SYSTEMS[self.console.color_system or "truecolor"]
            self._frame = Frame(self.size, system, Abilities.of_terminal())
        frame, cursor = self._frame, self.cursor_position
        text, rows = frame.patch(update)
        if not text and cursor == frame.cursor:
            return None

        def render_segments(_console: object) -> str:
            # Textual drops some updates; this one it writes.
            frame.rows |= rows
            frame.cursor = cursor
            return text

        update.render_segments = render_segments
        return update
