"""Requests an access token with a secret that a person has."""

from pydantic import SecretStr

from credtui.domain.models import Credential
from credtui.service.credentials import CredentialService
from credtui.tui.dialogs.secret_question import Answer, SecretQuestion


class TryItDialog(SecretQuestion):
    """Requests a token, and says what came back.

    Args:
        service: The service that requests the token.
        credential: The credential that the secret should be of.
    """

    def __init__(self, service: CredentialService, credential: Credential) -> None:
        super().__init__(
            "Try it",
            "Request Token",
            "An access token is requested once with the secret, and dropped.",
            (
                ("Credential", credential.display_name),
                ("Client ID", credential.client_id),
                ("Address", service.environment.token_url),
            ),
        )
        self._service = service
        self._client_id = credential.client_id

    def find_answer(self, secret: SecretStr) -> Answer:
        """Request a token."""
        reply = self._service.request_token(self._client_id, secret)
        return Answer(reply.sentence, "success" if reply.ok else "warning")
