"""Tells which credential a secret belongs to."""

from pydantic import SecretStr

from credtui.domain.identification import Belongs
from credtui.service.credentials import CredentialService
from credtui.tui.dialogs.secret_question import Answer, SecretQuestion

TONES = {Belongs.CURRENT: "success", Belongs.RETIRED: "warning"}


class IdentifyDialog(SecretQuestion):
    """Says to which credential a secret belongs or belonged.

    Args:
        service: The service that compares the secret.
    """

    def __init__(self, service: CredentialService) -> None:
        super().__init__(
            "Which credential is this?",
            "Identify",
            f"The secret is compared with those of {service.organization} in "
            f"{service.environment.name}, and kept nowhere. An audit event says that you asked.",
        )
        self._service = service

    def find_answer(self, secret: SecretStr) -> Answer:
        """Compare."""
        found = self._service.identify(secret)
        return Answer(found.sentence, TONES.get(found.belongs, "error"))
