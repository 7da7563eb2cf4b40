"""Tables for people."""

import shutil
import sys
from collections.abc import Iterable, Sequence

from credtui.cli.output import put
from credtui.domain.names import printable


def put_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write aligned columns, or a block for each row if the terminal is too narrow for columns.

    Cells of the last column aren't padded. Put names there, which may be long.
    """
    rows = [tuple(printable(cell) for cell in row) for row in rows]
    widths = [max(map(_width, column)) for column in zip(header, *rows, strict=True)]
    total = sum(widths) + 2 * (len(widths) - 1)
    if (
        sys.stdout is not None
        and sys.stdout.isatty()
        and total > shutil.get_terminal_size().columns
    ):
        label = max(map(_width, header))
        for row in rows:
            for title, cell in zip(header, row, strict=True):
                if cell:
                    put(f"{_padded(title, label)}  {cell}")
            put()
        return
    for row in (header, *rows):
        put("  ".join(map(_padded, row, widths)).rstrip())


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _width(text: str) -> int:
    """Return the columns that a terminal needs for a text."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
