"""The least that Textual can show: what the portal's start is measured against."""

from textual.app import App, ComposeResult
from textual.widgets import Static

TEXT = "A bare application."


class Bare(App[None]):
    """Shows one line of text."""

    def compose(self) -> ComposeResult:
        """One widget."""
        yield Static(TEXT)


if __name__ == "__main__":
    Bare().run()
