"""Replacing a credential by another while clients move over, and previous secrets."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from credtui.domain.models import StoredCredential
from credtui.domain.organization import MAX_RETIRED, Organization
from credtui.domain.refusals import (
    AlreadyReplacedError,
    CredentialChangedError,
    NoSuchCredentialError,
    NothingReplacedError,
)

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def a_hash(mark: str) -> SecretStr:
    return SecretStr("$2b$04$" + mark * 53)


def a_credential(mark: str, *, replaces: str | None = None) -> StoredCredential:
    return StoredCredential(
        client_id=f"cid_{mark * 16}",
        name=f"Credential {mark}",
        created_at=NOON,
        secret_hash=a_hash(mark),
        replaces=replaces,
    )


OLD, OTHER = a_credential("A"), a_credential("B")
NEW = a_credential("C", replaces=OLD.client_id)
MOVING = Organization().generate(OLD).generate(OTHER).generate(NEW)


def test_a_rotation_keeps_the_last_previous_secrets() -> None:
    organization = Organization().generate(OLD)
    for turn, mark in enumerate("bcde", start=1):
        at = NOON + timedelta(days=turn)
        organization = organization.rotate(OLD.client_id, a_hash(mark), at)
    retired = organization.get(OLD.client_id).retired
    assert len(retired) == MAX_RETIRED
    assert [secret.generation for secret in retired] == [3, 4]
    assert [secret.secret_hash for secret in retired] == [a_hash("c"), a_hash("d")]
    assert [secret.since for secret in retired] == [NOON + timedelta(days=d) for d in (3, 4)]


def test_what_may_be_seen_has_no_hash() -> None:
    rotated = MOVING.rotate(OLD.client_id, a_hash("x"), NOON).get(OLD.client_id)
    assert not hasattr(rotated.public(), "retired")
    assert "AAAA" not in repr(rotated).replace(OLD.client_id, "")


def test_a_credential_has_at_most_one_successor() -> None:
    organization = Organization().generate(OLD).generate(NEW)
    with pytest.raises(AlreadyReplacedError, match="Credential C"):
        organization.generate(a_credential("D", replaces=OLD.client_id))


def test_the_replaced_credential_must_exist() -> None:
    with pytest.raises(NoSuchCredentialError):
        Organization().generate(OTHER).generate(NEW)


def test_finishing_moves_primary_and_removes_the_old_one() -> None:
    assert MOVING.primary == OLD.client_id
    finished = MOVING.finish_replacement(OLD.client_id, None, NOON)
    assert finished.primary == NEW.client_id
    assert [kept.client_id for kept in finished.credentials] == [OTHER.client_id, NEW.client_id]
    assert finished.get(NEW.client_id).replaces is None


def test_finishing_leaves_another_primary_alone() -> None:
    finished = MOVING.make_primary(OTHER.client_id).finish_replacement(OLD.client_id, None, NOON)
    assert finished.primary == OTHER.client_id


def test_finishing_is_refused_if_the_old_one_was_rotated_meanwhile() -> None:
    rotated = MOVING.rotate(OLD.client_id, a_hash("x"), NOON)
    with pytest.raises(CredentialChangedError):
        rotated.finish_replacement(OLD.client_id, None, NOON, seen=1)
    assert rotated.finish_replacement(OLD.client_id, None, NOON, seen=2).find(OLD.client_id) is None


def test_a_credential_that_nothing_replaces_stays() -> None:
    with pytest.raises(NothingReplacedError):
        MOVING.finish_replacement(OTHER.client_id, None, NOON)


def test_deleting_the_old_one_by_hand_ends_the_replacement() -> None:
    organization = MOVING.make_primary(NEW.client_id).delete(OLD.client_id)
    assert organization.get(NEW.client_id).replaces is None
    assert MOVING.successor_of(OLD.client_id) == NEW
    assert MOVING.delete(NEW.client_id).successor_of(OLD.client_id) is None
