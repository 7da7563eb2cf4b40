"""What stays the same while the portal is open."""

from dataclasses import dataclass

from credtui.domain.permissions import Actor
from credtui.installation import Installation
from credtui.tui.marks import Marks
from credtui.tui.terminal.clipboard import Clipboard


@dataclass(frozen=True)
class PortalContext:
    """What stays the same while the portal is open.

    Attributes:
        installation: The installation.
        actor: The person who uses the portal.
        clipboard: The way to the person's clipboard.
        marks: The signs that may be drawn.
        forced: The person has no shell behind the connection.
    """

    installation: Installation
    actor: Actor
    clipboard: Clipboard
    marks: Marks
    forced: bool = False
