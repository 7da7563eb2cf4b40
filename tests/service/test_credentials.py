import json
import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from pydantic import SecretStr

from credtui.domain.audit import Action, AuditEvent
from credtui.domain.errors import InvalidOrganizationError, StoreCorruptError
from credtui.domain.models import Credential, Handover, IssuedSecret
from credtui.domain.page import Page
from credtui.domain.permissions import Actor, Operator, Permission
from credtui.domain.place import Place
from credtui.domain.refusals import (
    CapReachedError,
    CredentialChangedError,
    InvalidNameError,
    NameTakenError,
    NoSuchCredentialError,
    PermissionDeniedError,
    PrimaryProtectedError,
    Refusal,
)
from credtui.domain.secret_state import SecretState
from credtui.domain.secrets import matches, recognise
from credtui.service.credentials import CredentialService
from credtui.store.port import Store
from tests.conftest import MakeService
from tests.secrets_scan import assert_no_secret
from tests.support import ALICE, PRODUCTION, SECRET, START, SteppedClock, Watch

pytestmark = pytest.mark.each_store

NOBODY = "cid_" + "0" * 16
PLACE = Place("uat", "acme")

EDITOR = Operator(name="alice", permissions={"acme": Permission.CAN_EDIT})
VIEWER = Operator(name="alice", permissions={"acme": Permission.CAN_VIEW})
STRANGER = Operator(name="alice", permissions={"globex": Permission.CAN_EDIT})


class Filled(NamedTuple):
    """An organization with two credentials; the first is primary."""

    service: CredentialService
    one: IssuedSecret
    two: IssuedSecret

    @property
    def first(self) -> str:
        return self.one.credential.client_id

    @property
    def second(self) -> str:
        return self.two.credential.client_id


@pytest.fixture
def filled(service: CredentialService, clock: SteppedClock) -> Filled:
    one = service.generate("Payout gateway")
    clock.advance()
    two = service.generate("Reporting batch")
    clock.advance()
    return Filled(service, one, two)


def events(store: Store) -> Sequence[AuditEvent]:
    return store.events(PLACE)


def secret_works(store: Store, issued: IssuedSecret) -> bool:
    credential = store.load(PLACE).find(issued.credential.client_id)
    return credential is not None and matches(issued.secret, credential.secret_hash)


class TestGenerate:
    def test_returns_what_the_dialog_shows(self, service: CredentialService) -> None:
        issued = service.generate("  Payout gateway ")
        assert issued.audience == "urn:ripplexcurrent-uat:acme"
        assert recognise(issued.secret.get_secret_value()) == "uat"
        assert issued.credential == Credential(
            client_id=issued.credential.client_id, name="Payout gateway", created_at=START
        )

    def test_keeps_it_with_a_hash_of_its_secret(
        self, service: CredentialService, store: Store, tmp_path: Path
    ) -> None:
        issued = service.generate("Payout gateway")
        assert secret_works(store, issued)
        assert not secret_works(store, issued.model_copy(update={"secret": SECRET}))
        assert_no_secret(issued.secret, tmp_path)

    def test_the_first_is_primary(self, filled: Filled) -> None:
        page = filled.service.page()
        assert page.primary == filled.first
        assert [credential.name for credential in page.credentials] == [
            "Payout gateway",
            "Reporting batch",
        ]

    def test_leaves_one_event(self, filled: Filled, store: Store) -> None:
        event = events(store)[0]
        assert len(events(store)) == 2
        assert (event.action, event.outcome, event.actor) == (Action.GENERATE, "done", ALICE)
        assert (event.client_id, event.name, event.detail) == (
            filled.second,
            "Reporting batch",
            "",
        )
        assert event.at == filled.two.credential.created_at

    def test_environments_and_organizations_are_apart(self, make_service: MakeService) -> None:
        make_service().generate("Payout")
        make_service(environment=PRODUCTION).generate("Payout")
        issued = make_service(organization="globex").generate("Payout")
        assert len(make_service().page().credentials) == 1
        assert issued.audience == "urn:ripplexcurrent-uat:globex"
        assert len(make_service(organization="globex").events()) == 1


