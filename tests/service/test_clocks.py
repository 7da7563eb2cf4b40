"""A wrong clock is recorded as it is read, and stops nothing."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from credtui.domain.identification import MAX_IDENTIFICATIONS
from credtui.domain.permissions import Actor, Operator, Permission
from credtui.domain.place import Place
from credtui.domain.refusals import PermissionDeniedError, TooManyAttemptsError
from credtui.domain.rotation import Rotation, rotation
from credtui.domain.usage import PreviousSecretUse, Usage, hour_of
from credtui.service.credentials import CredentialService
from credtui.service.operators import OperatorService
from credtui.store.port import Store
from tests.conftest import MakeService
from tests.support import SECRET, START, SteppedClock, make_credential

pytestmark = pytest.mark.each_store

PLACE = Place("uat", "acme")
RITA = Actor(operator="rita")
STRANGER = Actor(operator="mallory")
YEAR = timedelta(days=365)

WRONG = {
    "a year ahead": START + YEAR,
    "a minute ahead": START + timedelta(minutes=1),
    "an hour behind": START - timedelta(hours=1),
    "1970": datetime(1970, 1, 1, tzinfo=UTC),
    "the last moment there is": datetime.max.replace(tzinfo=UTC),
    "the first": datetime.min.replace(tzinfo=UTC),
}


def use_everything(
    make_service: MakeService, store: Store, clock: SteppedClock, number: int
) -> None:
    """Use every method, and leave two credentials."""
    service = make_service(RITA)
    first = service.generate(f"First {number}").credential.client_id
    second = service.replace(first, f"Second {number}").credential.client_id
    service.rotate(second)
    service.confirm(second, seen=2, how="sent")
    service.rename(second, f"Renamed {number}")
    service.make_primary(second)
    assert service.identify(SECRET).credential is None
    service.set_networks(["10.0.0.0/8"])
    service.set_networks([])
    service.finish_replacement(first)
    service.delete(second, typed_name=f"Renamed {number}")
    operators = OperatorService(store, RITA, clock=clock)
    operators.create_organization(f"globex-{number}", "uat")
    operators.add(f"bob{number}", permissions={"acme": Permission.CAN_VIEW})
    operators.set(f"bob{number}", permissions={"acme": Permission.CAN_EDIT})
    operators.remove(f"bob{number}")
    with pytest.raises(PermissionDeniedError):
        make_service(STRANGER).view()
    with pytest.raises(PermissionDeniedError):
        make_service(STRANGER).rotate(second)
    with pytest.raises(PermissionDeniedError):
        OperatorService(store, STRANGER, clock=clock).operators()
    assert service.page().credentials == ()
    assert service.verify_events() == service.events()[0]
    assert operators.verify_events() == operators.events()[0]


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_everything_goes_on_with_a_wrong_clock_and_when_it_is_right_again(
    make_service: MakeService,
    store: Store,
    set_operators: Callable[..., None],
    clock: SteppedClock,
    wrong: datetime,
) -> None:
    set_operators(
        Operator(name="rita", representative=True),
        Operator(name="alice", permissions={"acme": Permission.CAN_VIEW}),
    )
    for number, now in enumerate((START, wrong, START)):
        clock.now = now
        use_everything(make_service, store, clock, number)
        at = {event.at for event in store.events(PLACE)}
        assert at <= {START, wrong}


def test_a_stranger_s_refused_attempt_with_a_fast_clock_stops_nobody(
    make_service: MakeService,
    store: Store,
    set_operators: Callable[..., None],
    clock: SteppedClock,
) -> None:
    set_operators(
        Operator(name="rita", representative=True),
        Operator(name="alice", permissions={"acme": Permission.CAN_VIEW}),
    )
    clock.now = START + YEAR
    with pytest.raises(PermissionDeniedError):
        make_service(STRANGER).rotate("cid_" + "0" * 16)
    clock.now = START
    use_everything(make_service, store, clock, 1)


class TestOrder:
    """Credentials are in the order in which they were generated, whatever the clock said."""

    def names(self, service: CredentialService) -> list[str]:
        return [credential.name for credential in service.page().credentials]

    @pytest.fixture(autouse=True)
    def generate(self, service: CredentialService, clock: SteppedClock) -> None:
        for name, clock.now in (
            ("First", START),
            ("Second", START - timedelta(hours=1)),
            ("Third", START - YEAR),
        ):
            service.generate(name)

    def test_cards_stay_where_they_are(
        self, service: CredentialService, clock: SteppedClock
    ) -> None:
        assert self.names(service) == ["First", "Second", "Third"]
        first, second, _ = service.page().credentials
        clock.now = START - 2 * YEAR
        service.rotate(second.client_id)
        service.rename(first.client_id, "Renamed")
        assert self.names(service) == ["Renamed", "Second", "Third"]
        service.delete(second.client_id)
        service.generate("Fourth")
        assert self.names(service) == ["Renamed", "Third", "Fourth"]

    def test_what_was_generated_first_becomes_primary(
        self, service: CredentialService, set_operators: Callable[..., None]
    ) -> None:
        set_operators(Operator(name="alice", representative=True))
        first = service.page().credentials[0]
        service.delete(first.client_id, typed_name="First")
        page = service.page()
        primary = page.find(page.primary or "")
        assert primary is not None
        assert primary.name == "Second"


class TestUse:
    """A token endpoint with a fast clock records the uses of a credential."""

    def use(self, store: Store, client_id: str, at: datetime, address: str) -> None:
        used = Usage(last_used_at=at, last_used_from=address, issued={hour_of(at): 1})
        store.add_usage(PLACE, {client_id: used})

    def test_later_use_is_told(self, service: CredentialService, store: Store) -> None:
        client_id = service.generate("Payout").credential.client_id
        self.use(store, client_id, START - timedelta(hours=3), "10.0.0.1")
        self.use(store, client_id, START + YEAR, "10.0.0.2")
        for minutes in range(3):
            self.use(store, client_id, START + timedelta(minutes=minutes), "10.0.0.3")
        usage = service.page().usage[client_id]
        assert usage.last_used_at == START + timedelta(minutes=2)
        assert usage.last_used_from == "10.0.0.3"
        assert usage.issued_lately(START + timedelta(minutes=2)) == 3

    def test_later_use_of_a_previous_secret_is_told(
        self, service: CredentialService, store: Store
    ) -> None:
        client_id = service.generate("Payout").credential.client_id
        for at, address in ((START + YEAR, "10.0.0.1"), (START, "10.0.0.2")):
            use = PreviousSecretUse(generation=1, count=1, last_at=at, last_from=address)
            store.add_usage(PLACE, {client_id: Usage(previous_secret=use)})
        previous = service.page().usage[client_id].previous_secret
        assert previous is not None
        assert (previous.count, previous.last_at, previous.last_from) == (2, START, "10.0.0.2")

    @pytest.mark.parametrize(
        "at", [START + YEAR, START + timedelta(days=1), START - timedelta(days=1)]
    )
    def test_a_replacement_can_be_finished(
        self, service: CredentialService, store: Store, at: datetime
    ) -> None:
        old = service.generate("Old").credential.client_id
        service.replace(old, "New")
        self.use(store, old, at, "10.0.0.1")
        service.finish_replacement(old)
        assert [found.name for found in service.page().credentials] == ["New"]


class TestIdentification:
    """How often an actor may ask whose a secret is."""

    def ask(self, service: CredentialService, times: int = MAX_IDENTIFICATIONS) -> None:
        for _ in range(times):
            service.identify(SECRET)

    @pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
    def test_nobody_is_locked_out_when_the_clock_is_right_again(
        self, service: CredentialService, clock: SteppedClock, wrong: datetime
    ) -> None:
        clock.now = wrong
        self.ask(service)
        with pytest.raises(TooManyAttemptsError):
            service.identify(SECRET)
        clock.now = START + timedelta(hours=1)
        self.ask(service)
        with pytest.raises(TooManyAttemptsError):
            service.identify(SECRET)
        clock.advance()
        self.ask(service, 1)

    def test_another_computer_s_fast_clock_opens_nothing(
        self, make_service: MakeService, clock: SteppedClock
    ) -> None:
        service, other = make_service(), make_service(Actor(operator="bob"))
        here, there = (START, service), (START + YEAR, other)
        for _ in range(MAX_IDENTIFICATIONS):
            for clock.now, asking in (here, there):
                self.ask(asking, 1)
        for clock.now, asking in (here, there):
            with pytest.raises(TooManyAttemptsError):
                asking.identify(SECRET)


def test_a_rotation_is_due_however_wrong_the_clock() -> None:
    period = timedelta(days=90)
    made = {at: make_credential(created_at=at) for at in (START, *WRONG.values())}
    for now in made:
        for at, credential in made.items():
            assert (rotation(credential, now, period) is Rotation.DUE) == (now - at >= period)
