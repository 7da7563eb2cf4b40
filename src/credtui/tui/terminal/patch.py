"""The shortest text that takes a terminal from one picture to the next."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from credtui.tui.terminal.cells import (
    ATTRIBUTES,
    PLAIN,
    UNKNOWN,
    UNSEEN_ON_BLANKS,
    Pen,
    Row,
    blank_of,
)

_OFF = dict(ATTRIBUTES.values())


class Abilities(NamedTuple):
    """What a terminal can do besides moving its cursor and changing its pen.

    Attributes:
        erases_in_colour: Erased cells get the present background.
        erases_cells: A number of cells can be erased by one sequence.
        takes_away: An attribute can be turned off without a reset of all.
    """

    erases_in_colour: bool = False
    erases_cells: bool = False
    takes_away: bool = False

    @classmethod
    def of_terminal(cls) -> "Abilities":
        """Return what terminfo says of the terminal that TERM names: none if it knows none."""
        try:
            import curses

            # Textual has replaced sys.stdout by an object without a file descriptor.
            curses.setupterm(fd=sys.__stderr__.fileno() if sys.__stderr__ else 2)
        except Exception:  # noqa: BLE001 - no curses, no terminfo, no such terminal
            return cls()
        return cls(
            erases_in_colour=curses.tigetflag("bce") == 1,
            erases_cells=bool(curses.tigetstr("ech")),
            takes_away=b"24m" in (curses.tigetstr("rmul") or b""),
        )


@lru_cache(maxsize=4096)
def _turn(now: Pen, then: Pen, abilities: Abilities) -> str:
    """Return the shortest text that changes the pen: by differences, or all anew after a reset."""
    choices = [["0", *sorted(then.attributes), *(c for c in then[1:3] if c not in {"39", "49"})]]
    off = {_OFF[attribute] for attribute in now.attributes - then.attributes}
    if abilities.takes_away or not off:
        left = {attribute for attribute in now.attributes if _OFF[attribute] not in off}
        colours = (c for c, before in zip(then[1:3], now[1:3], strict=True) if c != before)
        choices.append([*sorted(off), *sorted(then.attributes - left), *colours])
    codes = min(map(";".join, choices), key=len)
    sgr = f"\x1b[{'' if codes == '0' else codes}m" if codes else ""
    return sgr if now.link == then.link else f"{sgr}\x1b]8;{then.link or ';'}\x1b\\"


@dataclass
class Patch:
    """The text of one update, and where it leaves the cursor and the pen."""

    abilities: Abilities
    out: list[str] = field(default_factory=list)
    at: tuple[int, int] = (-1, -1)  # Column and row; at first the cursor may be anywhere.
    pen: Pen = PLAIN

    def write(self, y: int, old: Row, new: Row) -> None:
        """Write what differs between two states of a row."""
        width = len(new)
        changed: Sequence[int] = [x for x in range(width) if new[x] != old[x]]
        if any(len(text) != 1 for text, _ in old + new):
            # Terminals disagree on how wide these are, so everything from here on is drawn anew.
            first = changed[0]
            while first and not (new[first][0] and old[first][0]):
                first -= 1
            changed = range(first, width)
            self._move(first, y)
            self.use(blank_of(new[first][1])[1])
            self.out.append("\x1b[K")
        done = 0
        for x in changed:
            text, pen = new[x]
            if x < done or not text or new[x] is UNKNOWN:
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
        """Change to a pen; to draw a blank, to the nearest pen that draws it the same."""
        if not pen.fg:
            pen = Pen(self.pen.attributes & UNSEEN_ON_BLANKS, self.pen.fg, pen.bg)
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
        """Erase the blanks from here on if that is shorter than writing them. Return how many."""
        pen = row[x][1]
        if pen.fg or not (self.abilities.erases_in_colour or pen.bg == PLAIN.bg):
            return 0
        end = x
        while end < len(row) and row[end] == row[x]:
            end += 1
        if end == len(row) and end - x > 3:
            self.out.append("\x1b[K")
            return end - x
        count = min(end, last + 1) - x
        if (
            count <= 10 or not self.abilities.erases_cells
        ):  # Erasing moves no cursor, so a move must follow.
            return 0
        self.out.append(f"\x1b[{count}X")
        return count
