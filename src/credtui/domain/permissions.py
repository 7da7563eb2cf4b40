"""Who may do what: operators, and the permission "API Credentials" of each."""

import re
from collections.abc import Callable, Container, Iterable, Mapping
from enum import IntEnum
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from credtui.domain.names import quotable
from credtui.domain.refusals import (
    InvalidOperatorError,
    KeyTakenError,
    NoRepresentativeError,
    NoSuchOperatorError,
    NoSuchOrganizationError,
    OperatorExistsError,
    PermissionDeniedError,
    Refusal,
    refuse,
)
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

    def identify(self, actor: Actor) -> Operator | None:
        """Return the operator that an actor is, None if they aren't one."""
        operator = self.find(actor.operator)
        return operator if operator and operator.is_known_as(actor) else None

    def permission_for(self, actor: Actor, organization: str) -> Permission:
        """Return what an actor may do with an organization's credentials."""
        if not self.members:
            return Permission.CAN_EDIT
        operator = self.identify(actor)
        return operator.permission_for(organization) if operator else Permission.NO_ACCESS

    def why_not(
        self, actor: Actor, organization: str, needed: Permission
    ) -> PermissionDeniedError | None:
        """Say why an actor can't do with an organization's credentials what needs a permission."""
        permission = self.permission_for(actor, organization)
        if permission >= needed:
            return None
        return PermissionDeniedError(
            f'{actor.operator} needs the permission "API Credentials: {needed.label}" for '
            f"{organization}, and has {permission.label}."
        )

    def organizations_of(self, actor: Actor) -> list[str]:
        """Return the organizations for which an actor was given a permission, by name."""
        operator = self.identify(actor)
        given = operator.permissions if operator else {}
        return sorted(name for name, permission in given.items() if permission)

    def is_representative(self, actor: Actor) -> bool:
        """Tell whether an actor works for the API's provider."""
        operator = self.identify(actor)
        return operator is not None and operator.representative

    def may_manage(self, actor: Actor) -> bool:
        """Tell whether an actor may do what representatives may; anyone may without operators."""
        return not self.members or self.is_representative(actor)

    def why_not_manage(self, actor: Actor) -> PermissionDeniedError | None:
        """Say why an actor can't do what representatives may."""
        if self.may_manage(actor):
            return None
        return PermissionDeniedError(f"Only a representative may do this; {actor.operator} isn't.")

    def mention(self, organization: str) -> bool:
        """Tell whether any operator was given a permission for an organization."""
        return any(organization in operator.permissions for operator in self.members)

    def know(self, organization: str, has_organization: Callable[[str], bool]) -> bool:
        """Tell whether an organization was created, or needs not be.

        Args:
            organization: The organization.
            has_organization: Tells whether an organization exists in the store.
        """
        return not self.members or self.mention(organization) or has_organization(organization)

    def why_not_enter(
        self, actor: Actor, organization: str, has_organization: Callable[[str], bool]
    ) -> Refusal | None:
        """Say why nothing can be attempted in an organization: it was never created.

        The arguments are those of `know`. An actor without access isn't told which exist.
        """
        if self.know(organization, has_organization):
            return None
        return self.why_not(actor, organization, Permission.CAN_VIEW) or NoSuchOrganizationError(
            f"There is no organization {organization}. A representative can create it."
        )

    def get(self, name: str) -> Operator:
        """Return the operator of this name.

        Raises:
            NoSuchOperatorError: There is none.
        """
        if operator := self.find(name):
            return operator
        raise NoSuchOperatorError(f"There is no operator {quotable(name, 40)}.")

    def add(self, operator: Operator) -> Self:
        """Add an operator.

        Raises:
            OperatorExistsError: There is one of this name.
            NoRepresentativeError: It is the first, and not a representative.
            KeyTakenError: A key identifies another one.
        """
        refuse(why_not_operator(operator.name, [member.name for member in self.members]))
        if not self.members and not operator.representative:
            raise NoRepresentativeError(
                "The first operator must be a representative: nobody else could manage operators."
            )
        return self._with((*self.members, operator))

    def replace(self, changed: Operator) -> Self:
        """Put an operator in the place of the one that has its name.

        Raises:
            NoSuchOperatorError: There is none.
            NoRepresentativeError: Nobody would be left who is a representative.
            KeyTakenError: A key identifies another one.
        """
        before = self.get(changed.name)
        return self._with(changed if kept is before else kept for kept in self.members)

    def remove(self, name: str) -> Self:
        """Remove an operator.

        Raises:
            NoSuchOperatorError: There is none.
            NoRepresentativeError: Nobody would be left who is a representative.
        """
        removed = self.get(name)
        return self._with(kept for kept in self.members if kept is not removed)

    def _with(self, members: Iterable[Operator]) -> Self:
        members = tuple(members)
        if not any(operator.representative for operator in members):
            raise NoRepresentativeError(
                "This is the last representative: without one, nobody could manage operators."
            )
        owners: dict[str, str] = {}
        for operator in members:
            for key in operator.public_keys:
                owner = owners.setdefault(key.data, operator.name)
                if owner != operator.name:
                    raise KeyTakenError(f"The key {key.fingerprint} identifies {owner} already.")
        return type(self)(members=members)
