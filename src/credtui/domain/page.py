"""What the credentials page shows."""

from collections.abc import Mapping

from pydantic import Field

from credtui.domain.lease import Lease
from credtui.domain.models import Credential
from credtui.domain.permissions import Permission, denial
from credtui.domain.refusals import PermissionDeniedError
from credtui.domain.rules import Credentials
from credtui.domain.secret_state import SecretState, secret_state
from credtui.domain.usage import Usage


class Page(Credentials):
    """What the credentials page shows of an organization, at one moment.

    Attributes:
        permission: What the operator may do. Without access, the page has nothing else.
        representative: The operator works for the API's provider.
        may_manage: The operator may do what representatives may.
        grantor: The representative to ask for another permission; None if there is none to name.
        known: The organization was created, or doesn't have to be. Otherwise every change is
            refused.
        usage: How credentials are used, by Client ID. One that was never used isn't in it.
        leases: The sessions that have a new secret on screen.
    """

    permission: Permission
    representative: bool = False
    may_manage: bool = False
    grantor: str | None = None
    known: bool = True
    usage: Mapping[str, Usage] = Field(default_factory=dict)
    leases: tuple[Lease, ...] = ()

    def lease_of(self, credential: Credential) -> Lease | None:
        """Return the session that has a credential's present secret on screen, None if none has."""
        if credential.handover:
            return None  # The session is about to end its lease.
        shown = credential.client_id, credential.generation
        return next((one for one in self.leases if (one.client_id, one.generation) == shown), None)

    def secret_state(self, credential: Credential) -> SecretState:
        """Return what became of a credential's present secret."""
        usage = self.usage.get(credential.client_id)
        return secret_state(credential, self.lease_of(credential), usage)

    def denial(self, needed: Permission) -> str:
        """Say that the permission doesn't suffice, and whom to ask for the one that is needed."""
        return denial(self.permission, needed, self.grantor)

    def why_not_view(self) -> PermissionDeniedError | None:
        """Say why an operator who looked can't look any more."""
        if self.permission >= Permission.CAN_VIEW:
            return None
        return PermissionDeniedError("You may no longer see the credentials.")

    def why_not_edit(self) -> PermissionDeniedError | None:
        """Say why a change that the operator began can't be finished."""
        if self.permission >= Permission.CAN_EDIT:
            return None
        return PermissionDeniedError("You may no longer change the credentials.")

    def why_not_manage(self) -> PermissionDeniedError | None:
        """Say why an operator who began to set the networks can't finish that."""
        if self.may_manage:
            return None
        return PermissionDeniedError("You may no longer set the networks.")
