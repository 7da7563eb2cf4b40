"""The operators of an installation, and the rules for changing them."""

from collections.abc import Iterable
from typing import Self

from pydantic import BaseModel, ConfigDict

from credtui.domain.names import quotable
from credtui.domain.permissions import Actor, Operator, why_not_operator, why_not_ordinary
from credtui.domain.refusals import (
    KeyTakenError,
    NoRepresentativeError,
    NoSuchOperatorError,
    refuse,
)
from credtui.domain.standing import Standing


class Operators(BaseModel):
    """All operators of an installation.

    Without operators, credtui is a personal tool: everybody who runs it may edit. From the first
    operator on, a person who isn't an operator has no access.
    """

    model_config = ConfigDict(frozen=True)

    members: tuple[Operator, ...] = ()

    def find(self, name: str) -> Operator | None:
        """Return the operator of this name, None if there is none."""
        return next((operator for operator in self.members if operator.name == name), None)

    def identify(self, actor: Actor) -> Operator | None:
        """Return the operator that an actor is, None if they aren't one."""
        operator = self.find(actor.operator)
        return operator if operator and operator.is_known_as(actor) else None

    def standing(self, actor: Actor) -> Standing:
        """Return what an actor is among the operators."""
        representatives = (member.name for member in self.members if member.representative)
        return Standing(
            actor=actor,
            operator=self.identify(actor),
            personal=not self.members,
            grantor=min(representatives, default=None),
        )

    def mention(self, organization: str) -> bool:
        """Tell whether any operator was given a permission for an organization."""
        return any(organization in operator.permissions for operator in self.members)

    def get(self, name: str) -> Operator:
        """Return the operator of this name.

        Raises:
            NoSuchOperatorError: No operator has this name.
        """
        if operator := self.find(name):
            return operator
        raise NoSuchOperatorError(f"There is no operator {quotable(name, 40)}.")

    def add(self, operator: Operator) -> Self:
        """Add an operator.

        Raises:
            OperatorExistsError: There is an operator of this name already.
            NoRepresentativeError: This would be the first operator, and isn't a representative.
            KeyTakenError: A key identifies another operator.
        """
        others = [member.name for member in self.members]
        refuse(why_not_operator(operator.name, others))
        if not operator.representative:
            refuse(why_not_ordinary(others))
        return self._with((*self.members, operator))

    def replace(self, changed: Operator) -> Self:
        """Replace the operator that has the same name.

        Raises:
            NoSuchOperatorError: No operator has this name.
            NoRepresentativeError: No representative would be left.
            KeyTakenError: A key identifies another operator.
        """
        before = self.get(changed.name)
        return self._with(changed if kept is before else kept for kept in self.members)

    def remove(self, name: str) -> Self:
        """Remove an operator.

        Raises:
            NoSuchOperatorError: No operator has this name.
            NoRepresentativeError: No representative would be left.
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
