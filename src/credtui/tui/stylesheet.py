"""A style sheet that is parsed once."""

from textual.css.stylesheet import Stylesheet


class ParsedOnce(Stylesheet):
    """Is parsed again only for other variables.

    At its start Textual parses all style sheets a second time, and again when the first dialog
    opens, because it forgets what it had parsed even where its theme's variables are the same.
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
        """Apply the variables where they are others, and what was added."""
        if self._stale:
            super().reparse()
            self._stale = False
        else:
            self.parse()
