"""Replace: moving clients over to a second credential, in one session or in several."""

from datetime import timedelta

import pytest
from textual.widgets import Button, Input

from credtui.domain.permissions import Operator, Permission
from credtui.tui.dialogs.menu import CardMenu
from credtui.tui.dialogs.name import NameDialog
from credtui.tui.dialogs.replacement import ReplacementDialog
from credtui.tui.dialogs.secret import SecretDialog
from tests.support import ALICE
from tests.tui.apps import CLIENT, Session, Stage, portal

OLD, NEW = "Payout gateway", "Payout gateway new"
STILL_USED = "The old credential is still in use."
A_DAY = timedelta(hours=24)


@pytest.fixture
def replacing(two: Stage) -> Stage:
    """Payout gateway, which is primary, is being replaced."""
    service = two.service(ALICE)
    issued = service.replace(two.id_of(OLD), NEW)
    service.confirm(issued.credential.client_id, seen=1, how="checked")
    return two


async def go_on(session: Session) -> ReplacementDialog:
    await session.press("x")
    dialog = await session.at(ReplacementDialog)
    assert isinstance(dialog, ReplacementDialog)
    return dialog


def is_disabled(dialog: ReplacementDialog, button: str) -> bool:
    return dialog.query_one(button, Button).disabled