class TestRotate:
    def test_replaces_the_secret_at_once(self, filled: Filled, store: Store) -> None:
        rotated = filled.service.rotate(filled.second, seen=1)
        assert rotated.credential.client_id == filled.second
        assert rotated.audience == filled.two.audience
        assert not secret_works(store, filled.two)
        assert secret_works(store, rotated)
        assert secret_works(store, filled.one)

    def test_notes_when_and_how_often(self, filled: Filled, clock: SteppedClock) -> None:
        filled.service.confirm(filled.second, seen=1, how="sent")
        clock.advance(timedelta(days=3))
        rotated = filled.service.rotate(filled.second).credential
        assert rotated.rotated_at == clock.now
        assert rotated.secret_since == clock.now
        assert rotated.generation == 2
        assert not rotated.handover
        assert filled.service.page().find(filled.second) == rotated

    @pytest.mark.files
    def test_leaves_no_secret(self, filled: Filled, store_folder: Path) -> None:
        rotated = filled.service.rotate(filled.second)
        for secret in (filled.one.secret, filled.two.secret, rotated.secret):
            assert_no_secret(secret, store_folder)


class TestConfirm:
    def test_notes_how_this_secret_was_handed_over(
        self, filled: Filled, store: Store, clock: SteppedClock
    ) -> None:
        filled.service.confirm(filled.second, seen=1, how="saved")
        page = filled.service.page()
        assert [credential.handover for credential in page.credentials] == [
            None,
            Handover(how="saved", at=clock.now),
        ]
        assert secret_works(store, filled.two)
        event = events(store)[0]
        assert (event.action, event.detail) == (Action.CONFIRM, "saved")

    def test_until_then_the_secret_is_on_screen_or_was_never_seen(self, filled: Filled) -> None:
        def state() -> SecretState:
            page = filled.service.page()
            [credential] = [one for one in page.credentials if one.client_id == filled.second]
            return page.secret_state(credential)

        assert state() is SecretState.ON_SCREEN
        filled.service.confirm(filled.second, seen=1, how="sent")
        assert state() is SecretState.SENT
        filled.two.lease.close()
        assert state() is SecretState.SENT
        rotated = filled.service.rotate(filled.second)
        assert state() is SecretState.ON_SCREEN
        rotated.lease.close()
        assert state() is SecretState.NEVER_SEEN
        filled.service.rotate(filled.second)
        assert state() is SecretState.NEVER_SEEN

    def test_a_page_says_who_has_a_secret_on_screen(
        self, filled: Filled, clock: SteppedClock
    ) -> None:
        replacement = filled.service.replace(filled.second, "New")
        lease = filled.service.page().lease_of(replacement.credential)
        assert lease
        assert (lease.client_id, lease.generation) == (replacement.credential.client_id, 1)
        assert (lease.operator, lease.address) == (
            filled.service.actor.operator,
            filled.service.actor.address,
        )
        assert lease.since == clock.now

    def test_a_refused_change_has_nothing_on_screen(self, filled: Filled) -> None:
        with pytest.raises(CredentialChangedError):
            filled.service.rotate(filled.second, seen=5)
        assert [lease.generation for lease in filled.service.page().leases] == [1, 1]

    def test_of_a_secret_that_was_rotated_meanwhile_is_refused(self, filled: Filled) -> None:
        filled.service.rotate(filled.second)
        with pytest.raises(CredentialChangedError):
            filled.service.confirm(filled.second, seen=1, how="sent")
        credential = filled.service.page().find(filled.second)
        assert credential is not None
        assert not credential.handover
        filled.service.confirm(filled.second, seen=2, how="sent")

    def test_of_a_deleted_credential_is_refused(self, filled: Filled) -> None:
        filled.service.delete(filled.second)
        with pytest.raises(NoSuchCredentialError):
            filled.service.confirm(filled.second, seen=1, how="sent")


class TestRename:
    def test_gives_another_name(self, filled: Filled, store: Store) -> None:
        renamed = filled.service.rename(filled.second, " Batch ")
        assert renamed == filled.two.credential.model_copy(update={"name": "Batch"})
        assert secret_works(store, filled.two)
        event = events(store)[0]
        assert (event.action, event.name, event.detail) == (
            Action.RENAME,
            "Batch",
            "was Reporting batch",
        )

    def test_to_the_same_name(self, filled: Filled, store: Store) -> None:
        filled.service.rename(filled.second, "Reporting batch")
        assert events(store)[0].detail == ""
        filled.service.rename(filled.second, "REPORTING batch")
        assert events(store)[0].detail == "was Reporting batch"


class TestMakePrimary:
    def test_moves_it(self, filled: Filled, store: Store) -> None:
        assert filled.service.make_primary(filled.second) == filled.two.credential
        assert filled.service.page().primary == filled.second
        event = events(store)[0]
        assert (event.action, event.client_id) == (Action.MAKE_PRIMARY, filled.second)

    def test_of_the_primary_changes_nothing(self, filled: Filled, store: Store) -> None:
        before = filled.service.page()
        filled.service.make_primary(filled.first)
        assert filled.service.page() == before
        assert len(events(store)) == 3


