"""Try it: request an access token, to see whether a secret works."""

from pydantic import SecretStr

from credtui.domain.models import Credential
from credtui.domain.permissions import Permission
from credtui.tui.screens.portal import Portal
from credtui.tui.verbs.credential_verb import CredentialVerb


class TryIt(CredentialVerb):
    """Requests an access token with a secret that the person has."""

    name = "try-it"
    label = "Try it"
    key = "t"
    help = "Request an access token with a secret that you paste."
    in_footer = False
    in_menu = False
    permission = Permission.CAN_VIEW
    needs_store = False

    async def run(self, portal: Portal, credential: Credential) -> None:
        """Ask for the secret, and say what came back."""
        from credtui.tui.dialogs.secret_question import Answer, SecretQuestion

        service = portal.service

        def request(secret: SecretStr) -> Answer:
            reply = service.request_token(credential.client_id, secret)
            return Answer(reply.sentence, "success" if reply.ok else "warning")

        await portal.ask(
            SecretQuestion(
                self.label,
                "Request Token",
                "credtui requests one access token with the secret, and keeps neither.",
                request,
                (
                    ("Credential", credential.display_name),
                    ("Client ID", credential.client_id),
                    ("Address", service.environment.token_url),
                ),
            )
        )
