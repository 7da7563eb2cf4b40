"""Charts made of characters."""

from collections.abc import Sequence

from credtui.tui.marks import Marks


def bar(part: float, width: int, marks: Marks) -> tuple[str, str]:
    """Return the full and the empty cells of a bar, to be drawn one after the other.

    Args:
        part: How much of the bar is full, from 0 to 1. More counts as 1. Only 1 fills every cell.
        width: The cells of the whole bar.
        marks: The signs to draw with.
    """
    full = max(0, min(width, int(part * width)))
    return marks.full * full, marks.empty * (width - full)


def sparkline(counts: Sequence[int], marks: Marks) -> str:
    """Return a chart of one row, a cell for each number."""
    return columns(counts, marks)[0]


def columns(
    counts: Sequence[int], marks: Marks, *, height: int = 1, column: int = 1
) -> Sequence[str]:
    """Return the rows of a chart, the top one first.

    The greatest number reaches the top. A number above zero never looks like zero.

    Args:
        counts: The numbers, none of them negative.
        marks: The signs to draw with.
        height: How many rows the chart has.
        column: How many cells wide each number's column is.
    """
    levels, greatest = marks.levels, max(counts, default=0)
    # The lowest row shows zero as its first level. In the rows above, zero is a blank.
    steps = len(levels) * height - 1
    heights = [-(-count * steps // greatest) if count else 0 for count in counts]
    rows = []
    for row in range(height):
        below = row * len(levels) - 1
        cells = (
            " " if row and step <= below else levels[min(step - below, len(levels)) - 1]
            for step in heights
        )
        rows.append("".join(cell * column for cell in cells))
    return rows[::-1]
