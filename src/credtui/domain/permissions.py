"""Who may do what: operators, and the permission "API Credentials" of each."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Permission(IntEnum):
    """The permission "API Credentials" of an operator for an organization, weakest first."""

    NO_ACCESS = 0
    CAN_VIEW = 1
    CAN_EDIT = 2

    @property
    def label(self) -> str:
        """The permission as people read it."""
        return {0: "No access", 1: "Can View", 2: "Can Edit"}[self.value]


Channel = Literal["portal", "command line", "ssh", "token endpoint"]
"""The way a person or program came in."""


class Actor(BaseModel):
    """Who acts, and from where: what an audit event says of the person.

    Attributes:
        operator: The operator's name.
        address: The address of the other end of the line; None on the computer itself.
        fingerprint: The fingerprint of the SSH public key that identified the operator, if one did.
        channel: The way in.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    operator: str
    address: str | None = None
    fingerprint: str | None = None
    channel: Channel = "portal"


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


class Operators(BaseModel):
    """All operators of an installation.

    With none, credtui is a personal tool: whoever runs it may edit. From the first operator on,
    someone who isn't one has no access.
    """

    model_config = ConfigDict(frozen=True)

    members: tuple[Operator, ...] = ()

    def find(self, name: str) -> Operator | None:
        """Return the operator of this name, if there is one."""
        return next((operator for operator in self.members if operator.name == name), None)

    def permission_for(self, actor: Actor, organization: str) -> Permission:
        """Return what an actor may do with an organization's credentials."""
        if not self.members:
            return Permission.CAN_EDIT
        operator = self.find(actor.operator)
        return operator.permission_for(organization) if operator else Permission.NO_ACCESS

    def is_representative(self, actor: Actor) -> bool:
        """Tell whether an actor works for the API's provider."""
        operator = self.find(actor.operator)
        return operator is not None and operator.representative
