"""Replace: moving clients over to a second credential, in one session or in several."""

import re
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
AN_HOUR, A_DAY = timedelta(hours=1), timedelta(hours=24)
REMINDER = "Nothing happens by itself. Come back with x."
UNUSED = "! No client has used the new secret yet."


@pytest.fixture
def replacing(two: Stage) -> Stage:
    """Since yesterday Payout gateway, which is primary, is being replaced."""
    begin(two, OLD, NEW)
    return two


def begin(stage: Stage, old: str, new: str) -> None:
    service = stage.service(ALICE)
    issued = service.replace(stage.id_of(old), new)
    service.confirm(issued.credential.client_id, seen=1, how="checked")
    issued.lease.close()
    stage.clock.advance(A_DAY)


async def go_on(session: Session) -> ReplacementDialog:
    await session.press("x")
    dialog = await session.at(ReplacementDialog)
    assert isinstance(dialog, ReplacementDialog)
    return dialog


def offers(dialog: ReplacementDialog, button: str) -> bool:
    return dialog.query_one(button, Button).display


def steps(session: Session) -> list[str]:
    """The word beside each step."""
    lines = (
        re.search(r"\d (New cred|Move|Quiet|Delete the).*?(done|now|later)", line)
        for line in session.lines
    )
    return [line[2] for line in lines if line]


