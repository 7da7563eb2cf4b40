"""The few signs beyond ASCII that the portal draws, and their replacements in ASCII."""

from typing import NamedTuple


class Marks(NamedTuple):
    """One set of signs."""

    line: str
    dot: str
    here: str
    down: str
    right: str


UNICODE = Marks(line="─", dot="·", here="◂", down="▾", right="▸")
ASCII = Marks(line="-", dot="-", here="<", down="v", right=">")
