"""Which credential a person means: a Client ID, or a name of one or several words."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from credtui.cli.parser import Parser, add_words
from credtui.cli.wording import place
from credtui.domain.models import Credential
from credtui.domain.names import quotable, resembles_client_id
from credtui.domain.page import Page
from credtui.domain.refusals import NoSuchCredentialError
from credtui.service.credentials import CredentialService


class Meant(NamedTuple):
    """What a person means by a Client ID or a name.

    Attributes:
        client_id: The credential's Client ID. If no credential was found, what the person typed:
            the service refuses that, and records the attempt.
        credential: The credential as it was when it was looked up, None if none was found.
    """

    client_id: str
    credential: Credential | None


def add_credential(parser: Parser) -> None:
    """Add the argument that says which credential is meant."""
    add_words(parser, "credential", "CLIENT_ID", "its Client ID, or its name")


@contextmanager
def meant(service: CredentialService, page: Page, words: Sequence[str]) -> Iterator[Meant]:
    """Yield what a person means by a Client ID or the words of a name.

    Raises:
        NoSuchCredentialError: The context's body raised the error. If no credential has this
            Client ID or name, the error's sentence quotes the words.
    """
    text = " ".join(words)
    found = find(page, text)
    try:
        yield Meant(found.client_id if found else text, found)
    except NoSuchCredentialError:
        if found:
            raise
        raise NoSuchCredentialError(
            f"There is no credential {quotable(text)} of {place(service)}: give a Client ID or a "
            "name that the command list shows."
        ) from None


def find(page: Page, text: str) -> Credential | None:
    """Return the credential with this Client ID, or else with this name."""
    # The Client ID of a deleted credential must not find a credential whose name resembles it.
    if (found := page.find(text)) or resembles_client_id(text):
        return found
    return page.find_named(text)