class TestDelete:
    def test_removes_it_at_once(self, filled: Filled, store: Store) -> None:
        assert filled.service.delete(filled.second, seen=1) == filled.two.credential
        assert filled.service.page().credentials == (filled.one.credential,)
        assert not secret_works(store, filled.two)
        event = events(store)[0]
        assert (event.action, event.client_id, event.name) == (
            Action.DELETE,
            filled.second,
            "Reporting batch",
        )

    def test_makes_room(self, filled: Filled) -> None:
        third = filled.service.generate("Third")
        assert filled.service.page().why_not_add()
        filled.service.delete(third.credential.client_id)
        assert filled.service.page().why_not_add() is None
        assert filled.service.generate("Third").credential.client_id != third.credential.client_id


LONG = "x" * 100

Attempt = Callable[[CredentialService, Filled], object]

REFUSALS: dict[str, tuple[Attempt, type[Refusal], Action, str | None, str]] = {
    "generate at the cap": (
        lambda service, _: service.generate("New 1"),
        CapReachedError,
        Action.GENERATE,
        None,
        "New 1",
    ),
    "generate with a used name": (
        lambda service, _: service.generate("PAYOUT gateway"),
        NameTakenError,
        Action.GENERATE,
        None,
        "PAYOUT gateway",
    ),
    "generate with no name": (
        lambda service, _: service.generate("  "),
        InvalidNameError,
        Action.GENERATE,
        None,
        "  ",
    ),
    "generate with a long name": (
        lambda service, _: service.generate(LONG),
        InvalidNameError,
        Action.GENERATE,
        None,
        LONG[:60],
    ),
    "generate with a terminal's escapes": (
        lambda service, _: service.generate("a\x1b[2J\u202eb"),
        InvalidNameError,
        Action.GENERATE,
        None,
        "a\ufffd[2J\ufffdb",
    ),
    "generate with broken characters": (
        lambda service, _: service.generate("a\udcffb"),
        InvalidNameError,
        Action.GENERATE,
        None,
        "a\ufffdb",
    ),
    "generate with a secret for a name": (
        lambda service, _: service.generate(SECRET.get_secret_value()),
        InvalidNameError,
        Action.GENERATE,
        None,
        "[secret]",
    ),
    "rotate one that is gone": (
        lambda service, _: service.rotate(NOBODY),
        NoSuchCredentialError,
        Action.ROTATE,
        NOBODY,
        "",
    ),
    "rotate a secret": (
        lambda service, _: service.rotate(SECRET.get_secret_value()),
        NoSuchCredentialError,
        Action.ROTATE,
        None,
        "",
    ),
    "rotate one that was rotated": (
        lambda service, filled: service.rotate(filled.second, seen=2),
        CredentialChangedError,
        Action.ROTATE,
        "second",
        "Reporting batch",
    ),
    "confirm one that is gone": (
        lambda service, _: service.confirm(NOBODY, seen=1, how="sent"),
        NoSuchCredentialError,
        Action.CONFIRM,
        NOBODY,
        "",
    ),
    "confirm one that was rotated": (
        lambda service, filled: service.confirm(filled.second, seen=2, how="sent"),
        CredentialChangedError,
        Action.CONFIRM,
        "second",
        "Reporting batch",
    ),
    "rename to a used name": (
        lambda service, filled: service.rename(filled.second, "payout Gateway"),
        NameTakenError,
        Action.RENAME,
        "second",
        "Reporting batch",
    ),
    "rename to no name": (
        lambda service, filled: service.rename(filled.second, ""),
        InvalidNameError,
        Action.RENAME,
        "second",
        "Reporting batch",
    ),
    "rename one that is gone": (
        lambda service, _: service.rename(NOBODY, "Batch"),
        NoSuchCredentialError,
        Action.RENAME,
        NOBODY,
        "Batch",
    ),
    "rename one that is gone to a secret": (
        lambda service, _: service.rename(NOBODY, f"x {SECRET.get_secret_value()}"),
        InvalidNameError,
        Action.RENAME,
        NOBODY,
        "x [secret]",
    ),
    "make primary one that is gone": (
        lambda service, _: service.make_primary(NOBODY),
        NoSuchCredentialError,
        Action.MAKE_PRIMARY,
        NOBODY,
        "",
    ),
    "delete the primary": (
        lambda service, filled: service.delete(filled.first),
        PrimaryProtectedError,
        Action.DELETE,
        "first",
        "Payout gateway",
    ),
    "delete one that is gone": (
        lambda service, _: service.delete(NOBODY),
        NoSuchCredentialError,
        Action.DELETE,
        NOBODY,
        "",
    ),
    "delete one that was rotated": (
        lambda service, filled: service.delete(filled.second, seen=2),
        CredentialChangedError,
        Action.DELETE,
        "second",
        "Reporting batch",
    ),
}


