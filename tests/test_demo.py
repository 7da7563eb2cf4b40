"""The demo installation."""

from datetime import timedelta
from pathlib import Path

import pytest

from credtui.demo import ALICE, demo_installation
from credtui.domain.rotation import Rotation, rotation
from credtui.installation import Installation
from credtui.store.port import Store
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
