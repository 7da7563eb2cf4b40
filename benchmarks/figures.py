"""Tables of figures, for people."""

from collections.abc import Iterable, Sequence
from statistics import median


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """Return the median of ours, divided by the median of theirs."""
    return f"{median(ours) / median(theirs):.2f}"


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Return the median of some values, and their least and greatest."""
    return f"{median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def print_table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under a heading. The first column is text, the others are figures."""
    table = [heading, *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        print("  ".join(cells).rstrip())
    print(flush=True)
