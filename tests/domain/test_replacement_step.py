"""Which step of a replacement comes next, as far as is known."""

from datetime import UTC, datetime, timedelta

import pytest

from credtui.domain.lease import Lease
from credtui.domain.models import Credential, Handover
from credtui.domain.page import Page
from credtui.domain.permissions import Permission
from credtui.domain.replacement import ReplacementStep, part_moved, quiet_for, replacement_step
from credtui.domain.usage import Caller, Usage, hour_of

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
AN_HOUR, A_DAY, MOMENT = timedelta(hours=1), timedelta(days=1), timedelta.resolution
BEGUN = NOW - 10 * A_DAY
SAVED = Handover(how="saved", at=BEGUN)

OLD = Credential(client_id="cid_" + "A" * 16, name="Old", created_at=NOW - 99 * A_DAY)
NEW = Credential(
    client_id="cid_" + "B" * 16,
    name="New",
    created_at=BEGUN,
    handover=SAVED,
    replaces=OLD.client_id,
)


def a_caller(address: str, ago: timedelta, generation: int = 1) -> Caller:
    at = NOW - ago
    return Caller(address=address, generation=generation, last_at=at, issued={hour_of(at): 1})


def used(ago: timedelta, generation: int = 1) -> Usage:
    caller = a_caller("192.0.2.1", ago, generation)
    return Usage(
        last_used_at=caller.last_at,
        last_used_from=caller.address,
        issued=caller.issued,
        callers=(caller,),
    )


def step(
    old: Usage | None, new: Usage | None, successor: Credential = NEW, lease: Lease | None = None
) -> ReplacementStep:
    usage = {OLD.client_id: old, successor.client_id: new}
    page = Page(
        permission=Permission.CAN_EDIT,
        credentials=(OLD, successor),
        usage={client_id: used for client_id, used in usage.items() if used},
        leases=(lease,) if lease else (),
    )
    return replacement_step(page, OLD.client_id, NOW)


def test_without_a_new_credential_it_has_not_begun() -> None:
    page = Page(permission=Permission.CAN_EDIT, credentials=(OLD,))
    assert replacement_step(page, OLD.client_id, NOW) is ReplacementStep.GENERATE
    nothing = Page(permission=Permission.NO_ACCESS)
    assert replacement_step(nothing, OLD.client_id, NOW) is ReplacementStep.GENERATE


@pytest.mark.parametrize("old", [None, used(3 * A_DAY), used(AN_HOUR), used(timedelta())])
def test_clients_have_not_moved_before_one_uses_the_new_credential(old: Usage | None) -> None:
    assert step(old, None) is ReplacementStep.MOVE


@pytest.mark.parametrize(
    ("ago", "expected"),
    [
        (timedelta(minutes=-5), ReplacementStep.MOVE),
        (timedelta(), ReplacementStep.MOVE),
        (AN_HOUR - MOMENT, ReplacementStep.MOVE),
        (AN_HOUR, ReplacementStep.WAIT),
        (A_DAY - MOMENT, ReplacementStep.WAIT),
        (A_DAY, ReplacementStep.DELETE),
        (30 * A_DAY, ReplacementStep.DELETE),
    ],
)
def test_the_last_use_of_the_old_credential_decides(
    ago: timedelta, expected: ReplacementStep
) -> None:
    assert step(used(ago), used(timedelta(minutes=1))) is expected


def test_an_old_credential_that_was_never_used_need_not_become_quiet() -> None:
    assert step(None, used(AN_HOUR)) is ReplacementStep.DELETE


@pytest.mark.parametrize("handover", [None, Handover(how="closed unsaved", at=BEGUN)])
def test_a_lost_secret_that_is_used_is_not_lost(handover: Handover | None) -> None:
    new = NEW.model_copy(update={"handover": handover})
    assert step(used(3 * A_DAY), None, new) is ReplacementStep.MOVE
    assert step(used(3 * A_DAY), used(AN_HOUR), new) is ReplacementStep.DELETE


def test_a_use_in_the_dialog_of_the_secret_moves_nobody() -> None:
    tried = used(NOW - BEGUN)
    assert step(used(3 * A_DAY), tried) is ReplacementStep.MOVE


def test_a_rotation_of_the_new_credential_cuts_off_the_clients_that_moved() -> None:
    rotated_at = NOW - AN_HOUR
    new = NEW.model_copy(
        update={
            "generation": 2,
            "rotated_at": rotated_at,
            "handover": Handover(how="saved", at=rotated_at),
        }
    )
    assert step(used(3 * A_DAY), used(2 * AN_HOUR), new) is ReplacementStep.MOVE
    assert step(used(3 * A_DAY), used(MOMENT, generation=2), new) is ReplacementStep.DELETE


def test_a_new_secret_on_screen_has_moved_nobody() -> None:
    new = NEW.model_copy(update={"handover": None})
    lease = Lease(client_id=NEW.client_id, generation=1, operator="bob", since=BEGUN)
    assert step(used(3 * A_DAY), used(AN_HOUR), new, lease) is ReplacementStep.MOVE


def test_how_long_a_credential_is_quiet() -> None:
    assert quiet_for(used(AN_HOUR), NOW) == AN_HOUR
    assert quiet_for(used(-AN_HOUR), NOW) == timedelta()
    assert quiet_for(Usage(), NOW) == timedelta()


def test_an_address_has_moved_if_it_used_the_new_credential_later() -> None:
    old = Usage(
        callers=(
            a_caller("192.0.2.9", 2 * A_DAY),
            a_caller("192.0.2.1", 5 * AN_HOUR),
            a_caller("192.0.2.2", 4 * AN_HOUR),
            a_caller("192.0.2.3", 3 * AN_HOUR),
            a_caller("192.0.2.4", 2 * AN_HOUR),
        )
    )
    new = Usage(
        callers=(
            a_caller("192.0.2.4", 3 * AN_HOUR),  # It went back to the old credential.
            a_caller("192.0.2.1", AN_HOUR),
            a_caller("192.0.2.2", MOMENT),
        )
    )
    stay, moved = part_moved(old, new, NOW)
    assert [caller.address for caller in stay] == ["192.0.2.4", "192.0.2.3"]
    assert [caller.address for caller in moved] == ["192.0.2.2", "192.0.2.1"]
    assert part_moved(Usage(), new, NOW) == ([], [])
