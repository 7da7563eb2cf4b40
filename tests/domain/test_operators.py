"""The rules for operators."""

import pytest

from credtui.domain.operators import Operators
from credtui.domain.permissions import Actor, Operator, Permission, parse_operator
from credtui.domain.refusals import (
    InvalidOperatorError,
    KeyTakenError,
    NoRepresentativeError,
    NoSuchKeyError,
    NoSuchOperatorError,
    OperatorExistsError,
)
from credtui.domain.ssh_keys import parse_public_key
from tests.domain.test_ssh_keys import ED25519, OTHER

RITA = Operator(name="rita", representative=True)
ALICE = Operator(name="alice", keys=(ED25519,), permissions={"acme": Permission.CAN_EDIT})
BOTH = Operators(members=(RITA, ALICE))
FINGERPRINT = parse_public_key(ED25519).fingerprint


@pytest.mark.parametrize("name", ["a", "_", "alice-2", "x" * 32])
def test_names(name: str) -> None:
    assert parse_operator(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "A",
        "2a",
        "-a",
        "a b",
        "a.b",
        "x" * 33,
        "ä",
        "a\n",
        "a;b",
        "$(id)",
        "../a",
        "--yes",
        "a\x1b",
    ],
)
def test_hostile_names(name: str) -> None:
    with pytest.raises(InvalidOperatorError):
        parse_operator(name)


def test_the_first_is_a_representative() -> None:
    with pytest.raises(NoRepresentativeError, match="first operator must be a representative"):
        Operators().add(ALICE)
    assert Operators().add(RITA).members == (RITA,)


def test_the_last_representative_stays_one() -> None:
    with pytest.raises(NoRepresentativeError):
        BOTH.remove("rita")
    with pytest.raises(NoRepresentativeError):
        BOTH.replace(RITA.model_copy(update={"representative": False}))
    assert BOTH.add(Operator(name="ruth", representative=True)).remove("rita").find("rita") is None


def test_names_and_keys_are_one_operator_s() -> None:
    with pytest.raises(OperatorExistsError):
        BOTH.add(Operator(name="alice"))
    with pytest.raises(KeyTakenError, match="alice already"):
        BOTH.add(Operator(name="eve", keys=(f"{ED25519} another comment",)))
    with pytest.raises(KeyTakenError):
        BOTH.replace(RITA.model_copy(update={"keys": (ED25519,)}))
    assert BOTH.replace(ALICE.model_copy(update={"keys": (ED25519, OTHER)}))


@pytest.mark.parametrize("change", ["replace", "remove"])
def test_who_is_not_there(change: str) -> None:
    with pytest.raises(NoSuchOperatorError):
        getattr(BOTH, change)(Operator(name="eve") if change == "replace" else "eve")


def test_a_hostile_name_is_quoted_safely() -> None:
    with pytest.raises(NoSuchOperatorError) as refusal:
        BOTH.get("\x1b[31m" + "x" * 100)
    assert str(refusal.value) == f"There is no operator \ufffd[31m{'x' * 35}."


def test_a_key_that_is_not_the_operator_s_identifies_nobody() -> None:
    by_key = Actor(operator="alice", fingerprint=FINGERPRINT)
    by_other = Actor(operator="alice", fingerprint=parse_public_key(OTHER).fingerprint)
    assert BOTH.identify(by_key) == BOTH.identify(Actor(operator="alice")) == ALICE
    assert BOTH.identify(by_other) is None
    assert BOTH.identify(Actor(operator="eve", fingerprint=FINGERPRINT)) is None


def test_the_last_operator_gone_is_a_personal_tool_again() -> None:
    alice = Actor(operator="alice")
    assert not BOTH.standing(alice).personal
    assert Operators().standing(alice).personal


def test_a_changed_operator_keeps_what_was_not_named() -> None:
    changed = ALICE.changed(
        add_keys=[OTHER, OTHER],
        remove_keys=[FINGERPRINT],
        permissions={"acme": Permission.NO_ACCESS, "globex": Permission.CAN_VIEW},
        representative=None,
    )
    assert changed == Operator(
        name="alice", keys=(OTHER,), permissions={"globex": Permission.CAN_VIEW}
    )
    other = parse_public_key(OTHER).fingerprint
    assert changed.compared(ALICE) == (
        f"+globex: Can View, +key {other}, -acme: Can Edit, -key {FINGERPRINT}"
    )
    assert changed.compared(None) == f"+globex: Can View, +key {other}"
    assert changed.compared(changed) == ""


def test_a_key_that_the_operator_does_not_have_is_not_removed() -> None:
    with pytest.raises(NoSuchKeyError, match="alice has no key SHA256:x"):
        ALICE.changed(add_keys=[], remove_keys=["SHA256:x"], permissions={}, representative=None)
