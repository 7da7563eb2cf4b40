"""What credtui keeps and shows: environments, credentials, issued secrets."""

import re
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
)

from credtui.domain.errors import DoubtError
from credtui.domain.names import MAX_NAME_LENGTH, printable
from credtui.domain.secrets import CLIENT_ID_PATTERN, HASH_PATTERN


def _in_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("out of range in UTC") from None


Instant = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A moment in UTC."""


class Environment(BaseModel):
    """A place where the payments API runs, with credentials of its own.

    Attributes:
        name: As people and the command line know it.
        tag: The part of its secrets that names the environment; see `credtui.domain.secrets`.
        audience: The audience of its access tokens; `{organization}` stands for the name.
        token_url: Where an access token is requested.
        production: Whether real payments depend on its credentials.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    tag: str
    audience: str
    token_url: str
    production: bool = False

    def audience_for(self, organization: str) -> str:
        """Return the audience of an organization's access tokens."""
        return self.audience.replace("{organization}", organization)


How = Literal["checked", "saved", "delivered", "sent", "closed unsaved", "closed"]
"""How a new secret was handed over to a person; see `credtui.domain.secret_state`."""


class Handover(BaseModel):
    """The end of the dialog or command that handed a new secret over to a person.

    Attributes:
        how: How the secret was handed over.
        at: When; None if an earlier version didn't keep that.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    how: How
    at: Instant | None = None


class Credential(BaseModel):
    """A credential as people may see it: without its secret and the secret's hash.

    Attributes:
        client_id: Its identity; a rotation doesn't change it.
        name: Unique in the organization without regard to case.
        created_at: When it was generated.
        rotated_at: When it was last rotated, if ever.
        generation: 1 when generated, one more with each rotation.
        handover: How the present secret was handed over. None until its dialog is closed or its
            command ends; perhaps nobody has it then.
        replaces: The Client ID of the credential that this one is going to replace, while clients
            move over.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    client_id: str = Field(pattern=f"^{CLIENT_ID_PATTERN}$")
    name: str = Field(min_length=1, max_length=MAX_NAME_LENGTH)
    created_at: Instant
    rotated_at: Instant | None = None
    generation: int = Field(default=1, ge=1)
    handover: Handover | None = None
    replaces: str | None = None

    @property
    def display_name(self) -> str:
        """The name, safe to draw even if somebody edited the file."""
        return printable(self.name)

    @property
    def secret_since(self) -> datetime:
        """When the present secret was made."""
        return self.rotated_at or self.created_at

    def secret_age(self, now: datetime) -> timedelta:
        """Return how old the present secret is. A wrong clock never makes this negative."""
        return max(now - self.secret_since, timedelta())


def _bcrypt_hash(value: SecretStr) -> SecretStr:
    if not re.fullmatch(HASH_PATTERN, value.get_secret_value()):
        raise ValueError("not a bcrypt hash")
    return value


SecretHash = Annotated[SecretStr, AfterValidator(_bcrypt_hash)]
"""The bcrypt hash of a secret."""


class RetiredSecret(BaseModel):
    """A secret that a rotation replaced. It identifies a credential, and authenticates nobody.

    Attributes:
        secret_hash: Its bcrypt hash.
        generation: The credential's generation while the secret was valid.
        since: When it was replaced.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    secret_hash: SecretHash
    generation: int = Field(ge=1)
    since: Instant


class StoredCredential(Credential):
    """A credential as it is kept.

    Attributes:
        secret_hash: The bcrypt hash of its secret.
        retired: Its previous secrets, oldest first, as far back as they are kept.
    """

    secret_hash: SecretHash
    retired: tuple[RetiredSecret, ...] = ()

    def public(self) -> Credential:
        """Return the credential as people may see it."""
        return Credential.model_validate(self.model_dump(exclude={"secret_hash", "retired"}))


class IssuedSecret(BaseModel):
    """What the secret dialog shows, once: the credential and its new secret.

    Attributes:
        credential: The credential, as the change that issued the secret made it.
        audience: The audience of its access tokens.
        secret: The new secret.
        doubt: The doubt about that change, and so about the secret; None if there is none.
        lease: Tells others that the secret is on screen, until it is closed or the process ends.
    """

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    credential: Credential
    audience: str
    secret: SecretStr
    doubt: DoubtError | None = None
    lease: ExitStack = Field(default_factory=ExitStack, exclude=True, repr=False)
