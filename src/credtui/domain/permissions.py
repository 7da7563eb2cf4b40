"""Who acts, and who may do what: actors, operators, and the permission "API Credentials"."""

import re
from collections.abc import Collection, Container, Iterable, Mapping
from enum import IntEnum
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from credtui.domain.names import quotable
from credtui.domain.refusals import (
    InvalidOperatorError,
    NoRepresentativeError,
    NoSuchKeyError,
    OperatorExistsError,
)
from credtui.domain.ssh_keys import PublicKey, parse_public_key, parse_public_keys

_OPERATOR = re.compile(r"[a-z_][a-z0-9_-]{0,31}")


class Permission(IntEnum):
    """The permission "API Credentials" of an operator for an organization, weakest first."""

    NO_ACCESS = 0
    CAN_VIEW = 1
    CAN_EDIT = 2

    @property
    def label(self) -> str:
        """The permission as people read it."""
        return {0: "No access", 1: "Can View", 2: "Can Edit"}[self.value]


def denial(permission: Permission, needed: Permission, grantor: str | None) -> str:
    """Say that a permission doesn't suffice, and whom to ask for another.

    Args:
        permission: The permission that the person has.
        needed: The one that is needed.
        grantor: A representative; None if the person may not know one.
    """
    has = "View only" if permission is Permission.CAN_VIEW else permission.label
    return f"{has}. Ask {grantor or 'your representative'} for {needed.label}."


Channel = Literal["portal", "command line", "ssh"]
"""The way a person or program came in."""


class Actor(BaseModel):
    """A person or program that acts, as audit events record it.

    Attributes:
        operator: The operator's name.
        address: The address of the other end of the line. None if the actor is on this computer,
            or if sshd doesn't know the address.
        fingerprint: The fingerprint of the SSH public key that identified the operator, if one did.
        channel: The way in.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    operator: str
    address: str | None = None
    fingerprint: str | None = None
    channel: Channel = "portal"

    @property
    def place(self) -> str:
        """Where the actor is, in words for people."""
        if self.address:
            return self.address
        return "unknown" if self.channel == "ssh" else "this computer"


class Operator(BaseModel):
    """A person who uses credtui.

    Attributes:
        name: Unique among operators.
        keys: SSH public keys that identify the operator, as in an authorized_keys file.
        permissions: The permission for each organization; no access where there is none.
        representative: Works for the API's provider. A representative may edit in every
            organization, and manages organizations, operators and networks.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    keys: tuple[str, ...] = ()
    permissions: Mapping[str, Permission] = Field(default_factory=dict)
    representative: bool = False

    def permission_for(self, organization: str) -> Permission:
        """Return what the operator may do with an organization's credentials."""
        if self.representative:
            return Permission.CAN_EDIT
        return self.permissions.get(organization, Permission.NO_ACCESS)

    @property
    def public_keys(self) -> tuple[PublicKey, ...]:
        """The keys, parsed."""
        return tuple(parse_public_key(key) for key in self.keys)

    def has_key(self, fingerprint: str) -> bool:
        """Tell whether a key with this fingerprint identifies the operator."""
        return any(key.fingerprint == fingerprint for key in self.public_keys)

    def is_known_as(self, actor: Actor) -> bool:
        """Tell whether an actor of this name is the operator.

        An actor who came by an SSH key must have a key of the operator. So a session ends at its
        next action when its key is taken from the operator.
        """
        return actor.fingerprint is None or self.has_key(actor.fingerprint)

    def changed(
        self,
        *,
        add_keys: Iterable[str],
        remove_keys: Iterable[str],
        permissions: Mapping[str, Permission],
        representative: bool | None,
    ) -> Self:
        """Return a changed copy.

        Args:
            add_keys: SSH public keys, as lines.
            remove_keys: Fingerprints of keys.
            permissions: Permissions for some organizations. Those for other organizations stay.
            representative: None to leave this as it is.

        Raises:
            NoSuchKeyError: A key to be removed isn't one of the operator's.
            InvalidKeyError: A line to be added isn't a public key.
        """
        removed = set(remove_keys)
        if missing := removed - {key.fingerprint for key in self.public_keys}:
            raise NoSuchKeyError(f"{self.name} has no key {quotable(min(missing))}.")
        kept = (key.line for key in self.public_keys if key.fingerprint not in removed)
        given = {**self.permissions, **permissions}
        return self.model_copy(
            update={
                "keys": parse_public_keys((*kept, *add_keys)),
                "permissions": {name: given[name] for name in given if given[name]},
                "representative": (
                    self.representative if representative is None else representative
                ),
            }
        )

    def compared(self, before: Self | None) -> str:
        """Say what the operator has been given (+), and what was taken (-), since `before`."""
        old, new = before._facts if before else [], self._facts
        given = [f"+{fact}" for fact in new if fact not in old]
        taken = [f"-{fact}" for fact in old if fact not in new]
        return ", ".join(given + taken)

    @property
    def _facts(self) -> list[str]:
        return [
            *(["representative"] if self.representative else []),
            *(f"{name}: {permission.label}" for name, permission in self.permissions.items()),
            *(f"key {key.fingerprint}" for key in self.public_keys),
        ]


def parse_operator(text: str) -> str:
    """Return `text` as an operator's name.

    The name becomes a word of a command in sshd's authorized keys. It may be the name of a Unix
    user.

    Raises:
        InvalidOperatorError: The name has other characters, or is empty or too long.
    """
    if not _OPERATOR.fullmatch(text):
        raise InvalidOperatorError(
            "An operator's name has 1 to 32 lower-case letters, digits, hyphens and underscores, "
            "and begins with a letter or an underscore."
        )
    return text


def why_not_operator(name: str, taken: Container[str]) -> OperatorExistsError | None:
    """Say why an operator can't have a name, given the names of other operators."""
    return OperatorExistsError(f"There is already an operator {name}.") if name in taken else None


def why_not_ordinary(others: Collection[str]) -> NoRepresentativeError | None:
    """Say why a new operator, besides others of these names, must be a representative."""
    if others:
        return None
    return NoRepresentativeError(
        "The first operator must be a representative: nobody else could manage operators."
    )
