"""An organization's credentials as they are kept, and every change to them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from credtui.domain.models import Handover, RetiredSecret, StoredCredential
from credtui.domain.names import name_key
from credtui.domain.refusals import InvalidNetworkError, NameNotTypedError, Refusal, refuse
from credtui.domain.rules import MAX_CREDENTIALS, Credentials
from credtui.domain.usage import Usage

MAX_RETIRED = 2
"""Previous secrets of a credential that are still recognised, to tell who uses them."""


class Organization(Credentials):
    """An organization's credentials in one environment, as they are kept.

    Each method that changes something returns a changed copy, or raises a
    `credtui.domain.refusals.Refusal` and changes nothing.
    """

    credentials: tuple[StoredCredential, ...] = Field(default=(), max_length=MAX_CREDENTIALS)

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
        return self

    @field_validator("networks")
    @classmethod
    def _in_one_notation(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        if not networks:
            return ()
        from credtui.domain.networks import parse_networks

        try:
            # Earlier versions kept IPv4 networks that were mapped into IPv6 as they were typed.
            return parse_networks(networks)
        except InvalidNetworkError:
            raise ValueError("a network is not in CIDR notation") from None

    def get(self, client_id: str, *, seen: int | None = None) -> StoredCredential:
        """Return the credential with this Client ID.

        Raises:
            NoSuchCredentialError: There is none.
            CredentialChangedError: Its generation is no longer the one that was seen.
        """
        credential = self.as_seen(client_id, seen)
        if isinstance(credential, Refusal):
            raise credential
        return credential

    def generate(self, credential: StoredCredential) -> Self:
        """Add a credential. The first is primary.

        Raises:
            CapReachedError: The organization has as many credentials as it may have.
            NameTakenError: Another credential has this name.
            NoSuchCredentialError: The credential that it replaces is gone.
            AlreadyReplacedError: Another credential replaces the same one already.
            ReplacesAnotherError: The credential that it replaces is itself replacing another.
        """
        refuse(self.why_not_add() or self.why_not_name(credential.name))
        if credential.replaces is not None:
            refuse(self.why_not_replace(credential.replaces))
        return self._with(
            credentials=(*self.credentials, credential),
            primary=self.primary or credential.client_id,
        )

    def rotate(
        self, client_id: str, secret_hash: SecretStr, at: datetime, *, seen: int | None = None
    ) -> Self:
        """Replace a credential's secret.

        Args:
            client_id: The credential.
            secret_hash: The hash of its new secret.
            at: The moment of the rotation.
            seen: The generation that the person saw; None if they saw none.

        Raises:
            NoSuchCredentialError: There is no such credential.
            CredentialChangedError: Its generation is no longer the one that was seen.
        """
        credential = self.get(client_id, seen=seen)
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
                    "handover": None,
                }
            )
        )

    def confirm(self, client_id: str, handover: Handover, *, seen: int) -> Self:
        """Note how the secret of this generation was handed over.

        Raises:
            NoSuchCredentialError: There is no such credential.
            CredentialChangedError: Its generation is no longer the one that was seen.
        """
        credential = self.get(client_id, seen=seen)
        return self._replace(credential.model_copy(update={"handover": handover}))

    def rename(self, client_id: str, name: str) -> Self:
        """Give a credential another name.

        Raises:
            NoSuchCredentialError: There is no such credential.
            NameTakenError: Another credential has this name.
        """
        credential = self.get(client_id)
        refuse(self.why_not_name(name, besides=client_id))
        return self._replace(credential.model_copy(update={"name": name}))

    def make_primary(self, client_id: str) -> Self:
        """Make a credential the primary one.

        Raises:
            NoSuchCredentialError: There is no such credential.
        """
        return self._with(primary=self.get(client_id).client_id)

    def delete(
        self,
        client_id: str,
        *,
        seen: int | None = None,
        typed_name: str | None = None,
        even_primary: bool = False,
    ) -> Self:
        """Remove a credential. After the primary one, the oldest that remains is primary.

        Args:
            client_id: The credential.
            seen: The generation that the person saw; None if they saw none.
            typed_name: Its name, as the person typed it; None if they typed none.
            even_primary: Whether the primary one may be deleted by typing its name.

        Raises:
            NoSuchCredentialError: There is no such credential.
            CredentialChangedError: Its generation is no longer the one that was seen.
            PrimaryProtectedError: It is the primary one.
            NameNotTypedError: Its name is not what was typed.
        """
        even_primary = even_primary and typed_name is not None
        refuse(self.why_not_delete(client_id, seen=seen, even_primary=even_primary))
        credential = self.get(client_id)
        if typed_name is not None and typed_name.strip() != credential.name:
            raise NameNotTypedError(
                f"To delete {credential.display_name}, type its name exactly. Nothing was changed."
            )
        return self._without(credential)

    def set_networks(self, networks: Iterable[str], *, seen: Sequence[str] | None = None) -> Self:
        """Replace the networks from which the credentials may be used.

        Args:
            networks: In CIDR notation.
            seen: The networks that the person saw; None if the person didn't look.

        Raises:
            NetworksChangedError: The networks are no longer those that were seen.
            InvalidNetworkError: A text isn't a network.
        """
        from credtui.domain.networks import parse_networks

        refuse(self.why_not_set_networks(seen))
        return self.model_copy(update={"networks": parse_networks(networks)})

    def finish_replacement(
        self, client_id: str, usage: Usage | None, at: datetime, *, seen: int | None = None
    ) -> Self:
        """Remove a credential that another one replaces. If it was primary, the other one is now.

        The arguments are those of `Credentials.why_not_finish_replacement`.

        Raises:
            NoSuchCredentialError: There is no such credential.
            CredentialChangedError: Its generation is no longer the one that was seen.
            NothingReplacedError: No other credential replaces it.
            StillUsedError: It is still used.
        """
        refuse(self.why_not_finish_replacement(client_id, usage, at, seen=seen))
        successor, organization = self.successor_of(client_id), self
        if successor and client_id == self.primary:
            organization = self.make_primary(successor.client_id)
        return organization._without(self.get(client_id))

    def _without(self, credential: StoredCredential) -> Self:
        credentials = tuple(
            kept.model_copy(update={"replaces": None})
            if kept.replaces == credential.client_id
            else kept
            for kept in self.credentials
            if kept.client_id != credential.client_id
        )
        primary = self.primary
        if primary == credential.client_id:
            primary = credentials[0].client_id if credentials else None
        return type(self)(credentials=credentials, primary=primary, networks=self.networks)

    def _replace(self, changed: StoredCredential) -> Self:
        return self._with(
            credentials=tuple(
                changed if credential.client_id == changed.client_id else credential
                for credential in self.credentials
            )
        )

    def _with(self, **changed: object) -> Self:
        return type(self).model_validate({**dict(self), **changed})
