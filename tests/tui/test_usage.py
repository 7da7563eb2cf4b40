"""Use of credentials, as the token endpoint saw it: on cards and in questions, within a second."""

from datetime import timedelta

import pytest

from credtui.tui.dialogs.confirm import ConfirmCredentialDialog
from tests.support import ALICE
from tests.tui.apps import CLIENT, OLD_CLIENT, Stage, portal


async def test_it_appears_on_the_card(two: Stage) -> None:
    async with portal(two) as session:
        await session.see("Not used yet")
        two.use("Reporting batch", timedelta(minutes=2))
        await session.see("█  1 · last 2 minutes ago")
        two.use("Reporting batch", timedelta(hours=1), tokens=300)
        await session.see("█▂  301 · last an hour ago")
        await session.see("Not used yet")  # This is the other credential's card.


async def test_where_there_is_room_the_address_is_shown(two: Stage) -> None:
    two.use("Payout gateway", timedelta(hours=1), tokens=7)
    async with portal(two, size=(119, 24)) as session:
        await session.see(f"7 in 24 hours · last an hour ago from {CLIENT}")


@pytest.mark.parametrize("key", ["r", "d"])
async def test_questions_tell_of_it(two: Stage, key: str) -> None:
    two.use("Reporting batch", timedelta(minutes=2), tokens=1234)
    async with portal(two) as session:
        await session.press("j", key)
        await session.at(ConfirmCredentialDialog)
        await session.see(f"Last used    2 minutes ago from {CLIENT}, 1,234 tokens in 24 hours")


@pytest.mark.parametrize(
    ("size", "alert"),
    [
        ((80, 24), "A client still uses the previous secret: 3 refused"),
        ((100, 24), "Previous secret still used: 3 refused, last 2 minutes ago"),
    ],
)
async def test_a_previous_secret_in_use_is_told_until_the_next_rotation(
    two: Stage, size: tuple[int, int], alert: str
) -> None:
    async with portal(two, size=size) as session:
        two.service(ALICE).rotate(two.id_of("Reporting batch"))
        two.use("Reporting batch", timedelta(minutes=2), tokens=0, refused=3)
        await session.see(alert)
        await session.press("j", "r")
        await session.at(ConfirmCredentialDialog)
        await session.see("Beware")
        await session.see("A client still uses the previous secret: 3 refused")
        await session.see(OLD_CLIENT)
        await session.press("escape")
        two.service(ALICE).rotate(two.id_of("Reporting batch"))
        await session.see_no("revious secret")
