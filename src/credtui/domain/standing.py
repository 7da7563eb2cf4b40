"""What one actor may do: all that a decision about one actor needs to know of the operators."""

from dataclasses import dataclass, field

from credtui.domain.permissions import Actor, Operator, Permission, denial
from credtui.domain.refusals import NoSuchOrganizationError, PermissionDeniedError, Refusal


@dataclass(frozen=True)
class Standing:
    """What an actor is among the operators.

    Attributes:
        actor: Who acts.
        operator: The operator that the actor is; None if the actor isn't one.
        personal: There are no operators. Then credtui is a personal tool, and the actor may edit.
        grantor: A representative, who may give permissions; None if there is none.
    """

    actor: Actor
    operator: Operator | None
    personal: bool
    grantor: str | None = None

    @property
    def is_representative(self) -> bool:
        """Whether the actor works for the API's provider."""
        return self.operator is not None and self.operator.representative

    @property
    def may_manage(self) -> bool:
        """Whether the actor may do what representatives may."""
        return self.personal or self.is_representative

    def why_not_manage(self) -> PermissionDeniedError | None:
        """Say why the actor can't do what representatives may."""
        if self.may_manage:
            return None
        return PermissionDeniedError(
            f"Only a representative may do this; {self.actor.operator} isn't."
        )

    def within(self, organization: str, *, known: bool) -> "OrganizationStanding":
        """Return what the actor is in one organization."""
        return OrganizationStanding(
            self.actor,
            self.operator,
            self.personal,
            self.grantor,
            organization=organization,
            known=known,
        )

    @property
    def organizations(self) -> list[str]:
        """The organizations for which the actor was given a permission, by name."""
        given = self.operator.permissions if self.operator else {}
        return sorted(name for name, permission in given.items() if permission)


@dataclass(frozen=True)
class OrganizationStanding(Standing):
    """What an actor is in one organization.

    Attributes:
        organization: The organization's name.
        known: The organization was created, or doesn't have to be.
    """

    organization: str = field(kw_only=True)
    known: bool = field(kw_only=True)

    @property
    def permission(self) -> Permission:
        """What the actor may do with the organization's credentials."""
        if self.personal:
            return Permission.CAN_EDIT
        if self.operator is None:
            return Permission.NO_ACCESS
        return self.operator.permission_for(self.organization)

    def why_not(self, needed: Permission) -> PermissionDeniedError | None:
        """Say why the actor can't do with the credentials what needs a permission."""
        if self.permission >= needed:
            return None
        return PermissionDeniedError(denial(self.permission, needed, self.known_grantor))

    @property
    def known_grantor(self) -> str | None:
        """The representative to ask, as an actor with access may know; otherwise None."""
        return self.grantor if self.permission >= Permission.CAN_VIEW else None

    def why_not_enter(self) -> Refusal | None:
        """Say why nothing can be attempted in the organization: it was never created.

        An actor without access isn't told which organizations exist.
        """
        if self.known:
            return None
        return self.why_not(Permission.CAN_VIEW) or NoSuchOrganizationError(
            f"There is no organization {self.organization}. A representative can create it."
        )
