from datetime import timedelta

import pytest
from pydantic import SecretStr, ValidationError

from credtui.domain.models import Handover
from credtui.domain.organization import Organization
from credtui.domain.refusals import (
    CapReachedError,
    CredentialChangedError,
    NameTakenError,
    NoSuchCredentialError,
    PrimaryProtectedError,
    refuse,
)
from credtui.domain.rules import MAX_CREDENTIALS
from credtui.domain.secrets import hash_secret
from tests.support import SECRET, START, make_credential

ONE, TWO, THREE, FOUR = (make_credential(number) for number in range(1, 5))
NOBODY = "cid_" + "0" * 16
SAVED = Handover(how="saved", at=START)
NEW_HASH = hash_secret(SECRET, 4)


@pytest.fixture
def full() -> Organization:
    return Organization().generate(ONE).generate(TWO).generate(THREE)


def test_empty() -> None:
    organization = Organization()
    assert organization.credentials == ()
    assert organization.primary is None
    assert organization.find(ONE.client_id) is None


def test_first_generated_is_primary_and_stays_so(full: Organization) -> None:
    assert Organization().generate(ONE).primary == ONE.client_id
    assert full.primary == ONE.client_id
    assert full.credentials == (ONE, TWO, THREE)


def test_cap(full: Organization) -> None:
    assert MAX_CREDENTIALS == 3
    assert full.delete(TWO.client_id).why_not_add() is None
    with pytest.raises(CapReachedError, match=r"3 of 3 credentials\. Delete a credential before"):
        refuse(full.why_not_add())
    with pytest.raises(CapReachedError):
        full.generate(FOUR)
    assert len(full.credentials) == 3


def test_cap_is_told_before_the_name(full: Organization) -> None:
    with pytest.raises(CapReachedError):
        full.generate(make_credential(4, ONE.name))


@pytest.mark.parametrize("name", [ONE.name, ONE.name.upper(), "\uff23redential 1"])
def test_generate_refuses_a_used_name(name: str) -> None:
    organization = Organization().generate(ONE)
    with pytest.raises(NameTakenError, match="already a credential named Credential 1"):
        organization.generate(make_credential(2, name))
    assert organization.credentials == (ONE,)


def test_rotate(full: Organization) -> None:
    at = START + timedelta(days=5)
    confirmed = full.confirm(TWO.client_id, SAVED, seen=1)
    rotated = confirmed.rotate(TWO.client_id, NEW_HASH, at, seen=1).get(TWO.client_id)
    assert rotated.client_id == TWO.client_id
    assert rotated.name == TWO.name
    assert rotated.created_at == TWO.created_at
    assert rotated.secret_hash == NEW_HASH
    assert rotated.rotated_at == at
    assert rotated.generation == 2
    assert not rotated.handover


def test_rotate_changes_nothing_else(full: Organization) -> None:
    rotated = full.rotate(TWO.client_id, NEW_HASH, START)
    assert rotated.primary == full.primary
    assert (rotated.credentials[0], rotated.credentials[2]) == (ONE, THREE)
    assert full.credentials == (ONE, TWO, THREE)


def test_rotate_refuses_what_was_rotated_meanwhile(full: Organization) -> None:
    rotated = full.rotate(TWO.client_id, NEW_HASH, START)
    with pytest.raises(CredentialChangedError, match="Credential 2 was rotated meanwhile"):
        rotated.rotate(TWO.client_id, NEW_HASH, START, seen=1)
    assert rotated.rotate(TWO.client_id, NEW_HASH, START, seen=2).get(TWO.client_id).generation == 3
    assert rotated.rotate(TWO.client_id, NEW_HASH, START).get(TWO.client_id).generation == 3


def test_confirm(full: Organization) -> None:
    assert not full.get(TWO.client_id).handover
    confirmed = full.confirm(TWO.client_id, SAVED, seen=1)
    assert [one.handover for one in confirmed.credentials] == [None, SAVED, None]
    assert confirmed.confirm(TWO.client_id, SAVED, seen=1) == confirmed


def test_confirm_of_a_previous_secret_is_refused(full: Organization) -> None:
    rotated = full.rotate(TWO.client_id, NEW_HASH, START)
    with pytest.raises(CredentialChangedError):
        rotated.confirm(TWO.client_id, SAVED, seen=1)
    assert not rotated.get(TWO.client_id).handover


def test_rename(full: Organization) -> None:
    renamed = full.rename(TWO.client_id, "Batch")
    assert renamed.get(TWO.client_id) == TWO.model_copy(update={"name": "Batch"})
    assert renamed.primary == full.primary


def test_rename_to_another_case_of_its_own_name(full: Organization) -> None:
    assert full.rename(TWO.client_id, TWO.name.upper()).get(TWO.client_id).name == "CREDENTIAL 2"


