"""What pages, verbs and dialogs need of the screen that they are used on."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from credtui.domain.models import Credential
from credtui.domain.page import Page
from credtui.domain.permissions import Actor
from credtui.installation import Installation
from credtui.service.credentials import CredentialService
from credtui.tui.marks import Marks
from credtui.tui.terminal.clipboard import Clipboard

if TYPE_CHECKING:
    from textual.geometry import Offset
    from textual.screen import ModalScreen

T = TypeVar("T")


@dataclass(frozen=True)
class Surroundings:
    """What stays the same for a session of the portal.

    Attributes:
        installation: The installation.
        actor: Who uses it.
        clipboard: The way to the person's clipboard.
        marks: The signs that may be drawn.
        forced: There is no shell behind the person's connection.
    """

    installation: Installation
    actor: Actor
    clipboard: Clipboard
    marks: Marks
    forced: bool = False


class Portal(Protocol):
    """The portal's screen, as what stands on it sees it.

    Attributes:
        service: The present organization and environment.
        page: What is shown of it.
        surroundings: What stays the same for the session.
    """

    service: CredentialService
    page: Page
    surroundings: Surroundings

    def use(self, verb: str, credential: Credential | None) -> None:
        """Do what the verb of this name does, unless something stands against it."""
        ...

    def run(self, flow: Callable[[], Awaitable[object]]) -> None:
        """Do what takes dialogs, unless such a thing is under way; tell of what is refused."""
        ...

    def open_menu(self, client_id: str, at: "Offset") -> None:
        """Open the menu of a credential's card."""
        ...

    async def ask(self, dialog: "ModalScreen[T]") -> T | None:
        """Open a dialog, and return what came of it."""
        ...

    async def do(self, change: Callable[[], T]) -> T:
        """Call what blocks, in a thread, and return what it returns; say when it takes long."""
        ...

    def copy(self, value: str) -> None:
        """Send a value that is no secret to the person's clipboard, and say by which route."""
        ...

    def tell(self, message: str) -> None:
        """Show a message for a while."""
        ...

    def warn(self, message: str) -> None:
        """Show a refusal or a failure for a while."""
        ...

    def stay(self) -> None:
        """Don't quit after all."""
        ...
