"""The rules that an organization's credentials obey."""

from collections.abc import Iterable
from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from credtui.domain.errors import (
    AlreadyReplacedError,
    CapReachedError,
    CredentialChangedError,
    NameNotTypedError,
    NameTakenError,
    NoSuchCredentialError,
    NothingReplacedError,
    PrimaryProtectedError,
)
from credtui.domain.models import RetiredSecret, StoredCredential
from credtui.domain.names import name_key
from credtui.domain.secrets import is_client_id

MAX_CREDENTIALS = 3
"""Credentials that an organization may have in an environment."""

CAP_REACHED = (
    f"There are {MAX_CREDENTIALS} of {MAX_CREDENTIALS} credentials. "
    "Delete a credential before creating a new one."
)

MAX_RETIRED = 2
"""Previous secrets of a credential that are still recognised, to tell who uses them."""


class Organization(BaseModel):
    """An organization's credentials in one environment, and the rules they obey.

    Each method that changes something returns a changed copy, or raises a
    `credtui.domain.errors.Refusal` and changes nothing.

    Attributes:
        credentials: In the order of their generation.
        primary: The Client ID of the one primary credential; None when there is no credential.
        networks: The networks from which the credentials may be used, in CIDR notation; from
            everywhere where there is none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    credentials: tuple[StoredCredential, ...] = Field(default=(), max_length=MAX_CREDENTIALS)
    primary: str | None = None
    networks: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _hold_the_rules(self) -> Self:
        client_ids = [credential.client_id for credential in self.credentials]
        names = [name_key(credential.name) for credential in self.credentials]
        if len(set(client_ids)) < len(client_ids):
            raise ValueError("two credentials have the same Client ID")
        if len(set(names)) < len(names):
            raise ValueError("two credentials have the same name")
        if (self.primary not in client_ids) if client_ids else (self.primary is not None):
            raise ValueError("not exactly one credential is primary")
        if self.networks:
            from credtui.domain.networks import are_networks

            if not are_networks(self.networks):
                raise ValueError("a network is not in CIDR notation")
        return self

    def get(self, client_id: str) -> StoredCredential | None:
        """Return the credential with this Client ID, None if there is none."""
        return next((found for found in self.credentials if found.client_id == client_id), None)

    def find(self, client_id: str) -> StoredCredential:
        """Return the credential with this Client ID.

        Raises:
            NoSuchCredentialError: There is none.
        """
        if credential := self.get(client_id):
            return credential
        if not is_client_id(client_id):
            # Not quoted: it may well be a secret.
            raise NoSuchCredentialError(
                "That is not a Client ID: one is cid_ and 16 letters and digits."
            )
        raise NoSuchCredentialError(
            f"There is no credential {client_id}. Perhaps it was deleted meanwhile."
        )

    def ensure_room(self) -> None:
        """Do nothing if one more credential may be generated.

        Raises:
            CapReachedError: There are as many as there may be.
        """
        if len(self.credentials) >= MAX_CREDENTIALS:
            raise CapReachedError(CAP_REACHED)

    def ensure_unused(self, name: str, *, besides: str | None = None) -> None:
        """Do nothing if no credential, besides the one with that Client ID, has this name.

        Raises:
            NameTakenError: One has.
        """
        key = name_key(name)
        for credential in self.credentials:
            if credential.client_id != besides and name_key(credential.name) == key:
                raise NameTakenError(
                    f"There is already a credential named {credential.display_name}."
                )

    def generate(self, credential: StoredCredential) -> Self:
        """Add a credential. The first is primary.

        Raises:
            CapReachedError: There is no room.
            NameTakenError: Its name is used.
            NoSuchCredentialError: The one that it replaces is gone.
            AlreadyReplacedError: Another one replaces that already.
        """
        self.ensure_room()
        self.ensure_unused(credential.name)
        if credential.replaces is not None:
            self._ensure_not_replaced(self.find(credential.replaces))
        return self._with(
            credentials=(*self.credentials, credential),
            primary=self.primary or credential.client_id,
        )

    def rotate(
        self, client_id: str, secret_hash: SecretStr, at: datetime, *, seen: int | None = None
    ) -> Self:
        """Replace a credential's secret by another, of which this is the hash.

        Args:
            client_id: The credential.
            secret_hash: The hash of its new secret.
            at: When.
            seen: The generation that the person saw; None if they saw none.

        Raises:
            NoSuchCredentialError: There is no such credential.
            CredentialChangedError: Its generation is no longer the one that was seen.
        """
        credential = self._find_as_seen(client_id, seen)
        retired = RetiredSecret(
            secret_hash=credential.secret_hash, generation=credential.generation, since=at
        )
        return self._replace(
            credential.model_copy(
                update={
                    "secret_hash": secret_hash,
                    "retired": (*credential.retired, retired)[-MAX_RETIRED:],
                    "rotated_at": at,
                    "generation": credential.generation + 1,
                    "confirmed": False,
                }
            )
        )

    def confirm(self, client_id: str, *, seen: int) -> Self:
        """Note that the dialog with this generation's secret was closed.

        Raises:
            NoSuchCredentialError: There is no such credential.
            CredentialChangedError: Its generation is no longer the one that was seen.
        """
        credential = self._find_as_seen(client_id, seen)
        return self._replace(credential.model_copy(update={"confirmed": True}))

    def rename(self, client_id: str, name: str) -> Self:
        """Give a credential another name.

        Raises:
            NoSuchCredentialError: There is no such credential.
            NameTakenError: Another credential has this name.
        """
        credential = self.find(client_id)
        self.ensure_unused(name, besides=client_id)
        return self._replace(credential.model_copy(update={"name": name}))

    def make_primary(self, client_id: str) -> Self:
        """Make a credential the primary one.

        Raises:
            NoSuchCredentialError: There is no such credential.
        """
        return self._with(primary=self.find(client_id).client_id)

    def delete(self, client_id: str, *, seen: int | None = None) -> Self:
        """Remove a credential.

        Raises:
            NoSuchCredentialError: There is no such credential.
            CredentialChangedError: Its generation is no longer the one that was seen.
            PrimaryProtectedError: It is the primary one.
        """
        credential = self._find_as_seen(client_id, seen)
        if client_id == self.primary:
            raise PrimaryProtectedError(
                f"{credential.display_name} is the primary credential and can't be deleted. "
                "Make another credential primary first, or contact your representative."
            )
        return self._without(credential)

    def delete_primary(self, client_id: str, typed_name: str, *, seen: int | None = None) -> Self:
        """Remove a credential though it may be primary; the oldest that remains is then.

        Raises:
            NoSuchCredentialError: There is no such credential.
            CredentialChangedError: Its generation is no longer the one that was seen.
            NameNotTypedError: Its name is not what was typed.
        """
        credential = self._find_as_seen(client_id, seen)
        if typed_name.strip() != credential.name:
            raise NameNotTypedError(
                f"To delete {credential.display_name}, type its name exactly. Nothing was changed."
            )
        heirs = [kept for kept in self.credentials if kept.client_id != client_id]
        if not heirs:
            return type(self)(networks=self.networks)
        primary = self.primary if self.primary != client_id else heirs[0].client_id
        return self._with(primary=primary)._without(credential)

    def set_networks(self, networks: Iterable[str]) -> Self:
        """Replace the networks from which the credentials may be used.

        Raises:
            InvalidNetworkError: One isn't a network.
        """
        from credtui.domain.networks import parse_networks

        return self.model_copy(update={"networks": parse_networks(networks)})

    def finish_replacement(self, client_id: str, *, seen: int | None = None) -> Self:
        """Remove a credential that another one replaces; if it was primary, the other is now.

        Raises:
            NoSuchCredentialError: There is no such credential.
            CredentialChangedError: Its generation is no longer the one that was seen.
            NothingReplacedError: No other one replaces it.
        """
        credential = self._find_as_seen(client_id, seen)
        successor = self.successor_of(client_id)
        if successor is None:
            raise NothingReplacedError(
                f"{credential.display_name} is not being replaced by another one."
            )
        organization = self.make_primary(successor.client_id) if client_id == self.primary else self
        return organization._without(credential)

    def successor_of(self, client_id: str) -> StoredCredential | None:
        """Return the credential that is going to replace this one, if one is."""
        return next((found for found in self.credentials if found.replaces == client_id), None)

    def _ensure_not_replaced(self, credential: StoredCredential) -> None:
        if successor := self.successor_of(credential.client_id):
            raise AlreadyReplacedError(
                f"{credential.display_name} is already being replaced by {successor.display_name}. "
                "Finish that first, or delete one of them."
            )

    def _without(self, credential: StoredCredential) -> Self:
        return self._with(
            credentials=tuple(
                kept.model_copy(update={"replaces": None})
                if kept.replaces == credential.client_id
                else kept
                for kept in self.credentials
                if kept.client_id != credential.client_id
            )
        )

    def _find_as_seen(self, client_id: str, seen: int | None) -> StoredCredential:
        credential = self.find(client_id)
        if seen is not None and seen != credential.generation:
            raise CredentialChangedError(
                f"{credential.display_name} was rotated meanwhile. Nothing was changed; look again."
            )
        return credential

    def _replace(self, changed: StoredCredential) -> Self:
        return self._with(
            credentials=tuple(
                changed if credential.client_id == changed.client_id else credential
                for credential in self.credentials
            )
        )

    def _with(
        self,
        *,
        credentials: tuple[StoredCredential, ...] | None = None,
        primary: str | None = None,
    ) -> Self:
        return type(self)(
            credentials=self.credentials if credentials is None else credentials,
            primary=primary or self.primary,
            networks=self.networks,
        )
