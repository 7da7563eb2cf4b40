"""A path of numbered steps."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Static

from credtui.tui.marks import Marks


class Steps(Vertical):
    """Shows numbered steps, one in a row. It marks those that are done, and the next one.

    Args:
        steps: The widgets of each step.
        marks: The signs it may draw.
    """

    def __init__(self, *steps: Sequence[Widget], marks: Marks) -> None:
        super().__init__()
        self._steps = steps
        self._marks = marks
        self._outcomes = [""] * len(steps)

    def compose(self) -> ComposeResult:
        """The number, what to do, and what came of it."""
        for step in self._steps:
            number = Static(classes="number", markup=False)
            yield Horizontal(number, *step, Static(classes="outcome", markup=False), classes="step")

    def on_mount(self) -> None:
        """Begin with the first step."""
        self._draw()

    def note(self, number: int, outcome: str) -> None:
        """Say in a word what came of a step. Empty: the step is still to be done."""
        self._outcomes[number - 1] = outcome
        self._draw()

    def _draw(self) -> None:
        todo = [number for number, outcome in enumerate(self._outcomes, 1) if not outcome]
        rows = zip(self.query(".number"), self.query(".outcome"), self._outcomes, strict=True)
        for number, (numbered, outcome, word) in enumerate(rows, 1):
            assert isinstance(numbered, Static)  # noqa: S101
            assert isinstance(outcome, Static)  # noqa: S101
            following = number == todo[0] if todo else False
            numbered.update(f"{self._marks.right if following else ' '} {number}")
            numbered.set_class(following, "-next")
            outcome.update(f"{self._marks.done} {word}" if word else "")