def test_rename_refuses_a_used_name(full: Organization) -> None:
    with pytest.raises(NameTakenError):
        full.rename(TWO.client_id, THREE.name.lower())


def test_name_is_free_again_after_rename_and_delete(full: Organization) -> None:
    renamed = full.rename(TWO.client_id, "Batch").rename(THREE.client_id, TWO.name)
    deleted = renamed.delete(TWO.client_id)
    assert deleted.generate(make_credential(4, "batch")).credentials[-1].name == "batch"


def test_make_primary(full: Organization) -> None:
    moved = full.make_primary(THREE.client_id)
    assert moved.primary == THREE.client_id
    assert moved.credentials == full.credentials
    assert moved.make_primary(THREE.client_id) == moved


def test_delete(full: Organization) -> None:
    deleted = full.delete(TWO.client_id)
    assert deleted.credentials == (ONE, THREE)
    assert deleted.primary == ONE.client_id
    assert deleted.generate(FOUR).credentials == (ONE, THREE, FOUR)


def test_delete_refuses_the_primary(full: Organization) -> None:
    with pytest.raises(
        PrimaryProtectedError,
        match="Make another credential primary first, or contact your representative",
    ):
        full.delete(ONE.client_id)
    assert full.make_primary(TWO.client_id).delete(ONE.client_id).credentials == (TWO, THREE)


def test_delete_refuses_the_primary_even_when_it_is_the_only_one() -> None:
    with pytest.raises(PrimaryProtectedError):
        Organization().generate(ONE).delete(ONE.client_id)


def test_delete_refuses_what_was_rotated_meanwhile(full: Organization) -> None:
    rotated = full.rotate(TWO.client_id, NEW_HASH, START)
    with pytest.raises(CredentialChangedError):
        rotated.delete(TWO.client_id, seen=1)
    assert rotated.delete(TWO.client_id, seen=2).find(TWO.client_id) is None


@pytest.mark.parametrize("organization", [Organization(), Organization().generate(ONE)])
def test_everything_refuses_an_unknown_client_id(organization: Organization) -> None:
    for attempt in (
        lambda: organization.get(NOBODY),
        lambda: organization.rotate(NOBODY, NEW_HASH, START, seen=1),
        lambda: organization.confirm(NOBODY, SAVED, seen=1),
        lambda: organization.rename(NOBODY, "Batch"),
        lambda: organization.make_primary(NOBODY),
        lambda: organization.delete(NOBODY),
    ):
        with pytest.raises(NoSuchCredentialError, match=f"no credential {NOBODY}. Perhaps"):
            attempt()


def test_a_secret_in_place_of_a_client_id_is_not_repeated(full: Organization) -> None:
    with pytest.raises(NoSuchCredentialError) as refusal:
        full.get(SECRET.get_secret_value())
    assert "csk_" not in str(refusal.value)
    assert str(refusal.value) == "That is not a Client ID: one is cid_ and 16 letters and digits."


def test_sentences_neutralise_names_that_were_edited_by_hand() -> None:
    organization = Organization().generate(make_credential(1, "a\x1b[2Jb"))
    for attempt in (
        lambda: organization.delete(ONE.client_id),
        lambda: organization.delete(ONE.client_id, seen=2),
        lambda: refuse(organization.why_not_name("a\x1b[2Jb")),
    ):
        with pytest.raises(
            (PrimaryProtectedError, CredentialChangedError, NameTakenError), match="a\ufffd\\[2Jb"
        ):
            attempt()


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"credentials": (ONE, TWO, THREE, FOUR), "primary": ONE.client_id}, "at most 3"),
        ({"credentials": (ONE, ONE), "primary": ONE.client_id}, "the same Client ID"),
        (
            {"credentials": (ONE, make_credential(2, "CREDENTIAL 1")), "primary": ONE.client_id},
            "the same name",
        ),
        ({"credentials": (ONE,), "primary": TWO.client_id}, "not exactly one"),
        ({"credentials": (ONE,), "primary": None}, "not exactly one"),
        ({"credentials": (), "primary": ONE.client_id}, "not exactly one"),
        ({"networks": ("everywhere",)}, "not in CIDR notation"),
        ({"networks": ("192.0.2.0/24", "192.0.2.7/24")}, "not in CIDR notation"),
        ({"credentials": (), "surplus": 1}, "Extra inputs"),
    ],
)
def test_what_breaks_the_rules_is_no_organization(values: dict[str, object], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason) as problem:
        Organization.model_validate(values)
    assert "$2b$" not in str(problem.value)


def test_order_of_generation_is_kept(full: Organization) -> None:
    changed = (
        full.rotate(ONE.client_id, SecretStr(NEW_HASH.get_secret_value()), START)
        .rename(TWO.client_id, "Zebra")
        .make_primary(THREE.client_id)
    )
    assert [credential.client_id for credential in changed.credentials] == [
        credential.client_id for credential in full.credentials
    ]
