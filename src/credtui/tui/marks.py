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
        done: Marks a step that is done.
    """

    line: str
    dot: str
    here: str
    down: str
    right: str
    done: str
    full: str
    empty: str
    levels: str


UNICODE = Marks(
    line="─",
    dot="·",
    here="◂",
    down="▾",
    right="▸",
    done="✓",
    full="▓",
    empty="░",
    levels="▁▂▃▄▅▆▇█",
)
ASCII = Marks(
    line="-",
    dot="-",
    here="<",
    down="v",
    right=">",
    done="*",
    full="#",
    empty=".",
    levels="_.:-=+*#",
)
