"""How well each text on a screen stands out from what is behind it.

The ratios are those of the Web Content Accessibility Guidelines: 4.5 to 1 for text, 3 to 1 for
borders and for what is disabled. What a dialog dims behind itself is left out.
"""

from collections.abc import Iterator
from itertools import chain
from typing import Any, TypeAlias

from rich.color import Color as RichColor
from rich.color_triplet import ColorTriplet
from rich.style import Style
from textual.color import Color
from textual.screen import ModalScreen

from credtui.tui.app import CredtuiApp
from credtui.tui.terminal.palette import SIXTEEN

Palette: TypeAlias = tuple[ColorTriplet, ...]

_XTERM = bytes.fromhex(
    "000000 cd0000 00cd00 cdcd00 0000ee cd00cd 00cdcd e5e5e5 "
    "7f7f7f ff0000 00ff00 ffff00 5c5cff ff00ff 00ffff ffffff"
)
XTERM = tuple(ColorTriplet(*_XTERM[at : at + 3]) for at in range(0, 48, 3))
"""The colours 0 to 15 of xterm."""

TEXT, LINES = 4.5, 3.0


def luminance(colour: ColorTriplet) -> float:
    """The relative luminance of a colour, from 0 to 1."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in colour.normalized
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def ratio(one: ColorTriplet, other: ColorTriplet) -> float:
    """The contrast of two colours, from 1 to 21."""
    dark, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dark + 0.05)


def shortfalls(app: CredtuiApp, palette: Palette = SIXTEEN) -> list[str]:
    """Name all text on the screen that doesn't stand out enough.

    Args:
        app: The portal, running.
        palette: The terminal's colours 0 to 15, if it has no others.
    """
    disabled = Color.parse(app.theme_variables["text-disabled"]).rich_color.triplet
    found = []
    for x, y, text, style in runs(app):
        front, back = _triplet(style.color, palette), _triplet(style.bgcolor, palette)
        if style.reverse:
            front, back = back, front
        is_faint = _is_line(text) or (style.color and style.color.get_truecolor() == disabled)
        got = ratio(front, back)
        if got < (LINES if is_faint else TEXT):
            colours = f"{front.hex} on {back.hex}"
            found.append(f"column {x}, row {y}: {text!r} is {colours}, {got:.2f} to 1")
    return found


def runs(app: CredtuiApp) -> Iterator[tuple[int, int, str, Style]]:
    """Yield each text on top of the screen that has one style: column, row, text, style."""
    update: Any = app.screen._compositor.render_update(
        full=True, screen_stack=app._background_screens
    )
    for y, strips in enumerate(update.strips):
        x = 0
        for segment in chain.from_iterable(strips):
            if segment.text.strip() and segment.style and not _is_behind(app, x, y):
                yield x, y, segment.text, segment.style
            x += segment.cell_length


def _is_behind(app: CredtuiApp, x: int, y: int) -> bool:
    widget, _ = app.get_widget_at(x, y)
    return isinstance(widget, ModalScreen)


def _is_line(text: str) -> bool:
    return all("\u2500" <= letter <= "\u25ff" or letter in " ·+-|" for letter in text)


def _triplet(colour: RichColor | None, palette: Palette) -> ColorTriplet:
    assert colour
    triplet = colour.get_truecolor()
    if palette is not SIXTEEN:
        triplet = palette[SIXTEEN.index(triplet)]
    return triplet