@pytest.mark.parametrize(
    ("attempt", "refusal", "action", "about", "name"), REFUSALS.values(), ids=REFUSALS
)
def test_a_refusal_changes_nothing_and_leaves_one_event(
    filled: Filled,
    store: Store,
    tmp_path: Path,
    attempt: Attempt,
    refusal: type[Refusal],
    action: Action,
    about: str | None,
    name: str,
) -> None:
    if refusal is CapReachedError:
        filled.service.generate("New 0")
    organization, before = store.load(PLACE), events(store)
    with pytest.raises(refusal) as refused:
        attempt(filled.service, filled)
    assert store.load(PLACE) == organization
    after = events(store)
    assert after[1:] == before
    event = after[0]
    client_id = {"first": filled.first, "second": filled.second}.get(about or "", about)
    assert (event.action, event.outcome, event.actor) == (action, "refused", ALICE)
    assert (event.client_id, event.name) == (client_id, name)
    assert event.reason == refused.value.code == refusal.code
    assert store.verify_events(PLACE) == event
    sentence = str(refused.value)
    assert re.fullmatch(r"[^\n\x1b]+\.", sentence)
    assert_no_secret(SECRET, tmp_path)
    assert "csk_" not in sentence


CHANGES: dict[Action, Attempt] = {
    Action.GENERATE: lambda service, _: service.generate("Third"),
    Action.ROTATE: lambda service, filled: service.rotate(filled.second),
    Action.CONFIRM: lambda service, filled: service.confirm(filled.second, seen=1, how="sent"),
    Action.RENAME: lambda service, filled: service.rename(filled.second, "Batch"),
    Action.MAKE_PRIMARY: lambda service, filled: service.make_primary(filled.second),
    Action.DELETE: lambda service, filled: service.delete(filled.second),
}


@pytest.mark.parametrize("operator", [VIEWER, STRANGER, None], ids=["viewer", "stranger", "gone"])
@pytest.mark.parametrize(("action", "attempt"), CHANGES.items(), ids=CHANGES)
def test_a_permission_that_was_taken_away_refuses_every_change(
    filled: Filled,
    store: Store,
    set_operators: Callable[..., None],
    action: Action,
    attempt: Attempt,
    operator: Operator | None,
) -> None:
    set_operators(EDITOR)
    assert filled.service.page().permission is Permission.CAN_EDIT
    organization, before = store.load(PLACE), events(store)
    set_operators(operator or Operator(name="bob"))
    with pytest.raises(PermissionDeniedError) as refused:
        attempt(filled.service, filled)
    has = "View only" if operator is VIEWER else "No access"
    assert str(refused.value) == f"{has}. Ask your representative for Can Edit."
    assert store.load(PLACE) == organization
    event, *rest = events(store)
    assert rest == before
    assert (event.action, event.outcome, event.reason) == (action, "refused", "permission_denied")


@pytest.mark.parametrize(("action", "attempt"), CHANGES.items(), ids=CHANGES)
def test_a_permission_that_was_given_allows_every_change(
    filled: Filled,
    store: Store,
    set_operators: Callable[..., None],
    action: Action,
    attempt: Attempt,
) -> None:
    set_operators(VIEWER)
    set_operators(EDITOR)
    before = store.load(PLACE)
    attempt(filled.service, filled)
    assert store.load(PLACE) != before
    assert (events(store)[0].action, events(store)[0].outcome) == (action, "done")


class TestPage:
    def test_of_an_empty_organization(self, service: CredentialService, tmp_path: Path) -> None:
        page = service.page()
        assert page == Page(permission=Permission.CAN_EDIT, may_manage=True)
        assert page.why_not_add() is None
        assert page.find(NOBODY) is None
        assert list(tmp_path.iterdir()) == [], "looking leaves no trace"

    def test_of_a_full_one(self, filled: Filled) -> None:
        assert filled.service.page().why_not_add() is None
        third = filled.service.generate("Third").credential
        page = filled.service.page()
        assert page.why_not_add()
        assert page.find(third.client_id) == third

    def test_for_a_viewer(self, filled: Filled, set_operators: Callable[..., None]) -> None:
        before = filled.service.page()
        set_operators(VIEWER)
        page = filled.service.page()
        assert page == before.model_copy(
            update={"permission": Permission.CAN_VIEW, "may_manage": False}
        )
        assert filled.service.view() == page

    def test_for_a_stranger_tells_nothing(
        self, filled: Filled, set_operators: Callable[..., None]
    ) -> None:
        set_operators(STRANGER)
        assert filled.service.page() == Page(permission=Permission.NO_ACCESS)

    def test_for_a_representative(self, filled: Filled, set_operators: Callable[..., None]) -> None:
        set_operators(Operator(name="alice", representative=True))
        page = filled.service.page()
        assert page.representative
        assert page.permission is Permission.CAN_EDIT

    def test_never_has_a_hash(self, filled: Filled, store: Store) -> None:
        page = filled.service.page()
        for shown in (page.model_dump_json(), repr(page), json.dumps(page.model_dump(mode="json"))):
            assert "$2b$" not in shown
            assert "hash" not in shown
        for credential in store.load(PLACE).credentials:
            assert credential.secret_hash.get_secret_value() not in repr(page)