class TestBegin:
    async def test_it_generates_a_second_credential_and_shows_its_secret(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("x")
            dialog = await session.at(NameDialog)
            await session.see("Replace Payout gateway")
            await session.see("Both work while you move the clients")
            assert dialog.query_one("#name", Input).value == NEW
            await session.press("enter")
            await session.at(SecretDialog)
            await session.see("Secret for Payout gateway new")
            await session.press("s")
            await session.see("not confirmed")
            await session.press("escape")
            await session.see("Being replaced by Payout gateway new")
            await session.see("Replaces Payout gateway")
        new = two.page.find(two.id_of(NEW))
        assert new
        assert new.replaces == two.id_of(OLD)
        assert new.handover
        assert two.page.primary == two.id_of(OLD)
        assert two.actions()[:2] == ["confirm secret done", "replace done"]

    async def test_by_menu_and_with_another_name(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("j", "full_stop")
            await session.at(CardMenu)
            await session.click_on("Replace   ")
            dialog = await session.at(NameDialog)
            dialog.query_one("#name", Input).value = "Reports 2"
            await session.click_on("Save & Generate Key")
            await session.see("Secret for Reports 2")
        assert two.names == ["Payout gateway", "Reporting batch", "Reports 2"]

    async def test_cancel_changes_nothing(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("x")
            await session.at(NameDialog)
            await session.press("escape")
            await session.see_no("Credential name")
        assert len(two.names) == 2
        assert "replace done" not in two.actions()

    async def test_a_proposed_name_that_is_taken_says_so(self, two: Stage) -> None:
        two.add("PAYOUT gateway NEW")
        two.service(ALICE).delete(two.id_of("Reporting batch"))
        async with portal(two) as session:
            await session.press("x")
            dialog = await session.at(NameDialog)
            await session.see("There is already a credential named PAYOUT gateway NEW.")
            assert dialog.query_one("#confirm", Button).disabled
            await session.press("end")
            await session.write("er")
            await session.see_no("There is already")
            await session.press("enter")
            await session.see("Secret for Payout gateway newer")

    async def test_a_name_taken_meanwhile_is_told_and_kept(self, empty: Stage) -> None:
        """The service has the last word: the name is taken between looking and pressing."""
        empty.add(OLD)
        async with portal(empty) as session:
            await session.press("x")
            dialog = await session.at(NameDialog)
            dialog.page_changed = lambda _: None  # The dialog hears of no change.
            empty.add(NEW)
            await session.press("enter")
            await session.see("There is already a credential named Payout gateway new.")
            again = await session.at(NameDialog)
            assert again.query_one("#name", Input).value == NEW
        assert empty.names == [OLD, NEW]

    async def test_the_longest_name_leaves_room_for_another(self, empty: Stage) -> None:
        empty.add("a" * 60)
        async with portal(empty) as session:
            await session.press("x")
            dialog = await session.at(NameDialog)
            await session.until(lambda: not dialog.query_one("#confirm", Button).disabled)
            assert dialog.query_one("#name", Input).value == "a" * 56 + " new"

    async def test_a_deletion_meanwhile_is_told(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("j", "x")
            await session.at(NameDialog)
            two.service(ALICE).delete(two.id_of("Reporting batch"))
            await session.press("enter")
            await session.until(lambda: bool(session.messages))
            assert not isinstance(session.app.screen, SecretDialog)
        assert two.names == [OLD]
        assert "replace refused" in two.actions()


class TestRefused:
    async def test_at_the_cap(self, demo: Stage) -> None:
        reason = (
            "Replacing takes a second credential, and there are 3 of 3. Delete one first, or use "
            "Rotate Credential."
        )
        async with portal(demo) as session:
            await session.press("x")
            await session.until(lambda: session.messages == [reason])
            assert len(session.app.screen_stack) == 1
            await session.press("full_stop")
            await session.at(CardMenu)
            await session.see("Replacing takes a second credential, and")
            await session.see("use Rotate Credential.")
        assert demo.actions().count("replace done") == 0

    async def test_of_one_that_replaces_another(self, empty: Stage) -> None:
        empty.add(OLD)
        empty.service(ALICE).replace(empty.id_of(OLD), NEW)
        async with portal(empty) as session:
            await session.press("j", "x")
            await session.until(
                lambda: (
                    session.messages
                    == ["It is replacing another credential itself. Finish that first."]
                )
            )
            assert len(session.app.screen_stack) == 1

    async def test_with_can_view(self, replacing: Stage) -> None:
        replacing.set_operators(
            Operator(name="carol", representative=True),
            Operator(name="alice", permissions={"acme": Permission.CAN_VIEW}),
        )
        async with portal(replacing) as session:
            await session.see("Being replaced by")
            await session.press("x")
            await session.until(lambda: bool(session.messages))
            assert "Can Edit" in session.messages[0]
            assert len(session.app.screen_stack) == 1


class TestGoOn:
    async def test_the_menu_of_a_later_session_says_so(self, replacing: Stage) -> None:
        async with portal(replacing) as session:
            await session.press("full_stop")
            await session.at(CardMenu)
            await session.click_on("Go on replacing")
            await session.at(ReplacementDialog)
            await session.press("escape")
            await session.until(lambda: len(session.app.screen_stack) == 1)
        assert replacing.names == [OLD, "Reporting batch", NEW]

    async def test_use_of_both_is_followed(self, replacing: Stage) -> None:
        replacing.use(OLD, timedelta(hours=3), tokens=7)
        async with portal(replacing) as session:
            dialog = await go_on(session)
            await session.see(f"Used 3 hours ago from {CLIENT}, 7 tokens in 24 hours")
            await session.see("Not used yet")
            assert session.focused == "Cancel"
            replacing.use(NEW, timedelta(minutes=2))
            await session.see(f"Used 2 minutes ago from {CLIENT}, 1 token in 24 hours")
            replacing.use(OLD, tokens=1)
            await session.see(f"Used just now from {CLIENT}, 8 tokens in 24 hours")
            assert is_disabled(dialog, "#finish")

    @pytest.mark.parametrize("by_mouse", [False, True])
    async def test_the_new_one_is_made_primary(self, replacing: Stage, *, by_mouse: bool) -> None:
        async with portal(replacing) as session:
            await go_on(session)
            if by_mouse:
                await session.click_on("Make new one primary")
            else:
                await session.press("p")
            await session.see("Payout gateway new is now the primary credential.")
            dialog = await go_on(session)
            assert is_disabled(dialog, "#make-primary")
            await session.press("p")
            assert session.app.screen is dialog
        assert replacing.page.primary == replacing.id_of(NEW)


class TestFinish:
    async def test_it_is_refused_while_the_old_one_is_used(self, replacing: Stage) -> None:
        replacing.use(OLD, timedelta(hours=23, minutes=59))
        async with portal(replacing) as session:
            dialog = await go_on(session)
            await session.see(f"{STILL_USED} Move its clients over; it can be deleted when it has")
            assert is_disabled(dialog, "#finish")
            await session.press("y")
            await session.click_on("Delete old one (y)")
            assert session.app.screen is dialog
        assert OLD in replacing.names

    @pytest.mark.parametrize("by_mouse", [False, True])
    async def test_when_it_is_quiet_it_is_deleted_and_primary_moves(
        self, replacing: Stage, *, by_mouse: bool
    ) -> None:
        replacing.use(OLD, A_DAY)
        async with portal(replacing) as session:
            await go_on(session)
            await session.see("Deleting the old credential makes the new one primary.")
            if by_mouse:
                await session.click_on("Delete old one (y)")
            else:
                await session.press("y")
            await session.see("Payout gateway is deleted; its successor has taken over.")
            await session.see("2 of 3")
            await session.see_no("Replaces")
        assert replacing.names == ["Reporting batch", NEW]
        assert replacing.page.primary == replacing.id_of(NEW)
        assert replacing.actions()[0] == "finish replacement done"

    async def test_one_that_is_not_primary_leaves_primary_alone(self, two: Stage) -> None:
        two.service(ALICE).replace(two.id_of("Reporting batch"), "Reports 2")
        async with portal(two) as session:
            await session.press("j")
            await session.until(lambda: session.focused == "Reporting batch")
            await go_on(session)
            await session.see("The old credential is quiet. Deleting it can't be undone.")
            await session.press("y")
            await session.see("Reporting batch is deleted; its successor has taken over.")
        assert two.page.primary == two.id_of(OLD)
        assert two.names == [OLD, "Reports 2"]

    async def test_use_that_begins_again_withdraws_it(self, replacing: Stage) -> None:
        async with portal(replacing) as session:
            dialog = await go_on(session)
            await session.until(lambda: not is_disabled(dialog, "#finish"))
            replacing.use(OLD)
            await session.see(STILL_USED)
            await session.press("y")
            assert session.app.screen is dialog
        assert OLD in replacing.names

    async def test_use_the_screen_hasnt_heard_of_is_refused(self, replacing: Stage) -> None:
        """The service looks again."""
        async with portal(replacing) as session:
            dialog = await go_on(session)
            await session.until(lambda: not is_disabled(dialog, "#finish"))
            session.app.workers.cancel_group(session.app.portal, "follow")
            replacing.use(OLD)
            await session.press("y")
            await session.until(lambda: bool(session.messages))
            assert f"was last used at 2026-11-24 09:30 UTC from {CLIENT}" in session.messages[0]
        assert OLD in replacing.names
        assert replacing.actions()[0] == "finish replacement refused"


class TestMeanwhile:
    @pytest.mark.parametrize("gone", [OLD, NEW])
    async def test_a_deletion_is_told(self, replacing: Stage, gone: str) -> None:
        service = replacing.service(ALICE)
        service.make_primary(replacing.id_of("Reporting batch"))
        async with portal(replacing) as session:
            dialog = await go_on(session)
            service.delete(replacing.id_of(gone))
            await session.see("deleted meanwhile")
            await session.see("One of the two is gone: there is nothing left to replace.")
            for button in ("#finish", "#make-primary"):
                assert is_disabled(dialog, button)
            await session.press("y", "p")
            assert session.app.screen is dialog
            await session.press("enter")
            await session.until(lambda: len(session.app.screen_stack) == 1)
        assert len(replacing.names) == 2

    async def test_another_name_changes_nothing_else(self, replacing: Stage) -> None:
        async with portal(replacing) as session:
            dialog = await go_on(session)
            replacing.service().rename(replacing.id_of(OLD), "Payouts until May")
            await session.see("Payouts until May")
            await session.see("Deleting the old credential makes the new one primary.")
            assert not is_disabled(dialog, "#finish")
            await session.press("y")
            await session.see("2 of 3")
        assert replacing.names == ["Reporting batch", NEW]

    async def test_a_rotation_is_told_and_withdraws_it(self, replacing: Stage) -> None:
        async with portal(replacing) as session:
            dialog = await go_on(session)
            replacing.service().rotate(replacing.id_of(OLD))
            await session.see("The old credential was rotated meanwhile. Cancel, and look again.")
            assert is_disabled(dialog, "#finish")
            await session.press("y")
            assert session.app.screen is dialog
        assert OLD in replacing.names
