"""The few signs beyond ASCII that the portal draws, and their replacements in ASCII."""

from typing import NamedTuple


class Marks(NamedTuple):
    """One set of signs.

    Attributes:
        line: A piece of a border.
        dot: Parts two facts.
        here: Marks the page that is open.
        down: Opens something below.
        right: Opens something beside.
        full: A full cell of a bar.
        empty: An empty cell of a bar.
        levels: Cells of a chart, from zero to full.
    """

    line: str
    dot: str
    here: str
    down: str
    full: str
    empty: str
    levels: str


UNICODE = Marks(line="─", dot="·", here="◂", down="▾", full="▓", empty="░", levels="▁▂▃▄▅▆▇█")
ASCII = Marks(line="-", dot="-", here="<", down="v", full="#", empty=".", levels="_.:-=+*#")
