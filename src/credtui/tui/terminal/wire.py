"""Frugal output: of what Textual repaints, only changed cells travel to the terminal.

Textual hands each update to `App._display`, which writes the text that the update's
`render_segments` returns. `FrugalApp` remembers in a frame what each cell of the terminal shows,
and replaces that text by a shorter one that changes this frame to the next. An update of an unknown
kind is written as Textual made it. After an error in this module, every update is.
"""

from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

from rich.console import COLOR_SYSTEMS
from textual.app import App, ReturnType

from credtui.tui.terminal.cells import PLAIN, UNKNOWN, Row, draw, pen_of
from credtui.tui.terminal.patch import Abilities, Patch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.color import ColorSystem

_SHAPES = ({"strips", "region"}, {"chops", "spans", "chop_ends"})


def _pieces(update: Any) -> "Iterator[tuple[int, int, Iterable[Any]]]":
    """Yield what Textual would write: a column, a row and the segments that start there."""
    if hasattr(update, "region"):
        for y, strips in enumerate(update.strips, update.region.y):
            yield update.region.x, y, chain.from_iterable(strips)
        return
    for y, start, stop in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is not None and x < stop and end > start:
                yield x, y, strip if end <= stop else strip.crop(0, stop - x)


@dataclass
class Frame:
    """What the terminal shows, as far as is known."""

    size: tuple[int, int]
    system: "ColorSystem"
    abilities: Abilities
    rows: dict[int, Row] = field(default_factory=dict)
    cursor: tuple[int, int] | None = None

    def patch(self, update: Any) -> tuple[str, dict[int, Row]]:
        """Return the text to write for an update, and the rows of the frame that it changes."""
        width, height = self.size
        unknown = [UNKNOWN] * width
        rows: dict[int, Row] = {}
        for start, y, segments in _pieces(update):
            if y >= height:  # The update was made before the terminal shrank.
                continue
            drawn: Row = []
            for text, style, _ in segments:
                draw(text, pen_of(style, self.system), drawn)
            row = rows.setdefault(y, list(self.rows.get(y, unknown)))
            row[start : start + len(drawn)] = drawn
            del row[width:]
        patch = Patch(self.abilities)
        for y, row in rows.items():
            if row != (old := self.rows.get(y, unknown)):
                patch.write(y, old, row)
        patch.use(PLAIN)  # The next writer expects this pen.
        return "".join(patch.out), rows


class FrugalApp(App[ReturnType]):
    """An app whose terminal receives only the cells that changed."""

    frugal: bool = True
    """Whether to write only what changed; otherwise all that Textual repaints is written."""

    _frame: Frame | None = None

    def action_repaint(self) -> None:
        """Paint the whole screen, because something else may have written on it."""
        self._frame = None
        self.refresh()

    def on_resize(self) -> None:
        """Draw everything again after a resize. A suspend ends with a resize too."""
        if self._frame is not None:
            self.action_repaint()

    def _display(self, *args: Any) -> None:
        if not self.frugal:
            self._frame = None
        elif not self.is_headless:
            try:
                args = args[0], self._thin(*args[1:])
            except Exception as error:  # noqa: BLE001 - Textual's own output works after any error
                self.log.debug(f"frugal output is off: {error!r}")
                self.frugal = False
                self.call_later(self.refresh)
        super()._display(*args)

    def _thin(self, update: Any) -> Any:
        """Return the same update with less to write; None if it changes nothing."""
        if update is None:
            return None
        if self.is_inline or set(getattr(update, "__dict__", ())) not in _SHAPES:
            self._frame = None
            return update
        if self._frame is None or self._frame.size != self.size:
            system = COLOR_SYSTEMS[self.console.color_system or "truecolor"]
            self._frame = Frame(self.size, system, Abilities.of_terminal())
        frame, cursor = self._frame, self.cursor_position
        text, rows = frame.patch(update)
        if not text and cursor == frame.cursor:
            return None

        def render_segments(_console: object) -> str:
            # Textual drops some updates. It calls this for those that it writes.
            frame.rows |= rows
            frame.cursor = cursor
            return text

        update.render_segments = render_segments
        return update
