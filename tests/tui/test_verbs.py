"""Every verb of the credentials page, by key, by menu, by mouse and by palette."""

import base64
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import pytest
from textual.events import MouseDown, MouseUp
from textual.widgets import Button, Input, OptionList

from credtui.domain.models import Credential
from credtui.domain.page import Page
from credtui.tui.dialogs.confirm import ConfirmCredentialDialog
from credtui.tui.dialogs.menu import CardMenu
from credtui.tui.dialogs.name import NameDialog
from credtui.tui.dialogs.secret import SecretDialog
from tests.tui.apps import Session, Stage, portal

PROTECTED = (
    "The primary credential can't be deleted. Make another credential primary first, or contact "
    "your representative."
)


async def by_key(session: Session, key: str, label: str) -> None:
    await session.press(key)


async def by_menu(session: Session, key: str, label: str) -> None:
    await session.press("full_stop")
    await session.at(CardMenu)
    await session.press(key)


async def by_menu_and_enter(session: Session, key: str, label: str) -> None:
    await session.press("enter")
    menu = await session.at(CardMenu)
    for _ in range(10):
        option = menu.query_one(OptionList).highlighted_option
        if label in str(option.prompt):
            break
        await session.press("j")
    await session.press("enter")


async def by_mouse(session: Session, key: str, label: str) -> None:
    name = session.focused
    row = session.find(name)[1] + 1
    await session.click(session.lines[row].rindex("...") + 1, row)
    await session.at(CardMenu)
    await session.click_on(f"{label}   ")


async def by_palette(session: Session, key: str, label: str) -> None:
    await session.press("ctrl+p")
    await session.write(label)
    await session.see(f"{label}: ")
    await session.press("enter")


Use: TypeAlias = Callable[[Session, str, str], Awaitable[None]]
WAYS: list[Use] = [by_key, by_menu, by_menu_and_enter, by_mouse, by_palette]
every_way = pytest.mark.parametrize("use", WAYS, ids=lambda way: way.__name__)


def credential(stage: Stage, name: str) -> Credential:
    found = stage.page.find(stage.id_of(name))
    assert found
    return found


def _hear_nothing(page: Page) -> None:
    """Takes the place of `page_changed`: the dialog hears of no change."""


async def close_without_saving(session: Session) -> None:
    await session.at(SecretDialog)
    await session.press("escape")
    await session.see("Close without saving?")
    await session.press("y")
    await session.until(lambda: len(session.app.screen_stack) == 1, "end of the dialog")