class TestBegin:
    async def test_it_generates_a_second_credential_and_shows_its_secret(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("x")
            dialog = await session.at(NameDialog)
            await session.see("Replace Payout gateway")
            await session.see("Both credentials work while you move the clients.")
            await session.see(REMINDER)
            assert steps(session) == ["now", "later", "later", "later"]
            assert dialog.query_one("#name", Input).value == NEW
            await session.press("enter")
            await session.at(SecretDialog)
            await session.see("Secret for Payout gateway new")
            await session.press("s")
            await session.see("Secret sent to your terminal")
            await session.press("escape")
            await session.at(ReplacementDialog)
            await session.see("Payout gateway new, secret sent")
            await session.see(REMINDER)
            assert steps(session) == ["done", "now", "later", "later"]
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
            await session.press("j", "j", "j", "j")
            await session.see("Replacing takes a second credential,")
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

    async def test_each_step_follows_from_use(self, replacing: Stage) -> None:
        replacing.use(OLD, timedelta(hours=3), tokens=7)
        async with portal(replacing) as session:
            dialog = await go_on(session)
            await session.see("Give each client the new Client ID and secret.")
            await session.see("7 tokens, last 3 hours ago")
            await session.see("not used yet")
            await session.see("0 of 1 address moved")
            assert steps(session) == ["done", "now", "later", "later"]
            assert session.focused == "Close"
            assert not offers(dialog, "#finish")

            replacing.use(NEW, timedelta(minutes=2), tokens=412)
            await session.see("7 tokens, quiet for 3 hours")
            await session.see("412 tokens, last 2 minutes ago")
            await session.see("1 of 1 address moved")
            await session.see("quiet for 3 of 24 hours")
            await session.see("you can delete it from 2026-11-26 06:30 UTC on.")
            assert steps(session) == ["done", "done", "now", "later"]

            replacing.use(OLD, timedelta(minutes=1), tokens=1)
            await session.see("8 tokens, last a minute ago")
            assert steps(session) == ["done", "now", "later", "later"]
            assert not offers(dialog, "#finish")

    async def test_time_passes_while_it_is_open(self, replacing: Stage) -> None:
        replacing.use(OLD, timedelta(hours=3))
        replacing.use(NEW)
        async with portal(replacing) as session:
            dialog = await go_on(session)
            await session.see("quiet for 3 of 24 hours")
            replacing.clock.advance(20 * AN_HOUR)
            session.app.portal._let_time_pass()
            await session.see("quiet for 23 of 24 hours")
            replacing.clock.advance(AN_HOUR)
            session.app.portal._let_time_pass()
            await session.see("quiet for 1 day")
            assert steps(session) == ["done", "done", "done", "now"]
            assert offers(dialog, "#finish")

    async def test_a_use_with_a_clock_far_ahead_is_told_as_such(self, replacing: Stage) -> None:
        replacing.use(OLD, -3 * A_DAY)
        replacing.use(NEW)
        async with portal(replacing, size=(120, 40)) as session:
            await go_on(session)
            assert steps(session) == ["done", "done", "done", "now"]
            assert session.text.count("last 3 days ahead of this") == 2
            assert "quiet for" not in session.text

    async def test_who_still_calls_with_the_old_one(self, replacing: Stage) -> None:
        for number in range(7):
            replacing.use(OLD, (9 - number) * AN_HOUR, tokens=2, address=f"192.0.2.{number}")
        replacing.use(OLD, AN_HOUR, tokens=3, address="unknown")
        replacing.use(NEW, address="192.0.2.6")
        async with portal(replacing) as session:
            await go_on(session)
            await session.see("Still with the old one in the last 24 hours:")
            await session.see("1 of 8 addresses moved")
            _, row = session.find("an unknown address")
            shown = [
                re.sub(" +", " ", line.strip("▸ │┃╮╯")) for line in session.lines[row : row + 4]
            ]
            assert shown == [
                "an unknown address an hour ago 3 tokens",
                "192.0.2.5 4 hours ago 2 tokens",
                "192.0.2.4 5 hours ago 2 tokens",
                "other addresses 8 tokens",
            ]

    async def test_a_large_terminal_shows_all_who_call(self, replacing: Stage) -> None:
        for number in range(9):
            replacing.use(OLD, (9 - number) * AN_HOUR, address=f"192.0.2.{number}")
        async with portal(replacing, size=(120, 40)) as session:
            await go_on(session)
            await session.see("0 of 8 known addresses moved")
            for number in range(1, 9):
                session.find(f"192.0.2.{number} ")
            await session.see("other addresses")

    @pytest.mark.parametrize("size", [(80, 24), (60, 20)])
    async def test_it_is_read_whole_by_keys(self, replacing: Stage, size: tuple[int, int]) -> None:
        for number in range(9):
            replacing.use(OLD, (9 - number) * AN_HOUR, address=f"2001:db8:1:2:3:4:5:{number}")
        async with portal(replacing, size=size, ascii_only=True) as session:
            await go_on(session)
            await session.see("1 New credential")
            if size == (60, 20):
                assert not session.shows(REMINDER)
                await session.press(*["down"] * 20)
            await session.see(REMINDER)
            await session.see("Make Primary (p)")
            await session.press(*["up"] * 20)
            await session.see("1 New credential")

    async def test_a_lost_secret_is_rotated_first(self, two: Stage) -> None:
        two.service(ALICE).replace(two.id_of(OLD), NEW).lease.close()
        async with portal(two) as session:
            dialog = await go_on(session)
            await session.see("! Perhaps nobody has the new secret. Rotate the new one first (r).")
            assert not offers(dialog, "#finish")
            assert steps(session) == ["done", "now", "later", "later"]
            await session.press("r")
            await session.see("immediately invalidated")
            await session.press("y")
            await session.see("Secret for Payout gateway new")
            await session.press("s")
            await session.see("Paste it anywhere")
            await session.press("escape")
            dialog = await session.at(ReplacementDialog)
            await session.see("secret sent")
            assert not offers(dialog, "#rotate")
        assert two.actions()[:3] == ["confirm secret done", "rotate done", "replace done"]

    async def test_another_session_may_lose_the_secret(self, replacing: Stage) -> None:
        async with portal(replacing) as session:
            await go_on(session)
            await session.see("secret checked")
            service = replacing.service()
            rotated = service.rotate(replacing.id_of(NEW))
            await session.see("secret on screen")
            service.confirm(replacing.id_of(NEW), seen=2, how="closed unsaved")
            rotated.lease.close()
            await session.see("! The new secret was closed unsaved. Rotate the new one first (r).")

    @pytest.mark.parametrize("by_mouse", [False, True])
    async def test_the_new_one_is_made_primary(self, replacing: Stage, *, by_mouse: bool) -> None:
        async with portal(replacing) as session:
            await go_on(session)
            await session.see("the new one becomes primary")
            if by_mouse:
                await session.click_on("Make Primary (p)")
            else:
                await session.press("p")
            await session.see("the new one is primary")
            dialog = await session.at(ReplacementDialog)
            assert not offers(dialog, "#make-primary")
            await session.press("p")
            assert session.app.screen is dialog
        assert replacing.page.primary == replacing.id_of(NEW)

    async def test_quit_from_the_secret_ends_the_program(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("x", "enter")
            await session.at(SecretDialog)
            await session.press("s")
            await session.see("Paste it anywhere")
            await session.press("ctrl+q")
            await session.until(lambda: session.ended)
        assert two.actions()[:2] == ["confirm secret done", "replace done"]


class TestFinish:
    async def test_it_is_refused_while_the_old_one_is_used(self, replacing: Stage) -> None:
        replacing.use(OLD, timedelta(hours=23, minutes=59))
        async with portal(replacing) as session:
            dialog = await go_on(session)
            await session.see(REMINDER)
            assert not offers(dialog, "#finish")
            await session.press("y")
            assert session.app.screen is dialog
        assert OLD in replacing.names

    @pytest.mark.parametrize("by_mouse", [False, True])
    async def test_when_it_is_quiet_it_is_deleted_and_primary_moves(
        self, replacing: Stage, *, by_mouse: bool
    ) -> None:
        replacing.use(OLD, A_DAY)
        replacing.use(NEW)
        async with portal(replacing) as session:
            await go_on(session)
            assert steps(session) == ["done", "done", "done", "now"]
            await session.see("Deleting it can't be undone.")
            await session.see("the new one becomes primary")
            if by_mouse:
                await session.click_on("Delete Old One (y)")
            else:
                await session.press("y")
            await session.see("Payout gateway is deleted.")
            await session.see("2 of 3")
            await session.see_no("Replaces")
        assert replacing.names == ["Reporting batch", NEW]
        assert replacing.page.primary == replacing.id_of(NEW)
        assert replacing.actions()[0] == "finish replacement done"

    async def test_an_unused_one_may_be_deleted_with_a_warning(self, two: Stage) -> None:
        begin(two, "Reporting batch", "Reports 2")
        async with portal(two) as session:
            await session.press("j")
            await session.until(lambda: session.focused == "Reporting batch")
            await go_on(session)
            await session.see(UNUSED)
            await session.see("The old one is quiet: it can be deleted.")
            await session.press("y")
            await session.see("Reporting batch is deleted.")
        assert two.page.primary == two.id_of(OLD)
        assert two.names == [OLD, "Reports 2"]

    async def test_use_that_begins_again_withdraws_it(self, replacing: Stage) -> None:
        async with portal(replacing) as session:
            dialog = await go_on(session)
            await session.see(UNUSED)
            assert offers(dialog, "#finish")
            await session.press("shift+tab")
            assert session.focused == "Delete Old One (y)"
            replacing.use(OLD)
            await session.see("1 token, last just now")
            assert session.focused == "Close"
            await session.press("y")
            assert session.app.screen is dialog
        assert OLD in replacing.names

    async def test_use_the_screen_hasnt_heard_of_is_refused(self, replacing: Stage) -> None:
        """The service looks again."""
        async with portal(replacing) as session:
            await go_on(session)
            await session.see(UNUSED)
            session.app.workers.cancel_group(session.app.portal, "follow")
            replacing.use(OLD)
            await session.press("y")
            await session.until(lambda: bool(session.messages))
            assert f"was last used at 2026-11-25 09:30 UTC from {CLIENT}" in session.messages[0]
        assert OLD in replacing.names
        assert replacing.actions()[0] == "finish replacement refused"


class TestMeanwhile:
    @pytest.mark.parametrize(
        ("gone", "told"),
        [
            (OLD, "The old credential was deleted meanwhile. There is nothing left to do."),
            (NEW, "The new credential was deleted meanwhile. Close, and begin again with x."),
        ],
    )
    async def test_a_deletion_is_told(self, replacing: Stage, gone: str, told: str) -> None:
        service = replacing.service(ALICE)
        service.make_primary(replacing.id_of("Reporting batch"))
        async with portal(replacing) as session:
            dialog = await go_on(session)
            service.delete(replacing.id_of(gone))
            await session.see(told)
            for button in ("#finish", "#make-primary", "#rotate"):
                assert not offers(dialog, button)
            await session.press("y", "p", "r")
            assert session.app.screen is dialog
            await session.press("enter")
            await session.until(lambda: len(session.app.screen_stack) == 1)
        assert len(replacing.names) == 2

    async def test_another_name_changes_nothing_else(self, replacing: Stage) -> None:
        async with portal(replacing) as session:
            await go_on(session)
            replacing.service().rename(replacing.id_of(NEW), "Payouts from May")
            await session.see("Payouts from May, secret checked")
            await session.press("y")
            await session.see("2 of 3")
        assert replacing.names == ["Reporting batch", "Payouts from May"]

    async def test_a_rotation_is_told_and_withdraws_it(self, replacing: Stage) -> None:
        async with portal(replacing) as session:
            dialog = await go_on(session)
            replacing.service().rotate(replacing.id_of(OLD))
            await session.see("The old credential was rotated meanwhile. Close, and look again.")
            assert not offers(dialog, "#finish")
            await session.press("y")
            assert session.app.screen is dialog
        assert OLD in replacing.names

    async def test_a_lost_permission_is_told(self, replacing: Stage) -> None:
        async with portal(replacing) as session:
            dialog = await go_on(session)
            replacing.set_operators(
                Operator(name="carol", representative=True),
                Operator(name="alice", permissions={"acme": Permission.CAN_VIEW}),
            )
            await session.see("You may no longer change the credentials.")
            for button in ("#finish", "#make-primary", "#rotate"):
                assert not offers(dialog, button)
