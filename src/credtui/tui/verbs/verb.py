"""What a verb is: everything that a person can do in the portal is declared as one."""

from typing import Any, ClassVar, Generic, TypeVar

from textual.binding import Binding

from credtui.domain.page import Page
from credtui.tui.screens.portal import Portal

S = TypeVar("S")
"""What a verb is about."""


class Verb(Generic[S]):
    """Something a person can do.

    Keys, footer, menus, command palette and help are made from these declarations. A verb also
    says why it can't be used now, and does the work: it opens the dialogs and calls the service.

    Attributes:
        name: Identifies the verb in actions.
        label: Its words on buttons and menus, as the written guide has them.
        short: Its word in the footer; the label where it is empty.
        key: The key that runs it, in the framework's name.
        help: What it does, in a sentence.
        in_footer: Whether the footer, which is short, shows it.
        heading: The heading under which the help lists it; empty for that of its page.
        needs_store: Whether it reads or changes more than the page shows.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    short: ClassVar[str] = ""
    key: ClassVar[str]
    help: ClassVar[str]
    in_footer: ClassVar[bool] = True
    heading: ClassVar[str] = ""
    needs_store: ClassVar[bool] = True

    @property
    def binding(self) -> Binding:
        """The binding of the verb's key, for a page or a screen."""
        return Binding(
            self.key,
            f"verb('{self.name}')",
            self.short or self.label,
            tooltip=self.help,
            show=self.in_footer,
        )

    def obstacle(self, page: Page, subject: S | None) -> str | None:  # noqa: ARG002
        """Return why the verb can't be used now, in a sentence; None if it can."""
        return None

    async def run(self, portal: Portal, subject: Any) -> None:
        """Ask what must be asked, and call the service.

        Args:
            portal: Where the verb is used.
            subject: What the verb is about; None if it is about nothing in particular.

        Raises:
            CredtuiError: The change was refused, or failed. The portal tells the person.
        """
        raise NotImplementedError
