"""A style sheet that is parsed once."""

from textual.css.stylesheet import Stylesheet


class ParsedOnce(Stylesheet):
    """A style sheet that is parsed again only if the theme's variables have changed.

    Textual parses all style sheets twice when it starts, and again when the first dialog opens,
    even though the variables are the same.
    """

    def __init__(self, variables: dict[str, str]) -> None:
        super().__init__(variables=variables)
        self._parsed_for = variables
        self._stale = False

    def set_variables(self, variables: dict[str, str]) -> None:
        """Take a theme's variables."""
        if variables != self._parsed_for:
            self._parsed_for = variables
            self._stale = True
            super().set_variables(variables)

    def reparse(self) -> None:
        """Parse what was added, or everything if the variables have changed."""
        if self._stale:
            super().reparse()
            self._stale = False
        else:
            self.parse()
