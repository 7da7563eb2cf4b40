"""The sign that sets production apart from all other environments."""

from textual.content import Content

from credtui.domain.models import Environment

WORD = "PRODUCTION"

BADGE = Content.styled(f" {WORD} ", "bold reverse $text-error on $button-color-foreground")
"""A word as well as a colour, for terminals without colours or reverse video."""


def named(environment: Environment) -> Content:
    """Return an environment's name, with the badge if it is production.

    The badge stands in for a name that is the same word.
    """
    if not environment.production:
        return Content(environment.name)
    if environment.name.upper() == WORD:
        return BADGE
    return Content.assemble(environment.name, " ", BADGE)
