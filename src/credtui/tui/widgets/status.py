"""A line that says what came of something."""

from textual.widgets import Static


class Status(Static):
    """Shows a sentence in the colour of its tone."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__("", id=id, classes=classes, markup=False)

    def say(self, sentence: str, tone: str = "") -> None:
        """Show a sentence in place of the one before.

        Args:
            sentence: The sentence; empty for none.
            tone: How good it is: "success", "warning" or "error"; empty for neither.
        """
        if sentence:
            self.app.clear_notifications()  # A message may cover this line.
        self.update(sentence)
        for known in ("success", "warning", "error"):
            self.set_class(known == tone, f"-{known}")
