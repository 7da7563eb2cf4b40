"""When a secret ought to be rotated."""

from datetime import timedelta

import pytest

from credtui.domain.rotation import Rotation, rotation, rotation_due_in
from tests.support import START, make_credential

CREDENTIAL = make_credential(created_at=START).public()
DAY = timedelta(days=1)
MOMENT = timedelta.resolution


@pytest.mark.parametrize(
    ("period", "noticed"), [(90 * DAY, 76 * DAY), (56 * DAY, 42 * DAY), (8 * DAY, 6 * DAY)]
)
def test_it_is_told_14_days_or_a_quarter_of_the_period_before(
    period: timedelta, noticed: timedelta
) -> None:
    def after(age: timedelta) -> Rotation:
        return rotation(CREDENTIAL, START + age, period)

    assert rotation_due_in(CREDENTIAL, START, period) == period
    assert after(timedelta()) is Rotation.CURRENT
    assert after(noticed - MOMENT) is Rotation.CURRENT
    assert after(noticed) is Rotation.SOON
    assert after(period - MOMENT) is Rotation.SOON
    assert after(period) is Rotation.DUE
    assert after(10 * period) is Rotation.DUE


def test_it_counts_from_the_last_rotation() -> None:
    rotated = CREDENTIAL.model_copy(update={"rotated_at": START + 80 * DAY})
    assert rotation_due_in(rotated, START + 90 * DAY, 90 * DAY) == 80 * DAY
    assert rotation(rotated, START + 90 * DAY, 90 * DAY) is Rotation.CURRENT
