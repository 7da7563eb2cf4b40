"""What the credentials page shows."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from credtui.domain.models import Credential
from credtui.domain.organization import MAX_CREDENTIALS
from credtui.domain.permissions import Permission
from credtui.domain.usage import Usage


class Page(BaseModel):
    """What the credentials page shows of an organization, at one moment.

    Attributes:
        permission: What the operator may do. Without access, nothing else is told.
        representative: The operator works for the API's provider.
        credentials: In the order of their generation.
        primary: The Client ID of the primary one.
        networks: The networks from which they may be used; from everywhere if there are none.
        personal: There are no operators: credtui is a personal tool.
        known: The organization was created; otherwise every change is refused.
        usage: How they are used, by Client ID, as far as the token endpoint saw any use.
    """

    model_config = ConfigDict(frozen=True)

    permission: Permission
    representative: bool = False
    credentials: tuple[Credential, ...] = ()
    primary: str | None = None
    networks: tuple[str, ...] = ()
    personal: bool = False
    known: bool = True
    usage: Mapping[str, Usage] = Field(default_factory=dict)

    @property
    def may_manage(self) -> bool:
        """Whether the operator may do what representatives may."""
        return self.representative or self.personal

    @property
    def full(self) -> bool:
        """Whether there are as many credentials as there may be."""
        return len(self.credentials) >= MAX_CREDENTIALS

    def find(self, client_id: str) -> Credential | None:
        """Return the credential with this Client ID, None when it is gone."""
        return next((found for found in self.credentials if found.client_id == client_id), None)

    def successor_of(self, client_id: str) -> Credential | None:
        """Return the credential that is going to replace this one, None if none is."""
        return next((found for found in self.credentials if found.replaces == client_id), None)
