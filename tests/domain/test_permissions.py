import pytest
from pydantic import ValidationError

from credtui.domain.permissions import Operator, Permission


def test_order_and_labels() -> None:
    assert Permission.NO_ACCESS < Permission.CAN_VIEW < Permission.CAN_EDIT
    assert [permission.label for permission in Permission] == ["No access", "Can View", "Can Edit"]


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