class TestNoAccess:
    @pytest.mark.parametrize(
        "look",
        [
            lambda service: service.view(),
            lambda service: service.events(),
            lambda service: service.verify_events(),
        ],
        ids=["view", "events", "verify"],
    )
    def test_looking_is_refused_and_leaves_one_event(
        self,
        filled: Filled,
        store: Store,
        set_operators: Callable[..., None],
        look: Callable[[CredentialService], object],
    ) -> None:
        set_operators(STRANGER)
        with pytest.raises(PermissionDeniedError) as refused:
            look(filled.service)
        assert str(refused.value) == "No access. Ask your representative for Can View."
        event, *rest = events(store)
        assert len(rest) == 2
        assert (event.action, event.outcome) == (Action.VIEW, "refused")
        assert event.reason == "permission_denied"
        assert event.client_id is None

    def test_a_viewer_s_looking_leaves_none(
        self, filled: Filled, store: Store, set_operators: Callable[..., None]
    ) -> None:
        set_operators(VIEWER)
        filled.service.view()
        assert [event.action for event in filled.service.events()] == [Action.GENERATE] * 2
        assert filled.service.verify_events() == events(store)[0]
        assert len(events(store)) == 2


@pytest.mark.files
def test_damaged_operators_let_nobody_in(filled: Filled, store_folder: Path, store: Store) -> None:
    """Without operators everybody might edit, so damaged ones must not count as none."""
    organization = store.load(PLACE)
    path = store_folder / "operators.json"
    for content in (b"", b"{}", b"[]", b'{"operators": {}}', b"\x00" * 100):
        path.write_bytes(content)
        with pytest.raises(StoreCorruptError, match=r"operators\.json is damaged"):
            filled.service.page()
        with pytest.raises(StoreCorruptError, match="Nothing was changed"):
            filled.service.delete(filled.second)
    assert store.load(PLACE) == organization
    assert len(events(store)) == 2


@pytest.mark.files
def test_lost_operators_let_nobody_in(
    filled: Filled, store_folder: Path, set_operators: Callable[..., None]
) -> None:
    set_operators(VIEWER)
    (store_folder / "operators.json").unlink()
    with pytest.raises(StoreCorruptError, match=r"operators\.json is missing"):
        filled.service.page()
    with pytest.raises(StoreCorruptError, match="Nothing was changed"):
        filled.service.delete(filled.second)


def test_an_organization_s_name_is_checked(make_service: MakeService) -> None:
    for name in ("", "..", "a/b", "Acme"):
        with pytest.raises(InvalidOrganizationError):
            make_service(organization=name)


def test_two_sessions_see_each_other(make_service: MakeService) -> None:
    alice, bob = make_service(), make_service(Actor(operator="bob"))
    watch = Watch(bob.version)
    issued = alice.generate("Payout gateway")
    assert watch.changed()
    assert bob.page().credentials == (issued.credential,)
    bob.rotate(issued.credential.client_id)
    with pytest.raises(CredentialChangedError):
        alice.rotate(issued.credential.client_id, seen=1)
    assert [event.actor.operator for event in alice.events()] == ["alice", "bob", "alice"]


def test_a_watch_notices_a_permission_that_was_taken_away(
    filled: Filled, set_operators: Callable[..., None]
) -> None:
    watch = Watch(filled.service.version)
    assert not watch.changed()
    set_operators(VIEWER)
    assert watch.changed()
    assert not watch.changed()


def test_an_issued_secret_hides_itself(filled: Filled) -> None:
    assert isinstance(filled.one.secret, SecretStr)
    assert filled.one.secret.get_secret_value() not in repr(filled)
    assert filled.one.secret.get_secret_value() not in filled.one.model_dump_json()
