"""What one actor may do."""

import pytest

from credtui.domain.operators import Operators
from credtui.domain.permissions import Actor, Operator, Permission
from credtui.domain.refusals import NoSuchOrganizationError, PermissionDeniedError
from credtui.domain.ssh_keys import parse_public_key
from credtui.domain.standing import OrganizationStanding
from tests.domain.test_ssh_keys import ED25519, OTHER

ANN = Operator(
    name="ann",
    keys=(ED25519,),
    permissions={
        "globex": Permission.CAN_VIEW,
        "acme": Permission.CAN_EDIT,
        "initech": Permission.NO_ACCESS,
    },
)
RAY = Operator(name="ray", representative=True)
BOTH = Operators(members=(ANN, RAY))


def standing(
    operator: str,
    organization: str = "acme",
    *,
    operators: Operators = BOTH,
    fingerprint: str | None = None,
    known: bool = True,
) -> OrganizationStanding:
    actor = Actor(operator=operator, fingerprint=fingerprint)
    return operators.standing(actor).within(organization, known=known)


def test_without_operators_everybody_may_edit_and_manage() -> None:
    anybody = standing("anybody", operators=Operators())
    assert anybody.permission is Permission.CAN_EDIT
    assert anybody.why_not_manage() is None
    assert not anybody.is_representative


@pytest.mark.parametrize(
    ("operator", "organization", "permission"),
    [
        ("ann", "acme", Permission.CAN_EDIT),
        ("ann", "globex", Permission.CAN_VIEW),
        ("ann", "initech", Permission.NO_ACCESS),
        ("ann", "hooli", Permission.NO_ACCESS),
        ("Ann", "acme", Permission.NO_ACCESS),
        ("ann ", "acme", Permission.NO_ACCESS),
        ("", "acme", Permission.NO_ACCESS),
        ("mallory", "acme", Permission.NO_ACCESS),
        ("ray", "acme", Permission.CAN_EDIT),
        ("ray", "hooli", Permission.CAN_EDIT),
    ],
)
def test_permission(operator: str, organization: str, permission: Permission) -> None:
    assert standing(operator, organization).permission is permission


def test_why_not() -> None:
    viewer = standing("ann", "globex")
    assert viewer.why_not(Permission.CAN_VIEW) is None
    assert str(viewer.why_not(Permission.CAN_EDIT)) == "View only. Ask ray for Can Edit."


def test_without_access_no_representative_is_named() -> None:
    for name in ("ann", "mallory"):
        stranger = standing(name, "hooli")
        assert stranger.known_grantor is None
        denied = str(stranger.why_not(Permission.CAN_VIEW))
        assert denied == "No access. Ask your representative for Can View."


def test_only_a_representative_manages() -> None:
    assert standing("ray").is_representative
    assert standing("ray").why_not_manage() is None
    for name in ("ann", "mallory"):
        assert not standing(name).is_representative
        assert isinstance(standing(name).why_not_manage(), PermissionDeniedError)


def test_a_key_that_is_not_the_operator_s_identifies_nobody() -> None:
    own, other = (parse_public_key(key).fingerprint for key in (ED25519, OTHER))
    assert standing("ann", fingerprint=own).operator == ANN
    assert standing("ann", fingerprint=own).permission is Permission.CAN_EDIT
    by_other = standing("ann", fingerprint=other)
    assert (by_other.operator, by_other.permission) == (None, Permission.NO_ACCESS)
    assert by_other.organizations == []
    assert not standing("ray", fingerprint=own).is_representative


def test_organizations_that_a_permission_was_given_for() -> None:
    assert standing("ann").organizations == ["acme", "globex"]
    for name in ("ray", "mallory"):
        assert standing(name).organizations == []


def test_only_with_access_one_is_told_that_an_organization_was_never_created() -> None:
    for name in ("ray", "ann", "mallory"):
        assert standing(name, "hooli").why_not_enter() is None
    unknown = standing("ray", "hooli", known=False).why_not_enter()
    assert isinstance(unknown, NoSuchOrganizationError)
    for name in ("ann", "mallory"):
        denied = standing(name, "hooli", known=False).why_not_enter()
        assert isinstance(denied, PermissionDeniedError)
