"""A change to one credential, and the content of its audit event."""

from credtui.domain.audit import Action, What
from credtui.domain.models import Credential, StoredCredential
from credtui.domain.names import quotable
from credtui.domain.organization import Organization
from credtui.domain.secrets import is_client_id
from credtui.service.attempts import Attempt
from credtui.store.port import OrganizationTransaction


class Change:
    """A change to a credential, while its organization is held.

    Attributes:
        held: The store's transaction.
        at: The moment of the change.
    """

    def __init__(
        self, attempt: Attempt[OrganizationTransaction], action: Action, client_id: str
    ) -> None:
        self.at = attempt.at
        self.held = attempt.held
        self._action = action
        self._client_id = client_id
        self._before = attempt.held.organization

    @property
    def organization(self) -> Organization:
        """The organization that is held; assign to change it."""
        return self.held.organization

    @organization.setter
    def organization(self, changed: Organization) -> None:
        self.held.organization = changed

    @property
    def credential(self) -> Credential:
        """The credential after the change; if it was deleted, the credential before."""
        found = self._found
        assert found is not None  # noqa: S101  # otherwise the change was refused
        return found.public()

    def what(self, attempted_name: str, detail: str) -> What:
        """Return the content of the audit event.

        Args:
            attempted_name: The name that the credential would have got.
            detail: The detail, if none follows from the change itself.
        """
        credential, was = self._found, self._before.find(self._client_id)
        if credential is None:
            # A person gave this text as a Client ID, but it may be a secret.
            known = is_client_id(self._client_id) and self._action is not Action.GENERATE
            client_id = self._client_id if known else None
            return What(client_id=client_id, name=quotable(attempted_name), detail=detail)
        primary = self.organization.primary
        if was and was.name != credential.name:
            detail = f"was {quotable(was.name)}"
        elif self._action is Action.DELETE and primary != self._before.primary:
            detail = f"was primary; now {primary or 'none'} is"
        return What(client_id=credential.client_id, name=credential.name, detail=detail)

    @property
    def _found(self) -> StoredCredential | None:
        return self.organization.find(self._client_id) or self._before.find(self._client_id)
