"""The colours that a terminal is sent."""

import re
from collections.abc import Mapping

import pytest
from rich.color import Color as RichColor
from rich.color import ColorSystem
from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from credtui.tui.terminal.cells import Pen, pen_of
from credtui.tui.terminal.palette import SIXTEEN, colours_of, filter_for
from credtui.tui.theme import DARK, LIGHT
from credtui.tui.theme import SIXTEEN as FEW
from tests.tui.contrast import XTERM, Palette, ratio

BLACK = Color(0, 0, 0)


def pen(colours: int, style: str, system: ColorSystem = ColorSystem.TRUECOLOR) -> Pen:
    """How the text of a style is drawn with a number of colours."""
    (segment,) = filter_for(colours).apply([Segment("x", Style.parse(style))], BLACK)
    return pen_of(segment.style, system)


@pytest.mark.parametrize(
    ("env", "colours"),
    [
        ({"TERM": "xterm-256color"}, 256),
        ({"TERM": "tmux-256color"}, 256),
        ({"TERM": "xterm-kitty"}, 256),
        ({"TERM": "xterm-ghostty"}, 256),
        ({"TERM": "alacritty"}, 256),
        ({"TERM": "foot-extra"}, 256),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, 256),
        ({"TERM": "xterm"}, 16),
        ({"TERM": "linux"}, 16),
        ({"TERM": "xterm-16color"}, 16),
        ({}, 16),
        ({"TERM": "vt220"}, 0),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, 0),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, 256),
    ],
)
def test_how_many_colours(env: Mapping[str, str], colours: int) -> None:
    assert colours_of(env) == colours


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
def test_the_themes_colours_are_sent_unchanged(theme: object) -> None:
    for colour in re.findall(r"#[0-9a-f]{6}", repr(theme)):
        code = pen(256, colour).fg
        assert code.startswith("38;5;"), colour
        assert RichColor.from_ansi(int(code[5:])).get_truecolor().hex == colour


@pytest.mark.parametrize("system", [ColorSystem.EIGHT_BIT, ColorSystem.TRUECOLOR])
@pytest.mark.parametrize("number", range(16, 256))
def test_each_colour_survives(number: int, system: ColorSystem) -> None:
    colour = RichColor.from_ansi(number).get_truecolor()
    assert pen(256, colour.hex, system).fg == f"38;5;{number}"


@pytest.mark.parametrize(
    ("blend", "number"),
    [
        ("#171e27", 234),  # a dark surface stays lighter than black
        ("#202a36", 235),  # and doesn't become navy
        ("#1a3850", 237),
        ("#40252b", 236),
    ],
)
def test_a_blend_keeps_its_hue_and_lightness(blend: str, number: int) -> None:
    assert pen(256, blend).fg == f"38;5;{number}"


def test_dim_becomes_a_colour() -> None:
    dimmed = pen(256, "dim #ffffff on #000000")
    assert dimmed.attributes == set()
    assert dimmed.fg not in {"38;5;231", "38;5;16"}


def test_attributes_and_actions_stay() -> None:
    style = Style.parse("bold underline reverse #ffffff") + Style.from_meta({"@click": "x"})
    for colours in (256, 0):
        (segment,) = filter_for(colours).apply([Segment("x", style)], BLACK)
        assert segment.style
        assert segment.style.bold
        assert segment.style.underline
        assert segment.style.reverse
        assert segment.style.meta == {"@click": "x"}


def test_the_terminals_own_colours_stay() -> None:
    assert pen(256, "red on default") == Pen(frozenset(), "31", "49")


@pytest.mark.parametrize("number", range(16))
def test_each_of_16_colours_is_sent_as_its_number(number: int) -> None:
    drawn = pen(16, f"{SIXTEEN[number].hex} on #000000", ColorSystem.STANDARD)
    assert drawn.fg == str(30 + number if number < 8 else 82 + number)
    assert drawn.bg == "40"
    assert drawn.attributes == ({"1"} if number > 7 else set()), "bright is bold"


def test_bold_is_bright() -> None:
    assert pen(16, "bold #aaaaaa on #000000", ColorSystem.STANDARD) == Pen(
        frozenset({"1"}), "97", "40"
    )


@pytest.mark.parametrize("palette", [SIXTEEN, XTERM], ids=["linux", "xterm"])
@pytest.mark.parametrize("colour", SIXTEEN, ids=lambda colour: colour.hex)
def test_reverse_can_be_read(colour: ColorTriplet, palette: Palette) -> None:
    drawn = pen(16, f"bold reverse {colour.hex} on #000000", ColorSystem.STANDARD)
    assert "7" not in drawn.attributes
    text, behind = int(drawn.fg), int(drawn.bg)
    assert 40 <= behind <= 47, "bright backgrounds may blink"
    front = palette[text - 82 if text >= 90 else text - 30]
    assert ratio(front, palette[behind - 40]) >= 4.5


def test_no_colours_leave_attributes() -> None:
    assert pen(0, "dim #aaaaaa on #0000ff") == Pen(frozenset({"2"}))


def test_without_colours_a_light_background_is_reversed() -> None:
    assert pen(0, "#000000 on #aaaaaa") == Pen(frozenset({"7"}))


@pytest.mark.parametrize("name", ["text-error", "text-warning", "text-success"])
def test_without_colours_what_stands_out_is_bold(name: str) -> None:
    assert pen(0, FEW.variables[name]) == Pen(frozenset({"1"}))
