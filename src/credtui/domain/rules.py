"""The rules for credentials: each says why something can't be done.

The screen asks a rule beforehand, to say why a button is disabled. `Organization` asks it again,
inside the transaction that makes the change, and that answer counts. A rule returns a refusal, or
None.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from credtui.domain.models import Credential
from credtui.domain.names import name_key
from credtui.domain.refusals import (
    AlreadyReplacedError,
    CapReachedError,
    CredentialChangedError,
    NameTakenError,
    NetworksChangedError,
    NoSuchCredentialError,
    NothingReplacedError,
    PrimaryProtectedError,
    Refusal,
    ReplacesAnotherError,
    StillUsedError,
)
from credtui.domain.secrets import is_client_id
from credtui.domain.usage import Usage

C_co = TypeVar("C_co", bound=Credential, covariant=True)

MAX_CREDENTIALS = 3
"""Credentials that an organization may have in an environment."""


class _Holder(Protocol[C_co]):
    @property
    def credentials(self) -> tuple[C_co, ...]: ...


class Credentials(BaseModel):
    """An organization's credentials in one environment, as they are seen or kept.

    Attributes:
        credentials: In the order of their generation.
        primary: The Client ID of the primary credential; None when there is no credential.
        networks: The networks from which the credentials may be used, in CIDR notation. Without
            any, they may be used from everywhere.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    credentials: tuple[Credential, ...] = ()
    primary: str | None = None
    networks: tuple[str, ...] = ()

    def find(self: _Holder[C_co], client_id: str) -> C_co | None:
        """Return the credential with this Client ID, None if there is none."""
        return next((found for found in self.credentials if found.client_id == client_id), None)

    def find_named(self: _Holder[C_co], name: str) -> C_co | None:
        """Return the credential with this name in any case or form, None if there is none."""
        key = name_key(name)
        return next((found for found in self.credentials if name_key(found.name) == key), None)

    def successor_of(self: _Holder[C_co], client_id: str) -> C_co | None:
        """Return the credential that is going to replace this one, None if none is."""
        return next((found for found in self.credentials if found.replaces == client_id), None)

    def why_not_add(self) -> CapReachedError | None:
        """Say why no credential can be added."""
        if len(self.credentials) < MAX_CREDENTIALS:
            return None
        return CapReachedError(
            f"There are {MAX_CREDENTIALS} of {MAX_CREDENTIALS} credentials. "
            "Delete a credential before creating a new one."
        )

    def why_not_name(self, name: str, *, besides: str | None = None) -> NameTakenError | None:
        """Say why a credential, whose Client ID is `besides`, can't have this name."""
        found = self.find_named(name)
        if found is None or found.client_id == besides:
            return None
        return NameTakenError(f"There is already a credential named {found.display_name}.")

    def as_seen(self: _Holder[C_co], client_id: str, seen: int | None = None) -> C_co | Refusal:
        """Return a credential, or the refusal if it can't be changed.

        Args:
            client_id: The credential.
            seen: The generation that the person saw; None if they saw none.
        """
        credential = next((one for one in self.credentials if one.client_id == client_id), None)
        if credential is None:
            if not is_client_id(client_id):
                # The sentence doesn't quote the text, which may be a secret.
                return NoSuchCredentialError(
                    "That is not a Client ID: one is cid_ and 16 letters and digits."
                )
            return NoSuchCredentialError(
                f"There is no credential {client_id}. Perhaps it was deleted meanwhile."
            )
        if seen is not None and seen != credential.generation:
            return CredentialChangedError(
                f"{credential.display_name} was rotated meanwhile. Nothing was changed; look again."
            )
        return credential

    def why_not_set_networks(self, seen: Sequence[str] | None) -> NetworksChangedError | None:
        """Say why the networks can't be set.

        Args:
            seen: The networks that the person saw; None if the person didn't look.
        """
        if seen is None or tuple(seen) == self.networks:
            return None
        return NetworksChangedError(
            f"The networks were set to {', '.join(self.networks) or 'everywhere'} meanwhile. "
            "Nothing was changed; look again."
        )

    def why_not_delete(
        self, client_id: str, *, seen: int | None = None, even_primary: bool = False
    ) -> Refusal | None:
        """Say why a credential can't be deleted. A representative may delete even the primary."""
        credential = self.as_seen(client_id, seen)
        if isinstance(credential, Refusal):
            return credential
        if client_id != self.primary or even_primary:
            return None
        return PrimaryProtectedError(
            f"{credential.display_name} is the primary credential and can't be deleted. "
            "Make another credential primary first, or contact your representative."
        )

    def why_not_replace(self, client_id: str) -> Refusal | None:
        """Say why another credential can't begin to replace this one."""
        credential = self.as_seen(client_id)
        if isinstance(credential, Refusal):
            return credential
        if successor := self.successor_of(client_id):
            return AlreadyReplacedError(
                f"{credential.display_name} is already being replaced by {successor.display_name}. "
                "Finish that first, or delete one of them."
            )
        if credential.replaces and self.find(credential.replaces):
            return ReplacesAnotherError(
                f"{credential.display_name} is replacing another credential itself. "
                "Finish that first."
            )
        return None

    def why_not_finish_replacement(
        self, client_id: str, usage: Usage | None, at: datetime, *, seen: int | None = None
    ) -> Refusal | None:
        """Say why a credential that is being replaced can't be deleted.

        Args:
            client_id: The credential.
            usage: How it is used; None if it never was.
            at: The present moment.
            seen: The generation that the person saw; None if they saw none.
        """
        credential = self.as_seen(client_id, seen)
        if isinstance(credential, Refusal):
            return credential
        if self.successor_of(client_id) is None:
            return NothingReplacedError(
                f"{credential.display_name} is not being replaced by another one."
            )
        if usage and usage.last_used_at and not usage.is_quiet(at):
            return StillUsedError(
                f"{credential.display_name} was last used at "
                f"{usage.last_used_at:%Y-%m-%d %H:%M} UTC from {usage.last_used_from}. "
                "Move that client over; the credential can go when it was quiet for a day."
            )
        return None
