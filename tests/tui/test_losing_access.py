"""Who loses access by a rotation or deletion, said while the question is open."""

from datetime import timedelta

import pytest

from credtui.tui.dialogs.confirm import ConfirmCredentialDialog, RotateDialog
from credtui.tui.dialogs.name import NameDialog
from tests.support import ALICE
from tests.tui.apps import Session, Stage, portal

GATEWAY, BATCH = "Payout gateway", "Reporting batch"
MINUTE = timedelta(minutes=1)
TODAY = "Clients used this secret today. Replace keeps both working while you move them."


@pytest.fixture
def old(two: Stage) -> Stage:
    """Two credentials, which were generated yesterday."""
    two.clock.advance(timedelta(days=1))
    return two


async def rotation(session: Session) -> RotateDialog:
    await session.press("r")
    dialog = await session.at(RotateDialog)
    assert isinstance(dialog, RotateDialog)
    return dialog


class TestWarning:
    @pytest.mark.parametrize("key", ["r", "d"])
    async def test_it_follows_use_and_time(self, old: Stage, key: str) -> None:
        old.use(BATCH, 61 * MINUTE)
        async with portal(old) as session:
            await session.press("j", key)
            await session.at(ConfirmCredentialDialog)
            await session.see("an hour ago from 203.0.113.9, 1 token in")
            assert "!" not in session.text
            old.use(BATCH, 2 * MINUTE, address="198.51.100.4")
            await session.see(
                "! Used 2 minutes ago from 198.51.100.4: that client loses access at once."
            )
            await session.see("2 minutes ago from 198.51.100.4, 2 tokens in")
            old.use(BATCH, address="unknown")
            await session.see(
                "! Used just now from an unknown address and 1 other address: they lose access at"
            )
            old.clock.advance(70 * MINUTE)
            session.app.portal._let_time_pass()
            await session.see_no("!")
            await session.see("an hour ago from unknown, 3 tokens in")

    async def test_a_question_that_is_withdrawn_warns_of_nothing(self, old: Stage) -> None:
        old.use(BATCH, MINUTE)
        async with portal(old) as session:
            await session.press("j", "d")
            await session.see("that client loses access at once.")
            old.service(ALICE).delete(old.id_of(BATCH))
            await session.see("deleted meanwhile")
            await session.see_no("loses access at once")

    @pytest.mark.parametrize("key", ["r", "d"])
    async def test_it_is_seen_in_the_smallest_terminal(self, old: Stage, key: str) -> None:
        old.use(BATCH, MINUTE, refused=3, address="2001:db8:1234:5678:9abc:def0:1234:5678")
        async with portal(old, size=(60, 20)) as session:
            await session.press("j", key)
            await session.see("loses access at once.")
            await session.see("Cancel")


class TestReplaceInstead:
    @pytest.mark.parametrize("by_mouse", [False, True])
    async def test_it_begins_to_replace(self, old: Stage, *, by_mouse: bool) -> None:
        old.use(GATEWAY, 300 * MINUTE)
        async with portal(old) as session:
            await rotation(session)
            await session.see(TODAY)
            assert session.focused == "Cancel"
            if by_mouse:
                await session.click_on("Replace instead")
            else:
                await session.press("x")
            await session.at(NameDialog)
            await session.see("Replace Payout gateway")
        assert old.actions()[0] != "rotate done"

    @pytest.mark.parametrize("reason", ["unused", "long ago", "no room", "being replaced"])
    async def test_it_is_not_offered(self, old: Stage, reason: str) -> None:
        service = old.service(ALICE)
        if reason == "no room":
            old.add("Third")
        if reason == "being replaced":
            service.delete(old.id_of(BATCH))
            service.replace(old.id_of(GATEWAY), "Payout gateway new").lease.close()
        if reason != "unused":
            old.use(GATEWAY, 60 * 24 * MINUTE if reason == "long ago" else MINUTE)
        async with portal(old) as session:
            dialog = await rotation(session)
            await session.see("immediately invalidated")
            assert not session.shows("Replace keeps both working")
            assert not session.shows("Replace instead")
            await session.press("x")
            assert session.app.screen is dialog

    async def test_it_comes_and_goes(self, old: Stage) -> None:
        async with portal(old) as session:
            await rotation(session)
            old.use(GATEWAY)
            await session.see(TODAY)
            await session.press("shift+tab")
            assert session.focused == "Replace instead"
            old.add("Third")
            await session.see_no("Replace instead")
            assert session.focused == "Cancel"
