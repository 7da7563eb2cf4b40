"""Operators, organizations and networks, managed by representatives on a real store."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Barrier

import pytest

from credtui.domain.audit import AuditEvent
from credtui.domain.errors import CredtuiError
from credtui.domain.permissions import Actor, Permission
from credtui.domain.place import Place
from credtui.domain.refusals import (
    InvalidKeyError,
    InvalidNetworkError,
    InvalidOperatorError,
    KeyTakenError,
    NameNotTypedError,
    NetworksChangedError,
    NoRepresentativeError,
    NoSuchKeyError,
    NoSuchOperatorError,
    NoSuchOrganizationError,
    OperatorExistsError,
    OrganizationExistsError,
    PermissionDeniedError,
    PrimaryProtectedError,
)
from credtui.domain.ssh_keys import parse_public_key
from credtui.service.operators import OperatorService
from credtui.store.port import Store
from tests.conftest import MakeService
from tests.domain.test_ssh_keys import ED25519, OTHER
from tests.support import PRODUCTION, UAT, SteppedClock

pytestmark = pytest.mark.each_store

RITA = Actor(operator="rita")
ALICE = Actor(operator="alice")


@pytest.fixture
def managing(store: Store, clock: SteppedClock) -> Callable[[Actor], OperatorService]:
    return lambda actor: OperatorService(store, actor, clock=clock)


@pytest.fixture
def rita(managing: Callable[[Actor], OperatorService]) -> OperatorService:
    """The representative, with alice who may edit acme."""
    rita = managing(RITA)
    rita.add("rita", representative=True)
    rita.create_organization("acme", "uat")
    rita.add("alice", keys=[ED25519], permissions={"acme": Permission.CAN_EDIT})
    return rita


@pytest.fixture
def alice(rita: OperatorService, managing: Callable[[Actor], OperatorService]) -> OperatorService:
    return managing(ALICE)


def last(service: OperatorService) -> AuditEvent:
    return service.events()[0]


def test_whoever_runs_it_adds_the_first(managing: Callable[[Actor], OperatorService]) -> None:
    anyone = managing(Actor(operator="anyone"))
    assert list(anyone.operators()) == []
    with pytest.raises(NoRepresentativeError):
        anyone.add("alice")
    anyone.add("rita", representative=True)
    with pytest.raises(PermissionDeniedError):
        anyone.add("alice")
    assert [operator.name for operator in managing(RITA).operators()] == ["rita"]


def test_a_set_operator_keeps_what_was_not_named(rita: OperatorService) -> None:
    rita.create_organization("globex", "uat")
    changed = rita.set("alice", permissions={"globex": Permission.CAN_VIEW}, add_keys=[OTHER])
    assert changed.permissions == {"acme": Permission.CAN_EDIT, "globex": Permission.CAN_VIEW}
    assert changed.keys == (ED25519, OTHER)
    fingerprint = parse_public_key(ED25519).fingerprint
    changed = rita.set(
        "alice", permissions={"acme": Permission.NO_ACCESS}, remove_keys=[fingerprint]
    )
    assert changed.permissions == {"globex": Permission.CAN_VIEW}
    assert changed.keys == (OTHER,)
    assert last(rita).detail == f"-acme: Can Edit, -key {fingerprint}"
    assert rita.set("alice", representative=True).representative
    assert not rita.set("alice", representative=False).representative
    assert list(rita.operators())[1] == changed


def test_what_is_refused_is_recorded_once_and_changes_nothing(rita: OperatorService) -> None:
    attempts: list[tuple[Callable[[], object], type[CredtuiError], str]] = [
        (lambda: rita.add("alice"), OperatorExistsError, "alice"),
        (lambda: rita.add("Bob"), InvalidOperatorError, "Bob"),
        (lambda: rita.add("bob\x1b[31m"), InvalidOperatorError, "bob\ufffd[31m"),
        (lambda: rita.add("bob", keys=["x"]), InvalidKeyError, "bob"),
        (lambda: rita.add("bob", keys=[ED25519]), KeyTakenError, "bob"),
        (
            lambda: rita.add("bob", permissions={"amce": Permission.CAN_VIEW}),
            NoSuchOrganizationError,
            "bob",
        ),
        (lambda: rita.set("bob"), NoSuchOperatorError, "bob"),
        (lambda: rita.set("alice", remove_keys=["SHA256:x"]), NoSuchKeyError, "alice"),
        (lambda: rita.set("rita", representative=False), NoRepresentativeError, "rita"),
        (lambda: rita.remove("bob"), NoSuchOperatorError, "bob"),
        (lambda: rita.remove("rita"), NoRepresentativeError, "rita"),
        (lambda: rita.create_organization("acme", "uat"), OrganizationExistsError, "acme"),
        (lambda: rita.create_organization("acme", "production"), OrganizationExistsError, "acme"),
    ]
    operators, organizations = rita.operators(), rita.organizations()
    for attempt, error, name in attempts:
        before = last(rita).number
        with pytest.raises(error):
            attempt()
        event = last(rita)
        assert (event.number, event.outcome, event.name) == (before + 1, "refused", name)
        assert event.reason == error.code
    assert (rita.operators(), rita.organizations()) == (operators, organizations)
    assert rita.verify_events() == last(rita)


def test_an_operator_manages_nothing(rita: OperatorService, alice: OperatorService) -> None:
    attempts: list[Callable[[], object]] = [
        alice.operators,
        lambda: alice.add("eve"),
        lambda: alice.set("alice", representative=True),
        lambda: alice.remove("rita"),
        alice.organizations,
        lambda: alice.create_organization("eve", "uat"),
        alice.events,
        alice.verify_events,
    ]
    operators = rita.operators()
    for attempt in attempts:
        before = last(rita).number
        with pytest.raises(PermissionDeniedError):
            attempt()
        event = last(rita)
        assert (event.number, event.actor.operator) == (before + 1, "alice")
        assert (event.outcome, event.reason) == ("refused", "permission_denied")
    assert rita.operators() == operators
    assert list(rita.organizations()) == ["acme"]


def test_a_removed_operator_has_no_access_at_the_next_action(
    rita: OperatorService, make_service: MakeService
) -> None:
    open_session = make_service(ALICE)
    open_session.generate("One")
    rita.remove("alice")
    assert open_session.page().permission is Permission.NO_ACCESS
    with pytest.raises(PermissionDeniedError):
        open_session.generate("Two")


def test_two_representatives_cannot_demote_each_other(
    rita: OperatorService, managing: Callable[[Actor], OperatorService]
) -> None:
    rita.add("ruth", representative=True)
    ruth = managing(Actor(operator="ruth"))
    with ThreadPoolExecutor() as pool:
        attempts = [
            pool.submit(rita.set, "ruth", representative=False),
            pool.submit(ruth.set, "rita", representative=False),
        ]
    failures = [attempt.exception() for attempt in attempts]
    assert failures.count(None) == 1
    left = [
        operator.name for operator in rita._store.operators().members if operator.representative
    ]
    assert len(left) == 1


def test_an_organization_is_created_once_by_two_at_the_same_time(
    rita: OperatorService, managing: Callable[[Actor], OperatorService], make_service: MakeService
) -> None:
    rita.add("ruth", representative=True)
    ruth = managing(Actor(operator="ruth"))
    for number in range(20):
        name = f"globex-{number}"
        both = Barrier(2)

        def create(manager: OperatorService, environment: str, name: str, both: Barrier) -> None:
            both.wait()
            manager.create_organization(name, environment)

        with ThreadPoolExecutor() as pool:
            attempts = [
                pool.submit(create, rita, "uat", name, both),
                pool.submit(create, ruth, "production", name, both),
            ]
        failures = [attempt.exception() for attempt in attempts]
        assert failures.count(None) == 1
        (refused,) = filter(None, failures)
        assert isinstance(refused, OrganizationExistsError)
        assert (last(rita).name, last(rita).reason) == (name, "organization_exists")
        services = [
            make_service(RITA, organization=name, environment=environment)
            for environment in (UAT, PRODUCTION)
        ]
        events = [event for service in services for event in service.events()]
        assert [event.action for event in events] == ["create organization"]


def test_an_organization_begins_its_audit_log(
    rita: OperatorService, make_service: MakeService
) -> None:
    rita.create_organization("globex", "production")
    assert list(rita.organizations()) == ["acme", "globex"]
    service = make_service(RITA, organization="globex")
    assert service.page().known
    service.generate("One")
    production = make_service(RITA, organization="acme")
    (event,) = production.events()
    assert (event.number, event.action, event.name) == (1, "create organization", "acme")


def test_a_misspelt_organization_does_not_come_into_being(
    rita: OperatorService, make_service: MakeService, store_folder: Path
) -> None:
    for actor, error in (
        (RITA, NoSuchOrganizationError),
        (ALICE, PermissionDeniedError),
        (Actor(operator="eve"), PermissionDeniedError),
    ):
        service = make_service(actor, organization="amce")
        for attempt in (partial(service.generate, "One"), service.view, service.events):
            before = last(rita).number
            with pytest.raises(error):
                attempt()
            event = last(rita)
            assert (event.number, event.name) == (before + 1, "amce")
            assert (event.outcome, event.reason) == ("refused", error.code)
    assert not make_service(RITA, organization="amce").page().known
    assert not list(store_folder.rglob("amce*"))


def test_an_organization_that_is_unknown_when_it_is_held_does_not_come_into_being(
    store: Store, managing: Callable[[Actor], OperatorService], make_service: MakeService
) -> None:
    with ThreadPoolExecutor() as pool:
        with store.transaction(Place("uat", "amce")):
            attempt = pool.submit(make_service(RITA, organization="amce").generate, "One")
            time.sleep(0.3)  # by now it was admitted, because there are no operators, and waits
            managing(RITA).add("rita", representative=True)
        assert isinstance(attempt.exception(), NoSuchOrganizationError)
    event = last(managing(RITA))
    assert (event.action, event.outcome, event.name) == ("generate", "refused", "amce")
    assert event.reason == "no_such_organization"
    assert list(managing(RITA).organizations()) == []


def test_networks_are_a_representative_s(rita: OperatorService, make_service: MakeService) -> None:
    service = make_service(RITA)
    assert service.set_networks(["192.0.2.0/24", "2001:db8::/32"]) == (
        "192.0.2.0/24",
        "2001:db8::/32",
    )
    assert make_service(ALICE).page().networks == ("192.0.2.0/24", "2001:db8::/32")
    event = service.events()[0]
    assert (event.action, event.detail) == ("set networks", "192.0.2.0/24, 2001:db8::/32")
    with pytest.raises(PermissionDeniedError):
        make_service(ALICE).set_networks([])
    with pytest.raises(InvalidNetworkError):
        service.set_networks(["everywhere"])
    assert [event.outcome for event in service.events()][:3] == ["refused", "refused", "done"]
    service.generate("One")
    assert service.page().networks == ("192.0.2.0/24", "2001:db8::/32")
    assert service.set_networks([]) == ()
    assert service.events()[0].detail == "everywhere"


def test_networks_that_were_set_meanwhile_are_not_undone(make_service: MakeService) -> None:
    service = make_service(ALICE)
    service.set_networks(["192.0.2.0/24"])
    with pytest.raises(NetworksChangedError, match=r"^The networks were set to 192\.0\.2\.0/24 "):
        service.set_networks(["10.0.0.0/8"], seen=())
    assert service.events()[0].reason == "networks_changed"
    assert service.page().networks == ("192.0.2.0/24",)
    assert service.set_networks([], seen=("192.0.2.0/24",)) == ()


def test_a_representative_deletes_the_primary_by_its_name(
    rita: OperatorService, make_service: MakeService, clock: SteppedClock
) -> None:
    service = make_service(RITA)
    credentials = []
    for name in ("One", "Two", "Three"):
        credentials.append(service.generate(name).credential)
        clock.advance()
    one, two, _ = credentials
    service.set_networks(["192.0.2.0/24"])
    with pytest.raises(PrimaryProtectedError):
        service.delete(one.client_id)
    with pytest.raises(NameNotTypedError):
        service.delete(one.client_id, typed_name="one")
    with pytest.raises(PrimaryProtectedError):
        make_service(ALICE).delete(one.client_id, typed_name="One")
    service.delete(one.client_id, typed_name="One")
    assert service.page().primary == two.client_id
    assert service.events()[0].detail == f"was primary; now {two.client_id} is"
    service.delete(service.page().credentials[1].client_id, typed_name="Three")
    service.delete(two.client_id, typed_name="Two")
    page = service.page()
    assert (page.credentials, page.primary, page.networks) == ((), None, ("192.0.2.0/24",))
