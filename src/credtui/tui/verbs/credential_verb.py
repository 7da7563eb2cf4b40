"""What a person can do to credentials."""

from typing import ClassVar

from credtui.domain.models import Credential
from credtui.domain.page import Page
from credtui.domain.permissions import Permission
from credtui.tui.verbs.verb import Verb


class CredentialVerb(Verb[Credential]):
    """Something a person can do to a credential, or to all of them.

    Attributes:
        for_card: Whether the verb is about one credential.
        in_menu: Whether the menu of a card offers it.
        permission: The permission that it takes.
    """

    heading = "Credential"
    for_card: ClassVar[bool] = True
    in_menu: ClassVar[bool] = True
    permission: ClassVar[Permission] = Permission.CAN_EDIT

    def obstacle(self, page: Page, subject: Credential | None) -> str | None:
        """Return why the verb can't be used now, in a sentence; None if it can."""
        if page.permission < self.permission:
            return page.denial(self.permission)
        if self.for_card and subject is None:
            return (
                "Choose a credential first." if page.credentials else "There is no credential yet."
            )
        return self.rule(page, subject) if subject else None

    def rule(self, page: Page, credential: Credential) -> str | None:  # noqa: ARG002
        """Return why the verb can't be used on this credential, in a sentence; None if it can."""
        return None

    def menu_label(self, page: Page, credential: Credential) -> str:  # noqa: ARG002
        """Return the verb's words for this credential in a menu."""
        return self.label
