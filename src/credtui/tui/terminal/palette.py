"""Draws in the colours that the terminal has: 256, 16 or none.

ssh doesn't pass on that a terminal has true colour, and Rich would take other colours for what it
can't send: other greys, or another hue. So the portal draws in 256 colours everywhere, and this
filter chooses them, also for what Textual blends.
"""

from collections.abc import Mapping
from functools import lru_cache
from math import dist

from rich.color import Color as RichColor
from rich.color_triplet import ColorTriplet
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.color import Color, rgb_to_lab
from textual.constants import DIM_FACTOR
from textual.filter import LineFilter

_MONOCHROME = ("vt1", "vt2", "vt3", "vt4", "vt5")
"""How the names of terminals begin that have attributes, but no colours."""

_LEVELS = (0, 95, 135, 175, 215, 255)

_SIXTEEN = bytes.fromhex(
    "000000 aa0000 00aa00 aa5500 0000aa aa00aa 00aaaa aaaaaa "
    "555555 ff5555 55ff55 ffff55 5555ff ff55ff 55ffff ffffff"
)
SIXTEEN = tuple(ColorTriplet(*_SIXTEEN[at : at + 3]) for at in range(0, 48, 3))
"""The colours 0 to 15 of the Linux console. Rich sends each as its number, without a change."""

_PLAIN = Style(bold=False, reverse=False, dim=False)


def colours_of(env: Mapping[str, str]) -> int:
    """Return how many colours to send to the terminal of an environment: 256, 16 or 0.

    A terminal that calls itself only "xterm" gets 16. Most have more, but one that hasn't would
    take the request for one of 256 colours as one for blinking.
    """
    if env.get("NO_COLOR") or env.get("TERM", "").startswith(_MONOCHROME):
        return 0
    system = Console(force_terminal=True, legacy_windows=False, _environ=env).color_system
    return 256 if system in ("256", "truecolor") else 16


def filter_for(colours: int) -> LineFilter:
    """Return the filter for a terminal that has this many colours."""
    return {256: In256, 16: In16}.get(colours, InNone)()


@lru_cache(maxsize=1)
def _palette() -> dict[ColorTriplet, int]:
    """Return the numbers of the colours that all terminals with 256 colours share."""
    cube = [ColorTriplet(r, g, b) for r in _LEVELS for g in _LEVELS for b in _LEVELS]
    greys = [ColorTriplet(grey, grey, grey) for grey in range(8, 248, 10)]
    return {colour: number for number, colour in enumerate(cube + greys, 16)}


@lru_cache(maxsize=4096)
def _lab(colour: ColorTriplet) -> tuple[float, float, float]:
    return rgb_to_lab(Color(*colour))


@lru_cache(maxsize=4096)
def _nearest(colour: RichColor) -> RichColor:
    """Return the one of 256 colours that looks most like a colour."""
    if (wanted := colour.triplet) is None:
        return colour
    palette = _palette()
    if (number := palette.get(wanted)) is None:
        number = palette[min(palette, key=lambda one: dist(_lab(one), _lab(wanted)))]
    return RichColor.from_ansi(number)


@lru_cache(maxsize=4096)
def _one_of(count: int, colour: RichColor) -> RichColor:
    """Return the one of the first colours 0 to 15 that looks most like a colour."""
    wanted = colour.get_truecolor()
    found = min(SIXTEEN[:count], key=lambda one: dist(_lab(one), _lab(wanted)))
    return RichColor.from_triplet(found)


def _dimmed(style: Style, behind: Color) -> RichColor | None:
    """Return the colour of a text, blended with its background if it is dim."""
    if style.color is None or not style.dim:
        return style.color
    background = Color.from_rich_color(style.bgcolor) if style.bgcolor else behind
    return background.blend(Color.from_rich_color(style.color), DIM_FACTOR).rich_color


class _Palette(LineFilter):
    """Replaces the style of each segment."""

    def style(self, style: Style, background: Color) -> Style:
        """Return a style that the terminal can show."""
        raise NotImplementedError

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments in the terminal's colours."""
        return [
            Segment(text, style and self.style(style, background), control)
            for text, style, control in segments
        ]


class In256(_Palette):
    """Replaces each colour by the nearest of the 240 that all terminals with 256 share."""

    @staticmethod
    @lru_cache(maxsize=4096)
    def style(style: Style, background: Color) -> Style:
        """Return the style in the nearest colours."""
        colour, behind = _dimmed(style, background), style.bgcolor
        nearest = Style.from_color(colour and _nearest(colour), behind and _nearest(behind))
        return style + nearest + Style(dim=False) if style.dim else style + nearest


class In16(_Palette):
    """Replaces each colour by the nearest of 16.

    Terminals differ in these. On some, bold makes a colour bright, and a bright colour stays
    bright until bold is turned off; so here a bright text is bold, and a bold one is bright. A
    bright background may blink, so a background is one of the first eight. Reverse video would
    exchange the two, so it becomes a pair of colours.
    """

    @staticmethod
    @lru_cache(maxsize=4096)
    def style(style: Style, background: Color) -> Style:
        """Return the style in the nearest colours."""
        colour = style.color or background.inverse.rich_color
        behind = style.bgcolor or background.rich_color
        if style.reverse:
            colour, behind = behind, colour
        colour, behind = _one_of(16, colour), _one_of(8, behind)
        number = SIXTEEN.index(colour.get_truecolor())
        if style.bold and not style.reverse and 0 < number < 8:
            number += 8
            colour = RichColor.from_triplet(SIXTEEN[number])
        return style + _PLAIN + Style.from_color(colour, behind) + Style(bold=number > 7)


class InNone(_Palette):
    """Takes the colours away, and leaves the attributes."""

    @staticmethod
    @lru_cache(maxsize=4096)
    def style(style: Style, background: Color) -> Style:  # noqa: ARG004
        """Return the style without colours."""
        return style.without_color + Style.from_meta(style.meta)
