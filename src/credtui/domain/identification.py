"""Finding the credential that a secret belongs to, or belonged to."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from enum import Enum

from pydantic import BaseModel, ConfigDict, SecretStr

from credtui.domain.audit import Action, AuditEvent
from credtui.domain.models import (
    Credential,
    Environment,
    Instant,
    RetiredSecret,
    StoredCredential,
)
from credtui.domain.organization import Organization
from credtui.domain.permissions import Permission
from credtui.domain.refusals import Refusal, TooManyAttemptsError
from credtui.domain.secrets import matches, recognise
from credtui.domain.standing import OrganizationStanding

MAX_IDENTIFICATIONS = 10
"""How often an actor may ask within a minute whose a secret is."""

LOOKED_THROUGH = 1000
"""How many of the latest events are searched for those of the last minute."""


class Belongs(Enum):
    """What a pasted text is."""

    CURRENT = "current secret"
    RETIRED = "previous secret"
    """A previous secret authenticates nobody."""
    UNKNOWN = "no credential's secret"
    """A well-formed secret of the environment, and of none of the organization's credentials."""
    OTHER_ENVIRONMENT = "secret of another environment"
    NOT_A_SECRET = "not a secret"  # noqa: S105
    """Or a mistyped secret."""


class Identification(BaseModel):
    """Whose a secret is.

    Attributes:
        belongs: What the pasted text is.
        credential: The credential that has, or had, this secret.
        generation: The credential's generation while this was its secret.
        since: When the secret became current; for a previous secret, when it was replaced.
    """

    model_config = ConfigDict(frozen=True)

    belongs: Belongs
    credential: Credential | None = None
    generation: int | None = None
    since: Instant | None = None

    @property
    def summary(self) -> str:
        """The answer in a few words."""
        generation = f", generation {self.generation}" if self.generation else ""
        return self.belongs.value + generation

    @property
    def sentence(self) -> str:
        """The answer, for a person."""
        if self.credential is None or self.since is None:
            return _NOBODYS[self.belongs]
        whose = f"{self.credential.display_name} ({self.credential.client_id})"
        since = f"{self.since:%Y-%m-%d %H:%M} UTC"
        if self.belongs is Belongs.CURRENT:
            return f"It is the secret of {whose}, generation {self.generation}, since {since}."
        return (
            f"It was the secret of {whose}, generation {self.generation}, and was replaced at "
            f"{since}. It no longer works."
        )


_NOBODYS = {
    Belongs.UNKNOWN: "None of the credentials has this secret or had it, as far back as "
    "previous secrets are kept.",
    Belongs.OTHER_ENVIRONMENT: "It is a secret of another environment.",
    Belongs.NOT_A_SECRET: "It is not a secret, or not a whole one. Copy it again.",
}


def why_not_identify(
    standing: OrganizationStanding, latest: Callable[[int], Iterable[AuditEvent]], at: datetime
) -> Refusal | None:
    """Say why an actor can't ask now whose a secret is.

    Args:
        standing: What the actor is in the organization.
        latest: Returns at most so many of the organization's latest events. They show what was
            asked in any process.
        at: The present moment.
    """
    if denial := standing.why_not(Permission.CAN_VIEW):
        return denial
    operator = standing.actor.operator
    # The search goes on past an event that seems older: its clock may have been wrong.
    asked = sum(
        event.action is Action.IDENTIFY
        and event.outcome == "done"
        and event.actor.operator == operator
        and abs(at - event.at) < timedelta(minutes=1)
        for event in latest(LOOKED_THROUGH)
    )
    if asked < MAX_IDENTIFICATIONS:
        return None
    return TooManyAttemptsError(
        f"{operator} asked {MAX_IDENTIFICATIONS} times whose a secret is. "
        "Wait a minute, and ask again."
    )


def find_hash(secret: SecretStr, organization: Organization) -> SecretStr | None:
    """Return the hash of a secret that a credential has or had, else None. Blocks for bcrypt."""
    hashes = ((retired or credential).secret_hash for credential, retired in _secrets(organization))
    return next((secret_hash for secret_hash in hashes if matches(secret, secret_hash)), None)


def identify(
    secret: SecretStr,
    secret_hash: SecretStr | None,
    environment: Environment,
    organization: Organization,
) -> Identification:
    """Return whose a secret is, as the organization stands.

    Args:
        secret: What was pasted.
        secret_hash: What `find_hash` returned, perhaps before the organization was changed.
        environment: Where the organization is.
        organization: The organization.
    """
    tag = recognise(secret.get_secret_value())
    if tag is None:
        return Identification(belongs=Belongs.NOT_A_SECRET)
    if tag != environment.tag:
        return Identification(belongs=Belongs.OTHER_ENVIRONMENT)
    for credential, retired in _secrets(organization):
        if (retired or credential).secret_hash == secret_hash:
            return Identification(
                belongs=Belongs.RETIRED if retired else Belongs.CURRENT,
                credential=credential.public(),
                generation=(retired or credential).generation,
                since=retired.since if retired else credential.secret_since,
            )
    return Identification(belongs=Belongs.UNKNOWN)


def _secrets(
    organization: Organization,
) -> Iterator[tuple[StoredCredential, RetiredSecret | None]]:
    """Yield each credential with None, for its present secret, then with each retired secret."""
    for credential in organization.credentials:
        yield credential, None
    for credential in organization.credentials:
        for retired in reversed(credential.retired):
            yield credential, retired
