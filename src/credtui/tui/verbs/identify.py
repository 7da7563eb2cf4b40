"""Which credential is this?: find the credential that a secret belongs to."""

from pydantic import SecretStr

from credtui.domain.permissions import Permission
from credtui.tui.screens.portal import Portal
from credtui.tui.verbs.credential_verb import CredentialVerb


class Identify(CredentialVerb):
    """Finds the credential that a secret belongs to."""

    name = "identify"
    label = "Which credential is this?"
    short = "Which credential"
    key = "w"
    help = "Tell which credential a secret belongs to."
    heading = ""
    for_card = False
    in_footer = False
    in_menu = False
    permission = Permission.CAN_VIEW

    async def run(self, portal: Portal, credential: None) -> None:  # noqa: ARG002
        """Ask for the secret, and say to which credential it belongs."""
        from credtui.domain.identification import Belongs
        from credtui.tui.dialogs.secret_question import Answer, SecretQuestion

        service = portal.service
        tones = {Belongs.CURRENT: "success", Belongs.RETIRED: "warning"}

        def identify(secret: SecretStr) -> Answer:
            found = service.identify(secret)
            return Answer(found.sentence, tones.get(found.belongs, "error"))

        await portal.ask(
            SecretQuestion(
                self.label,
                "Identify",
                f"The secret is compared with those of {service.organization} in "
                f"{service.environment.name}, and kept nowhere. An audit event says that you "
                "asked.",
                identify,
            )
        )
