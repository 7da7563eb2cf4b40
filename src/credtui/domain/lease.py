"""Leases, which say who has a secret on screen."""

from pydantic import BaseModel, ConfigDict

from credtui.domain.models import Instant


class Lease(BaseModel):
    """A session that shows a new secret, for as long as the session lives and shows the secret.

    Attributes:
        client_id: The credential.
        generation: The generation of the secret.
        operator: The operator whose session it is.
        address: The address that the operator came from; None on the computer itself.
        since: When the session got the secret.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    client_id: str
    generation: int
    operator: str
    address: str | None = None
    since: Instant
