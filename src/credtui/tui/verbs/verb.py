"""What a verb is: everything that can be done to credentials is declared as one."""

from typing import Any, ClassVar

from credtui.domain.models import Credential
from credtui.domain.page import Page
from credtui.domain.permissions import Permission
from credtui.tui.surroundings import Portal


class Verb:
    """Something a person can do, on the credentials page.

    The footer, a card's menu, the command palette, the help and the keys are made from these
    declarations. Each verb also says itself when it can't be used, and does itself what it does.

    Attributes:
        name: Identifies it in actions.
        label: Its words on buttons and menus, as the written guide has them.
        short: Its word in the footer.
        key: The key that does it, in the framework's name.
        help: What it does, in a sentence.
        for_card: Whether it is about one credential.
        in_footer: Whether the footer, which is short, has it.
        in_menu: Whether a card's menu offers it.
        permission: What it takes to use it.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    short: ClassVar[str]
    in_footer: ClassVar[bool] = True
    key: ClassVar[str]
    help: ClassVar[str]
    for_card: ClassVar[bool] = True
    in_menu: ClassVar[bool] = True
    permission: ClassVar[Permission] = Permission.CAN_EDIT

    def obstacle(self, page: Page, credential: Credential | None) -> str | None:
        """Return why it can't be used now, in a sentence; None when it can."""
        if page.permission < self.permission:
            return (
                f'You need the permission "API Credentials: {self.permission.label}" for this; '
                f"you have {page.permission.label}."
            )
        if self.for_card and credential is None:
            return "There is no credential to do this with yet."
        return self.rule(page, credential) if credential else None

    def rule(self, page: Page, credential: Credential) -> str | None:  # noqa: ARG002
        """Return which rule stands against it for this credential, in a sentence, if one does."""
        return None

    def menu_label(self, page: Page, credential: Credential) -> str:  # noqa: ARG002
        """Return its words for this credential in a menu."""
        return self.label

    async def run(self, portal: Portal, credential: Any) -> None:
        """Do it: ask what must be asked, and call the service.

        Args:
            portal: Where it is used.
            credential: The `Credential` it is about; None if it isn't `for_card`.

        Raises:
            CredtuiError: It was refused, or failed; the portal tells the person.
        """
        raise NotImplementedError
