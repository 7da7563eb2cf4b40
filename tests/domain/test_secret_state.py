"""The states of a secret."""

from datetime import timedelta
from typing import get_args

import pytest

from credtui.domain.lease import Lease
from credtui.domain.models import Handover, How
from credtui.domain.secret_state import LATEST_ANSWER, LONGEST_TRIAL, SecretState, secret_state
from credtui.domain.usage import Caller, Usage
from tests.support import START, make_credential

NEW = make_credential(created_at=START).public()
LEASE = Lease(client_id=NEW.client_id, generation=1, operator="alice", since=START)
MINUTE = timedelta(minutes=1)
CLOSED_AT = START + 5 * MINUTE
MOMENT = timedelta.resolution


def handed_over(how: How) -> dict[str, object]:
    return {"handover": Handover(how=how, at=CLOSED_AT)}


def test_a_new_secret_is_on_screen_while_its_session_lives() -> None:
    assert secret_state(NEW, LEASE) is SecretState.ON_SCREEN
    assert secret_state(NEW, None) is SecretState.NEVER_SEEN


@pytest.mark.parametrize("how", get_args(How))
def test_a_closed_dialog_says_how_it_was_closed(how: How) -> None:
    closed = NEW.model_copy(update=handed_over(how))
    assert secret_state(closed, None) == how
    # The dialog's session may hold its lease a moment longer.
    assert secret_state(closed, LEASE) == how


@pytest.mark.parametrize("how", get_args(How))
def test_a_use_after_the_dialog_closed_is_proof(how: How) -> None:
    closed = NEW.model_copy(update=handed_over(how))
    late = CLOSED_AT + LATEST_ANSWER
    tried, answered_late, used = (Usage(last_used_at=at) for at in (CLOSED_AT, late, late + MOMENT))
    assert secret_state(closed, None, tried) == how
    assert secret_state(closed, None, answered_late) == how
    assert secret_state(closed, None, used) is SecretState.IN_USE
    assert secret_state(closed, None, Usage()) == how


@pytest.mark.parametrize("generation", [1, 2])
def test_soon_after_a_secret_was_made_a_use_may_be_a_trial(generation: int) -> None:
    """Nobody knows when the dialog of a session that broke off closed."""
    made_at = START + (generation - 1) * timedelta(days=1)
    cut_off = NEW.model_copy(
        update={"generation": generation, "rotated_at": None if generation == 1 else made_at}
    )
    tried, used = (
        Usage(last_used_at=made_at + LONGEST_TRIAL + later) for later in (timedelta(), MOMENT)
    )
    assert secret_state(cut_off, None, tried) is SecretState.NEVER_SEEN
    assert secret_state(cut_off, None, used) is SecretState.IN_USE
    assert secret_state(cut_off, LEASE, used) is SecretState.ON_SCREEN
    old = cut_off.model_copy(update={"handover": Handover(how="closed")})
    assert secret_state(old, None, tried) is SecretState.CLOSED
    assert secret_state(old, None, used) is SecretState.IN_USE


def test_only_the_present_generation_s_uses_are_proof() -> None:
    """The clock of a server may be ahead of the clock by which the dialog closed."""
    rotated = NEW.model_copy(update={"generation": 2, **handed_over("sent")})
    later = CLOSED_AT + MINUTE

    def used_with(generation: int) -> Usage:
        caller = Caller(address="203.0.113.9", generation=generation, last_at=later)
        return Usage(last_used_at=later, callers=(caller,))

    assert secret_state(rotated, None, used_with(1)) is SecretState.SENT
    assert secret_state(rotated, None, used_with(2)) is SecretState.IN_USE


def test_rotation_is_advised_only_if_nobody_seems_to_have_the_secret() -> None:
    assert {state for state in SecretState if state.advises_rotation} == {
        SecretState.NEVER_SEEN,
        SecretState.CLOSED_UNSAVED,
    }


def test_what_counts_as_confirmed() -> None:
    assert {state for state in SecretState if state.confirmed} == {
        SecretState.CHECKED,
        SecretState.SAVED,
        SecretState.DELIVERED,
        SecretState.IN_USE,
    }
