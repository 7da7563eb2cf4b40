"""The demo installation."""

from datetime import timedelta
from pathlib import Path

import pytest

from credtui.demo import ALICE, CAROL, add_life, demo_installation
from credtui.domain.permissions import Permission
from credtui.domain.replacement import part_moved
from credtui.domain.rotation import Rotation, rotation
from credtui.domain.secret_state import SecretState
from credtui.domain.usage import Usage
from credtui.installation import Installation
from credtui.store.port import Store
from credtui.tui.summaries import previous_secret_in_use
from tests.stores import open_store
from tests.support import SteppedClock, seeded_bytes


@pytest.fixture
def demo(store: Store, clock: SteppedClock) -> Installation:
    return demo_installation(store, clock=clock, random_bytes=seeded_bytes(), bcrypt_cost=4)


def test_three_credentials_of_different_ages(demo: Installation, clock: SteppedClock) -> None:
    page = demo.service(ALICE).page()
    period = timedelta(days=demo.settings.rotation_days)
    assert [
        (
            credential.name,
            credential.secret_age(clock()).days,
            rotation(credential, clock(), period),
        )
        for credential in page.credentials
    ] == [
        ("Payout gateway", 34, Rotation.CURRENT),
        ("Reporting batch", 206, Rotation.DUE),
        ("Treasury sync", 81, Rotation.SOON),
    ]
    assert page.primary == page.credentials[0].client_id
    assert all(credential.handover for credential in page.credentials)
    assert page.leases == ()


def test_a_history_that_holds_together(demo: Installation) -> None:
    service = demo.service(ALICE)
    events = service.events()
    assert service.verify_events() == events[0]
    assert {event.outcome for event in events} == {"done", "refused"}


def test_the_same_each_time(demo: Installation, tmp_path: Path, clock: SteppedClock) -> None:
    again = demo_installation(
        open_store(tmp_path / "again"), clock=clock, random_bytes=seeded_bytes(), bcrypt_cost=4
    )
    assert again.service(ALICE).page() == demo.service(ALICE).page()


class TestLife:
    @pytest.fixture
    def alive(self, demo: Installation) -> Installation:
        add_life(demo)
        return demo

    @pytest.mark.parametrize("hour", range(24))
    def test_a_day_of_use_at_any_hour(
        self, demo: Installation, clock: SteppedClock, hour: int
    ) -> None:
        clock.advance(timedelta(hours=hour, minutes=hour))
        add_life(demo)
        for environment, used in (("uat", 3), ("production", 2)):
            page = demo.service(CAROL, environment=environment).page()
            lately = [usage for usage in page.usage.values() if usage.issued_lately(clock())]
            assert len(lately) == used
            for usage in lately:
                assert usage.last_used_at is not None
                assert usage.last_used_at <= clock()
                assert usage.issued_lately(clock()) == sum(usage.issued.values())
                assert usage.last_used_from == usage.callers[-1].address
                for at, count in usage.issued.items():
                    assert count == sum(caller.issued.get(at, 0) for caller in usage.callers)

    def test_what_became_of_the_secrets(self, alive: Installation, clock: SteppedClock) -> None:
        uat = alive.service(CAROL).page()
        assert {uat.secret_state(credential) for credential in uat.credentials} == {
            SecretState.IN_USE
        }
        gateway = uat.credentials[0]
        assert previous_secret_in_use(gateway, uat, clock(), 80)
        production = alive.service(CAROL, environment="production").page()
        assert {
            credential.name: production.secret_state(credential)
            for credential in production.credentials
        } == {
            "Payout gateway": SecretState.IN_USE,
            "Payout gateway new": SecretState.IN_USE,
            "Ledger export": SecretState.NEVER_SEEN,
        }
        old, new, _ = production.credentials
        assert production.successor_of(old.client_id) == new

    def test_one_of_two_clients_has_moved_to_the_new_credential(
        self, demo: Installation, clock: SteppedClock
    ) -> None:
        noon = clock().replace(hour=12, minute=30)
        clock.advance((noon - clock()) % timedelta(days=1))
        add_life(demo)
        page = demo.service(CAROL, environment="production").page()
        old, new, _ = (page.usage.get(one.client_id, Usage()) for one in page.credentials)
        stay, moved = part_moved(old, new, clock())
        assert [caller.address for caller in stay] == ["203.0.113.10"]
        assert [caller.address for caller in moved] == ["203.0.113.12"]

    def test_the_operators_match_the_log(self, alive: Installation) -> None:
        operators = {one.name: one for one in alive.operator_service(CAROL).operators()}
        assert [operators[name].permission_for("acme") for name in ("alice", "bob", "carol")] == [
            Permission.CAN_EDIT,
            Permission.CAN_VIEW,
            Permission.CAN_EDIT,
        ]
        for environment in ("uat", "production"):
            service = alive.service(CAROL, environment=environment)
            events = service.events()
            assert {event.actor.operator for event in events} <= operators.keys()
            assert service.verify_events() == events[0]
        newest = alive.service(CAROL, environment="production").events()[0]
        assert (newest.actor.operator, newest.outcome) == ("bob", "refused")

    def test_a_second_organization(self, alive: Installation) -> None:
        names = alive.operator_service(ALICE).viewable_organizations()
        assert set(names) == {"acme", "globex"}
        assert alive.service(ALICE, organization="globex").page().credentials


def test_people_work_at_different_times_of_the_day(demo: Installation) -> None:
    times = {event.at.time() for event in demo.service(ALICE).events()}
    assert len(times) == 6
    assert all(8 <= time.hour < 17 for time in times)
