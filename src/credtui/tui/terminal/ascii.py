"""Draws with ASCII alone, for terminals that can't show more.

Textual's borders, scrollbars, messages and palette have no ASCII form. So the filter replaces what
they drew, cell by cell.
"""

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_HORIZONTAL, _VERTICAL, _CORNERS = "─━═▔▁▂▀▄╌╍┄┅", "│┃║▌▐▎▊▏▕█▇▆▅▃", "╭╮╰╯┌┐└┘┏┓┗┛├┤┬┴┼╋"
_SIGNS = str.maketrans(
    {
        **dict.fromkeys(_HORIZONTAL, "-"),
        **dict.fromkeys(_VERTICAL, "|"),
        **dict.fromkeys(_CORNERS, "+"),
        "·": "-",
        "•": "*",
        "●": "*",
        "…": ".",
        "◂": "<",
        "▸": ">",
        "▾": "v",
        "↑": "^",
        "←": "<",
        "→": ">",
        "↓": "v",
        "▼": "v",
        "▲": "^",
        "▶": ">",
        "🔎": "> ",
        "\u00a0": " ",
    }
)


class AsciiFilter(LineFilter):
    """Replaces all other characters by ASCII of the same width."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002
        """Return the segments in ASCII."""
        return [
            segment
            if segment.control or segment.text.isascii()
            else Segment(to_ascii(segment.text), segment.style)
            for segment in segments
        ]


def to_ascii(text: str) -> str:
    """Return a text of the same width. Characters without a likeness become question marks."""
    return "".join(
        letter if letter.isascii() else "?" * cell_len(letter) for letter in text.translate(_SIGNS)
    )
