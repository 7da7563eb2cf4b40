"""What a command works with."""

import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from credtui.cli.errors import NotConfirmedError
from credtui.domain.errors import NoSuchCredentialError
from credtui.domain.models import Credential
from credtui.domain.names import name_key, printable, quotable, resembles_client_id
from credtui.domain.page import Page
from credtui.domain.permissions import Actor
from credtui.installation import Installation
from credtui.service.credentials import CredentialService


class Session(NamedTuple):
    """One run of a command.

    Attributes:
        arguments: What the command line said.
        installation: The installation.
        actor: Who runs it.
        forced: It runs as the forced command of an SSH key: the person has no shell here.
    """

    arguments: Namespace
    installation: Installation
    actor: Actor
    forced: bool = False

    def service(self) -> CredentialService:
        """Return the service for the organization and environment that were asked for."""
        return self.installation.service(self.actor)


class Meant(NamedTuple):
    """What a person means by a Client ID or a name.

    Attributes:
        client_id: The credential's Client ID; where there is none, what they typed. The service
            refuses that, and records the attempt.
        credential: The credential as it was seen.
    """

    client_id: str
    credential: Credential | None


@contextmanager
def meant(service: CredentialService, page: Page, words: Sequence[str]) -> Iterator[Meant]:
    """Yield what a person means by a Client ID or the words of a name.

    Raises:
        NoSuchCredentialError: They mean none, and the context found that out.
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
    # A Client ID that is gone must not lead to a credential whose name looks like it.
    if (found := page.find(text)) or resembles_client_id(text):
        return found
    key = name_key(text)
    return next((found for found in page.credentials if name_key(found.name) == key), None)


def can_ask() -> bool:
    """Tell whether there is a person at the other end of standard input."""
    return sys.stdin is not None and sys.stdin.isatty()


def ask(question: str) -> str:
    """Return what a person answers; nothing if they end the input."""
    if sys.stderr is not None:
        sys.stderr.write(f"{printable(question)} ")
        sys.stderr.flush()
    return sys.stdin.readline().strip()


def ensure_yes(question: str) -> None:
    """Go on only if a person says yes.

    Raises:
        NotConfirmedError: They don't.
    """
    if ask(f"{question} [y/N]").lower() not in ("y", "yes"):
        raise NotConfirmedError("Nothing was changed.")


def where(service: CredentialService) -> dict[str, str]:
    """Return what a result for programs says of the organization."""
    return {
        "organization": service.organization,
        "environment": service.environment.name,
        "audience": service.audience,
    }


def place(service: CredentialService) -> str:
    """Return what a sentence says of the organization."""
    return f"{service.organization} in {service.environment.name}"
