import pytest
from pydantic import ValidationError

from credtui.domain.permissions import Actor, Operator, Operators, Permission

ANN = Operator(name="ann", permissions={"acme": Permission.CAN_EDIT, "globex": Permission.CAN_VIEW})
RAY = Operator(name="ray", representative=True)


def test_order_and_labels() -> None:
    assert Permission.NO_ACCESS < Permission.CAN_VIEW < Permission.CAN_EDIT
    assert [permission.label for permission in Permission] == ["No access", "Can View", "Can Edit"]


def test_without_operators_everybody_may_edit() -> None:
    nobody = Operators()
    assert nobody.permission_for(Actor(operator="anybody"), "acme") is Permission.CAN_EDIT
    assert not nobody.is_representative(Actor(operator="anybody"))


@pytest.mark.parametrize(
    ("operator", "organization", "permission"),
    [
        ("ann", "acme", Permission.CAN_EDIT),
        ("ann", "globex", Permission.CAN_VIEW),
        ("ann", "initech", Permission.NO_ACCESS),
        ("Ann", "acme", Permission.NO_ACCESS),
        ("ann ", "acme", Permission.NO_ACCESS),
        ("", "acme", Permission.NO_ACCESS),
        ("mallory", "acme", Permission.NO_ACCESS),
        ("ray", "acme", Permission.CAN_EDIT),
        ("ray", "initech", Permission.CAN_EDIT),
    ],
)
def test_permission_for(operator: str, organization: str, permission: Permission) -> None:
    operators = Operators(members=(ANN, RAY))
    assert operators.permission_for(Actor(operator=operator), organization) is permission


def test_only_a_representative_is_one() -> None:
    operators = Operators(members=(ANN, RAY))
    assert operators.is_representative(Actor(operator="ray"))
    assert not operators.is_representative(Actor(operator="ann"))
    assert not operators.is_representative(Actor(operator="mallory"))


def test_the_last_operator_gone_is_a_personal_tool_again() -> None:
    operators = Operators(members=(Operator(name="ann"),))
    assert operators.permission_for(Actor(operator="ann"), "acme") is Permission.NO_ACCESS
    assert Operators().permission_for(Actor(operator="ann"), "acme") is Permission.CAN_EDIT


@pytest.mark.parametrize(
    "values",
    [
        {"name": "ann", "permissions": {"acme": 3}},
        {"name": "ann", "permissions": {"acme": "Can Edit"}},
        {"name": "ann", "permission": {}},
        {"permissions": {}},
    ],
)
def test_what_is_no_operator(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Operator.model_validate(values)
