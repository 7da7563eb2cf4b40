"""What a terminal shows in its cells."""

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rich.color import ColorSystem
    from rich.style import Style

ATTRIBUTES = {
    "bold": ("1", "22"), "dim": ("2", "22"), "italic": ("3", "23"), "underline": ("4", "24"),
    "blink": ("5", "25"), "blink2": ("6", "25"), "reverse": ("7", "27"), "conceal": ("8", "28"),
    "strike": ("9", "29"), "underline2": ("21", "24"), "frame": ("51", "54"),
    "encircle": ("52", "54"), "overline": ("53", "55"),
}  # fmt: skip
"""The SGR codes that turn each attribute of a style on and off."""

UNSEEN_ON_BLANKS = frozenset({"1", "2", "3", "8"})
"""The codes of attributes that make no difference to a blank."""

# Characters that every terminal draws in one cell: Latin, lines and blocks.
_NARROW = [*range(0x20, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x300), *range(0x2500, 0x2600)]
_is_narrow = frozenset(map(chr, _NARROW)).issuperset
# Control characters are never drawn, even if a widget lets them through in a name or a message.
_CONTROLS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)])


class Pen(NamedTuple):
    """How a cell is drawn, in SGR codes. `fg` is empty for a blank, which shows no foreground."""

    attributes: frozenset[str] = frozenset()
    fg: str = "39"
    bg: str = "49"
    link: str = ""


Cell = tuple[str, Pen]
"""A text and its pen. The second half of a wide character has an empty text."""

Row = list[Cell]

PLAIN = Pen()
UNKNOWN = ("?", Pen(bg="unknown"))
"""What a cell shows before anything was drawn; no cell that is drawn equals it."""


@lru_cache(maxsize=4096)
def pen_of(style: "Style | None", system: "ColorSystem") -> Pen:
    """Return the pen for a style, in the colours that the terminal has."""
    if style is None:
        return PLAIN
    fg, bg = style.color, style.bgcolor
    return Pen(
        frozenset(on for name, (on, _) in ATTRIBUTES.items() if getattr(style, name)),
        ";".join(fg.downgrade(system).get_ansi_codes()) if fg else "39",
        ";".join(bg.downgrade(system).get_ansi_codes(foreground=False)) if bg else "49",
        f"id={style.link_id};{style.link}" if style.link else "",
    )


@lru_cache(maxsize=4096)
def blank_of(pen: Pen) -> Cell:
    """Return a blank cell that looks as if drawn with this pen."""
    unseen = pen.attributes <= UNSEEN_ON_BLANKS and not pen.link
    return " ", Pen(fg="", bg=pen.bg) if unseen else pen


def draw(text: str, pen: Pen, row: Row) -> None:
    """Add what a text shows to a row."""
    blank = blank_of(pen)
    if _is_narrow(text):
        row += [blank if character == " " else (character, pen) for character in text]
        return

    from rich.cells import split_graphemes

    text = text.translate(_CONTROLS)
    for start, end, width in split_graphemes(text)[0]:
        grapheme = text[start:end]
        if width:
            row += [(grapheme, pen) if grapheme != " " else blank, *[("", pen)] * (width - 1)]
        elif row and row[-1][0]:  # A combining accent has a style of its own.
            row[-1] = row[-1][0] + grapheme, row[-1][1]
