"""Draws in the colours that the terminal has: 256, 16 or none.

ssh doesn't pass on that a terminal has true colour, and Rich would take other colours for what it
can't send: other greys, or another hue. So the portal draws in 256 colours everywhere, and this
filter chooses them, also for what Textual blends.
"""

from collections.abc import Iterable, Mapping
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

from credtui.tui.terminal.session import VIDEO_TERMINALS

_MANY = ("alacritty", "contour", "foot", "ghostty", "konsole", "rio", "wezterm", "xterm-ghostty")
"""How the names of terminals begin that have 256 colours and don't say so in their names."""

_LEVELS = (0, 95, 135, 175, 215, 255)

_SIXTEEN = bytes.fromhex(
    "000000 aa0000 00aa00 aa5500 0000aa aa00aa 00aaaa aaaaaa "
    "555555 ff5555 55ff55 ffff55 5555ff ff55ff 55ffff ffffff"
)
SIXTEEN = tuple(ColorTriplet(*_SIXTEEN[at : at + 3]) for at in range(0, 48, 3))
"""The colours 0 to 15 of the Linux console. Rich sends each as its number, without a change."""

_REVERSED = {0: 15, 1: 15, 2: 0, 4: 15, 5: 15, 6: 0, 7: 0}
"""The text that can be read on each background, on xterm and on the Linux console.

No text can be read on yellow on both: on the one it is yellow, on the other brown.
"""

_PLAIN = Style(bold=False, reverse=False, dim=False)


def colours_of(env: Mapping[str, str]) -> int:
    """Return how many colours to send to the terminal of an environment: 256, 16 or 0.

    A terminal that calls itself only "xterm" gets 16. Most have more, but one that hasn't would
    take the request for one of 256 colours as one for blinking.
    """
    terminal = env.get("TERM", "")
    if env.get("NO_COLOR") or terminal.startswith(VIDEO_TERMINALS):
        return 0
    if terminal.startswith(_MANY):
        return 256
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
def _one_of(numbers: Iterable[int], colour: RichColor) -> int:
    """Return the one of the colours 0 to 15 that looks most like a colour."""
    wanted = _lab(colour.get_truecolor())
    return min(numbers, key=lambda number: dist(_lab(SIXTEEN[number]), wanted))


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
        drawn = self.style  # each line that is drawn passes here
        return [
            Segment(text, None if style is None else drawn(style, background), control)
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
    bright background may blink, so a background is one of the first eight. Reverse video becomes a
    background of the text's colour, and black or white on it.
    """

    @staticmethod
    @lru_cache(maxsize=4096)
    def style(style: Style, background: Color) -> Style:
        """Return the style in the nearest colours."""
        front = style.color or background.inverse.rich_color
        if style.reverse:
            behind = _one_of(tuple(_REVERSED), front)
            text = _REVERSED[behind]
        else:
            behind = _one_of(range(8), style.bgcolor or background.rich_color)
            text = _one_of(range(16), front)
            if style.bold and 0 < text < 8:
                text += 8
        pair = (RichColor.from_triplet(SIXTEEN[number]) for number in (text, behind))
        return style + _PLAIN + Style.from_color(*pair) + Style(bold=text > 7)


class InNone(_Palette):
    """Takes the colours away, and leaves the attributes.

    Dark text on a lighter background becomes reverse video, and what is bright with 16 colours is
    bold.
    """

    @staticmethod
    @lru_cache(maxsize=4096)
    def style(style: Style, background: Color) -> Style:
        """Return the style without colours."""
        front = style.color or background.inverse.rich_color
        behind = style.bgcolor or background.rich_color
        plain = style.without_color + Style.from_meta(style.meta)
        if _lab(front.get_truecolor()) < _lab(behind.get_truecolor()):
            return plain + Style(reverse=not style.reverse)
        return plain + Style(bold=True) if _one_of(range(16), front) > 8 else plain
