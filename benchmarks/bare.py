"""The smallest Textual application, with which the portal's start is compared."""

from textual.app import App, ComposeResult
from textual.widgets import Static

TEXT = "A bare application."


class Bare(App[None]):
    """Shows one line of text."""

    def compose(self) -> ComposeResult:
        """Show one widget."""
        yield Static(TEXT)


if __name__ == "__main__":
    Bare().run()
