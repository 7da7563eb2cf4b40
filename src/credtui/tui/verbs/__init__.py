"""Everything that can be done to credentials, in the order in which it is offered."""

from credtui.tui.verbs.copy import CopyClientId
from credtui.tui.verbs.delete import Delete
from credtui.tui.verbs.edit import Edit
from credtui.tui.verbs.generate import Generate
from credtui.tui.verbs.identify import Identify
from credtui.tui.verbs.make_primary import MakePrimary
from credtui.tui.verbs.replace import Replace
from credtui.tui.verbs.rotate import Rotate
from credtui.tui.verbs.try_it import TryIt
from credtui.tui.verbs.verb import Verb

VERBS: tuple[Verb, ...] = (
    Generate(),
    Rotate(),
    Edit(),
    MakePrimary(),
    Delete(),
    Replace(),
    CopyClientId(),
    TryIt(),
    Identify(),
)

__all__ = ["VERBS", "Verb", "find_verb"]


def find_verb(name: str) -> Verb:
    """Return the verb of this name."""
    return next(verb for verb in VERBS if verb.name == name)