class TestGenerate:
    async def test_by_key(self, empty: Stage) -> None:
        async with portal(empty) as session:
            await session.press("n")
            await session.see("Credential name")
            await session.write("Payout gateway")
            await session.press("enter")
            await session.see("Secret for Payout gateway")
            await close_without_saving(session)
            await session.see("1 of 3")
            await session.see("Primary")
        assert empty.page.primary == empty.id_of("Payout gateway")
        assert empty.actions() == ["confirm secret done", "generate done"]

    async def test_by_mouse(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.click_on("New Credential")
            await session.see("Credential name")
            await session.write("Treasury sync")
            await session.click_on("Save & Generate Key")
            await session.see("Secret for Treasury sync")
        assert two.names[-1] == "Treasury sync"

    async def test_by_palette(self, empty: Stage) -> None:
        async with portal(empty) as session:
            await session.press("ctrl+p")
            await session.write("New Cred")
            await session.see("n  New Credential")
            await session.press("enter")
            await session.at(NameDialog)

    async def test_the_new_card_has_the_focus_within_reach(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("n")
            await session.write("Treasury sync")
            await session.press("enter")
            await close_without_saving(session)
            await session.see("3 of 3")
            assert session.focused in two.names

    @pytest.mark.parametrize(
        ("typed", "reason"),
        [
            ("   ", "Enter a name."),
            ("a" * 61, "A name has at most 60 characters: 1 too many."),
            ("pay\u202eout", "A name can't have invisible or direction-changing characters"),
            ("PAYOUT GATEWAY", "There is already a credential named Payout gateway."),
        ],
    )
    async def test_a_name_is_refused_as_it_is_typed(
        self, two: Stage, typed: str, reason: str
    ) -> None:
        async with portal(two) as session:
            await session.press("n")
            dialog = await session.at(NameDialog)
            await session.paste(typed)
            await session.see(reason)
            assert dialog.query_one("#confirm", Button).disabled
            await session.press("enter")
            await session.see(reason)
            assert isinstance(session.app.screen, NameDialog)
        assert two.names == ["Payout gateway", "Reporting batch"]

    async def test_the_button_waits_for_a_valid_name(self, empty: Stage) -> None:
        async with portal(empty) as session:
            await session.press("n")
            dialog = await session.at(NameDialog)
            assert dialog.query_one("#confirm", Button).disabled
            await session.write("P")
            await session.until(lambda: not dialog.query_one("#confirm", Button).disabled)
            await session.press("backspace")
            await session.until(lambda: dialog.query_one("#confirm", Button).disabled)

    async def test_a_name_that_is_taken_meanwhile_is_told_and_kept(self, empty: Stage) -> None:
        """The service has the last word: the name is taken between looking and pressing."""
        async with portal(empty) as session:
            await session.press("n")
            dialog = await session.at(NameDialog)
            await session.write("Payout gateway")
            # The store changes, and enter comes before the screen hears of that.
            dialog.page_changed = _hear_nothing
            empty.add("Payout gateway")
            await session.press("enter")
            await session.see("There is already a credential named Payout gateway.")
            again = await session.at(NameDialog)
            assert again.query_one("#name", Input).value == "Payout gateway"
        assert empty.names == ["Payout gateway"]

    async def test_the_cap_that_is_reached_meanwhile_is_told_and_the_name_kept(
        self, two: Stage
    ) -> None:
        """The service refuses. Once there is room again, the name is still in the field."""
        async with portal(two) as session:
            await session.press("n")
            dialog = await session.at(NameDialog)
            await session.write("Treasury sync")
            dialog.page_changed = _hear_nothing
            two.add("Ledger export")
            await session.press("enter")
            await session.until(lambda: session.app.screen is not dialog)
            again = await session.at(NameDialog)
            await session.see("Delete a credential before creating a new one.")
            assert again.query_one("#name", Input).value == "Treasury sync"
            assert "generate refused" in two.actions()
            two.service().delete(two.id_of("Ledger export"))
            await session.until(lambda: not again.query_one("#confirm", Button).disabled)
            await session.press("enter")
            await session.see("Secret for Treasury sync")

    async def test_the_cap_that_is_reached_while_a_name_is_typed_is_told(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("n")
            dialog = await session.at(NameDialog)
            await session.write("Treasury sync")
            two.add("Ledger export")
            await session.see("Delete a credential before creating a new one.")
            assert dialog.query_one("#confirm", Button).disabled
            await session.press("enter")
            assert session.app.screen is dialog
        assert two.names == ["Payout gateway", "Reporting batch", "Ledger export"]

    @pytest.mark.parametrize("way", ["escape", "Cancel"])
    async def test_cancel_changes_nothing(self, empty: Stage, way: str) -> None:
        async with portal(empty) as session:
            await session.press("n")
            await session.at(NameDialog)
            await session.write("Payout gateway")
            if way == "escape":
                await session.press("escape")
            else:
                await session.click_on("Cancel")
            await session.see_no("Credential name")
        assert empty.names == []
        assert empty.actions() == []

    async def test_verbs_keys_are_letters_in_the_field(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("n")
            dialog = await session.at(NameDialog)
            await session.write("nrepdcq.?hjklv/")
            assert dialog.query_one("#name", Input).value == "nrepdcq.?hjklv/"


class TestRotate:
    @every_way
    async def test_it_confirms_and_shows_the_new_secret(self, two: Stage, use: Use) -> None:
        client_id = two.id_of("Payout gateway")
        async with portal(two) as session:
            await use(session, "r", "Rotate Credential")
            await session.see("The previous secret is immediately invalidated")
            assert session.focused == "Cancel"
            for fact in ("Payout gateway", client_id, "uat", "Last used"):
                await session.see(fact)
            await session.press("y")
            await session.see("Secret for Payout gateway")
            assert two.page.find(client_id).generation == 2  # type: ignore[union-attr]
            assert not credential(two, "Payout gateway").handover
            await close_without_saving(session)
        assert credential(two, "Payout gateway").handover
        assert two.id_of("Payout gateway") == client_id

    async def test_enter_at_once_changes_nothing(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("r")
            await session.at(ConfirmCredentialDialog)
            await session.press("enter")
            await session.see_no("immediately invalidated")
        assert credential(two, "Payout gateway").generation == 1

    async def test_the_confirm_button_has_the_guides_label(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("r")
            await session.at(ConfirmCredentialDialog)
            column, row = session.find("Rotate Credential (y)")
            await session.click(column + 2, row)
            await session.see("Secret for Payout gateway")

    async def test_a_rotation_meanwhile_is_told_and_withdraws_the_question(
        self, two: Stage
    ) -> None:
        async with portal(two) as session:
            await session.press("r")
            await session.at(ConfirmCredentialDialog)
            two.service().rotate(two.id_of("Payout gateway"))
            await session.see("Payout gateway was rotated meanwhile. Cancel, and look again.")
            await session.press("y")
            assert isinstance(session.app.screen, ConfirmCredentialDialog)
            assert session.focused == "Cancel"
        assert credential(two, "Payout gateway").generation == 2

    async def test_a_deletion_meanwhile_is_told_and_withdraws_the_question(
        self, two: Stage
    ) -> None:
        async with portal(two) as session:
            await session.press("j", "r")
            await session.at(ConfirmCredentialDialog)
            two.service().delete(two.id_of("Reporting batch"))
            await session.see("Reporting batch was deleted meanwhile.")
            await session.press("y", "enter")
            await session.see_no("deleted meanwhile")
        assert two.names == ["Payout gateway"]

    async def test_a_rotation_the_screen_hasnt_heard_of_is_refused(self, two: Stage) -> None:
        """The service compares the generation that the person saw with the present one."""
        async with portal(two) as session:
            await session.press("r")
            dialog = await session.at(ConfirmCredentialDialog)
            dialog.page_changed = _hear_nothing
            two.service().rotate(two.id_of("Payout gateway"))
            await session.press("y")
            await session.until(lambda: bool(session.messages))
            assert "rotated" in session.messages[0]
            assert not isinstance(session.app.screen, SecretDialog)
        assert credential(two, "Payout gateway").generation == 2


class TestEdit:
    @every_way
    async def test_it_renames(self, two: Stage, use: Use) -> None:
        client_id = two.id_of("Reporting batch")
        async with portal(two) as session:
            await session.press("j")
            await use(session, "e", "Edit")
            dialog = await session.at(NameDialog)
            assert dialog.query_one("#name", Input).value == "Reporting batch"
            await session.press("end")
            await session.write(" 2")
            await session.press("enter")
            await session.see("Reporting batch is now named Reporting batch 2.")
            await session.until(lambda: session.focused == "Reporting batch 2")
        assert two.id_of("Reporting batch 2") == client_id
        assert two.actions()[0] == "rename done"

    async def test_the_button_says_save(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("e")
            dialog = await session.at(NameDialog)
            dialog.query_one("#name", Input).value = "Payouts"
            await session.click_on(" Save ")
            await session.see("is now named Payouts")

    async def test_the_same_name_changes_nothing(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("e")
            await session.at(NameDialog)
            await session.press("enter")
            await session.see_no("Credential name")
        assert "rename done" not in two.actions()

    async def test_its_own_name_in_another_case_is_free(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("e")
            dialog = await session.at(NameDialog)
            dialog.query_one("#name", Input).value = "PAYOUT gateway"
            await session.press("enter")
            await session.see("is now named PAYOUT gateway.")

    async def test_anothers_name_is_refused(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("e")
            dialog = await session.at(NameDialog)
            dialog.query_one("#name", Input).value = "reporting BATCH"
            await session.see("There is already a credential named Reporting batch.")
            assert dialog.query_one("#confirm", Button).disabled

    async def test_a_deletion_meanwhile_is_told(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("j", "e")
            dialog = await session.at(NameDialog)
            two.service().delete(two.id_of("Reporting batch"))
            await session.see("Reporting batch was deleted meanwhile.")
            assert dialog.query_one("#confirm", Button).disabled
            await session.press("enter")
            assert isinstance(session.app.screen, NameDialog)
        assert "rename done" not in two.actions()


class TestMakePrimary:
    @every_way
    async def test_it_moves_the_badge(self, two: Stage, use: Use) -> None:
        async with portal(two) as session:
            await session.press("j")
            await use(session, "p", "Make Primary")
            await session.see("Reporting batch is now the primary credential.")
            await session.until(
                lambda: "Primary" in session.lines[session.find("Client ID  c")[1] + 4]
            )
        assert two.page.primary == two.id_of("Reporting batch")

    async def test_the_primary_one_says_it_is(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("p")
            await session.until(
                lambda: session.messages == ["This is the primary credential already."]
            )
        assert "make-primary" not in " ".join(two.actions())


class TestDelete:
    @every_way
    async def test_it_confirms_and_deletes(self, two: Stage, use: Use) -> None:
        async with portal(two) as session:
            await session.press("j")
            await use(session, "d", "Delete")
            await session.see("Clients that use this credential lose access immediately.")
            assert session.focused == "Cancel"
            await session.press("y")
            await session.see("Reporting batch is deleted.")
            await session.see("1 of 3")
            await session.until(lambda: session.focused == "Payout gateway")
        assert two.names == ["Payout gateway"]
        assert two.actions()[0] == "delete done"

    @pytest.mark.parametrize("way", ["escape", "enter", "Cancel"])
    async def test_cancel_changes_nothing(self, two: Stage, way: str) -> None:
        async with portal(two) as session:
            await session.press("j", "d")
            await session.at(ConfirmCredentialDialog)
            if way == "Cancel":
                await session.click_on("Cancel")
            else:
                await session.press(way)
            await session.see_no("lose access immediately")
        assert two.names == ["Payout gateway", "Reporting batch"]

    async def test_the_primary_one_is_refused_by_key(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("d")
            await session.until(lambda: session.messages == [PROTECTED])
            assert len(session.app.screen_stack) == 1

    @pytest.mark.parametrize("threshold", [3600.0, -1.0], ids=["double", "slow"])
    async def test_a_second_click_in_the_menu_doesnt_confirm(
        self, demo: Stage, threshold: float
    ) -> None:
        """The button that confirms is at the place where the menu's entry was."""
        async with portal(demo) as session:
            await session.press("j", "full_stop")
            await session.at(CardMenu)
            session.app.CLICK_CHAIN_TIME_THRESHOLD = threshold  # type: ignore[misc]
            row = session.find("Delete  ")[1]

            async def click() -> None:
                for kind in (MouseDown, MouseUp):
                    session.app.post_message(kind(None, 60, row, 0, 0, 1, False, False, False))
                await session.pilot.pause()

            await click()
            await session.at(ConfirmCredentialDialog)
            assert session.lines[row].index("Delete (y)") <= 60
            await click()
            await session.settle()
            assert isinstance(session.app.screen, ConfirmCredentialDialog)
            assert len(demo.names) == 3
            await session.click_on("(y)")
            await session.see("is deleted")

    @pytest.mark.parametrize("menu", [False, True])
    async def test_a_key_that_is_held_down_says_it_once(self, two: Stage, menu: bool) -> None:
        async with portal(two) as session:
            if menu:
                await session.press("full_stop")
                await session.at(CardMenu)
            await session.press("d", "d", "d")
            assert session.messages == [PROTECTED]

    async def test_the_menu_says_why_it_cant_be_deleted(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("full_stop")
            await session.at(CardMenu)
            assert "can't be deleted" not in session.text
            await session.press("d")
            await session.until(lambda: session.messages == [PROTECTED])
            await session.see("The primary credential can't be deleted.")
            await session.click_on("Delete  ")
            assert isinstance(session.app.screen, CardMenu)

    async def test_the_palette_doesnt_offer_it(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("ctrl+p")
            await session.write("Delete")
            await session.see("No matches found")

    async def test_becoming_primary_meanwhile_is_refused(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("j", "d")
            await session.at(ConfirmCredentialDialog)
            two.service().make_primary(two.id_of("Reporting batch"))
            await session.press("y")
            await session.until(lambda: bool(session.messages))
            assert "primary" in session.messages[-1]
        assert len(two.names) == 2


class TestCopyClientId:
    @every_way
    async def test_it_sends_the_client_id(self, two: Stage, use: Use) -> None:
        async with portal(two) as session:
            await use(session, "c", "Copy Client ID")
            await session.see("Client ID sent to your terminal (OSC 52), not confirmed.")
            payload = base64.b64encode(two.id_of("Payout gateway").encode()).decode()
            assert session.app.written == [f"\x1b]52;c;{payload}\a"]
            assert "copied" not in session.text.lower()


class TestMenu:
    @pytest.mark.parametrize("key", ["escape", "full_stop", "left"])
    async def test_it_closes_without_doing_anything(self, two: Stage, key: str) -> None:
        async with portal(two) as session:
            await session.press("full_stop")
            await session.at(CardMenu)
            await session.press(key)
            await session.until(lambda: len(session.app.screen_stack) == 1)
            assert session.focused == "Payout gateway"

    async def test_a_click_beside_it_closes_it(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("full_stop")
            await session.at(CardMenu)
            await session.click(2, 20)
            await session.until(lambda: len(session.app.screen_stack) == 1)

    @pytest.mark.parametrize("size", [(80, 24), (60, 20), (120, 40)])
    async def test_the_last_cards_menu_is_whole(self, demo: Stage, size: tuple[int, int]) -> None:
        async with portal(demo, size=size) as session:
            await session.press("j", "j", "full_stop")
            menu = await session.at(CardMenu)
            region = menu.query_one(OptionList).region
            await session.until(lambda: session.app.screen.region.contains_region(region))
            for label in ("Rotate Credential", "Edit", "Make Primary", "Delete"):
                await session.see(label)

    async def test_use_of_the_credential_doesnt_close_it(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("full_stop")
            menu = await session.at(CardMenu)
            page = session.app.portal.page
            session.app.portal.page = page.model_copy(update={"networks": ("10.0.0.0/8",)})
            await session.pilot.pause()
            assert session.app.screen is menu


class TestImpatience:
    """Keys that arrive all at once, as over a slow line or from a repeating key."""

    @pytest.mark.parametrize("key", ["n", "r", "e", "v", "w", "x"])
    async def test_a_key_twice_opens_one_dialog(self, two: Stage, key: str) -> None:
        async with portal(two) as session:
            await session.burst(key, key)
            await session.until(lambda: len(session.app.screen_stack) > 1)
            for _ in range(5):
                await session.pilot.pause()
            assert len(session.app.screen_stack) <= 2
            await session.press("escape")
            await session.until(lambda: len(session.app.screen_stack) == 1)

    async def test_a_verb_is_about_the_card_that_the_key_before_it_chose(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.burst("j", "d")
            await session.at(ConfirmCredentialDialog)
            await session.see("Credential Reporting batch")

    async def test_two_verbs_at_once_are_one(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("j")
            await session.burst("r", "d")
            await session.until(lambda: len(session.app.screen_stack) > 1)
            for _ in range(5):
                await session.pilot.pause()
            assert len(session.app.screen_stack) == 2

    async def test_confirming_twice_rotates_once(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("r")
            await session.at(ConfirmCredentialDialog)
            await session.burst("y", "y", "y")
            await session.at(SecretDialog)
        assert credential(two, "Payout gateway").generation == 2

    async def test_saving_twice_generates_once(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("n")
            await session.at(NameDialog)
            await session.write("Treasury sync")
            await session.burst("enter", "enter")
            await session.see("Secret for Treasury sync")
        assert len(two.names) == 3

    async def test_escaping_twice_leaves_the_portal_open(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("r")
            await session.at(ConfirmCredentialDialog)
            await session.burst("escape", "escape", "n")
            await session.until(lambda: not isinstance(session.app.screen, ConfirmCredentialDialog))
            assert not session.ended

    async def test_giving_up_twice_closes_once(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("r")
            await session.at(ConfirmCredentialDialog)
            await session.press("y")
            await session.at(SecretDialog)
            await session.burst("escape", "escape")
            await session.see("Close without saving?")
            await session.burst("y", "y", "y")
            await session.until(lambda: len(session.app.screen_stack) == 1)
            assert not session.ended
        assert credential(two, "Payout gateway").handover

    async def test_choosing_twice_in_the_menu_uses_once(self, two: Stage) -> None:
        async with portal(two) as session:
            await session.press("full_stop")
            await session.at(CardMenu)
            await session.burst("enter", "enter")
            await session.until(lambda: not isinstance(session.app.screen, CardMenu))
            assert len(session.app.screen_stack) <= 2
