"""Who acts, and who may do what: actors, operators, and the permission "API Credentials"."""

import re
from collections.abc import Container, Mapping
from enum import IntEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from credtui.domain.refusals import InvalidOperatorError, OperatorExistsError
from credtui.domain.ssh_keys import PublicKey, parse_public_key

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


Channel = Literal["portal", "command line", "ssh"]
"""The way a person or program came in."""


class Actor(BaseModel):
    """Who acts, and from where: what an audit event says of the person.

    Attributes:
        operator: The operator's name.
        address: The address of the other end of the line; None on the computer itself, or where
            sshd doesn't know it.
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
        """Where they are, for people."""
        if self.address:
            return self.address
        return "unknown" if self.channel == "ssh" else "this computer"


class Operator(BaseModel):
    """A person who uses credtui.

    Attributes:
        name: Unique among operators.
        keys: SSH public keys that identify the operator, as in an authorized_keys file.
        permissions: The permission for each organization; no access where there is none.
        representative: Works for the API's provider and may, in every organization, what no
            operator may.
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
        """The keys, taken apart."""
        return tuple(parse_public_key(key) for key in self.keys)

    def has_key(self, fingerprint: str) -> bool:
        """Tell whether a key with this fingerprint identifies the operator."""
        return any(key.fingerprint == fingerprint for key in self.public_keys)

    def is_known_as(self, actor: Actor) -> bool:
        """Tell whether an actor of this name is the operator.

        An actor who came by a key must have one of the operator's. So a key that was taken from an
        operator ends, at its next action, what was begun with it.
        """
        return actor.fingerprint is None or self.has_key(actor.fingerprint)


def parse_operator(text: str) -> str:
    """Return `text` as an operator's name.

    It becomes a word of a command in sshd's authorized keys, and may be that of a Unix user.

    Raises:
        InvalidOperatorError: It has other characters, or is empty or too long.
    """
    if not _OPERATOR.fullmatch(text):
        raise InvalidOperatorError(
            "An operator's name has 1 to 32 lower-case letters, digits, hyphens and underscores, "
            "and begins with a letter or an underscore."
        )
    return text


def why_not_operator(name: str, taken: Container[str]) -> OperatorExistsError | None:
    """Say why an operator can't have this name, while other operators have those."""
    return OperatorExistsError(f"There is already an operator {name}.") if name in taken else None
