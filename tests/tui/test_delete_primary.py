"""Deleting the primary credential: only a representative can, and not by mistake."""

import pytest
from textual.widgets import Button, Input

from credtui.domain.permissions import Operator, Permission
from credtui.tui.dialogs.confirm import ConfirmCredentialDialog
from credtui.tui.dialogs.menu import CardMenu
from tests.support import ALICE
from tests.tui.apps import Session, Stage, portal

CAROL = Operator(name="carol", representative=True, permissions={"acme": Permission.CAN_EDIT})
EDITOR = Operator(name="alice", permissions={"acme": Permission.CAN_EDIT})


@pytest.fixture
def managed(demo: Stage) -> Stage:
    """The demo's three credentials; alice is a representative who may edit them."""
    demo.set_operators(CAROL.model_copy(update={"name": "alice"}))
    return demo


async def ask(session: Session) -> ConfirmCredentialDialog:
    await session.press("d")
    dialog = await session.at(ConfirmCredentialDialog)
    assert isinstance(dialog, ConfirmCredentialDialog)
    return dialog


def is_disabled(dialog: ConfirmCredentialDialog) -> bool:
    return dialog.query_one("#confirm", Button).disabled


async def test_the_oldest_that_remains_is_primary_then(managed: Stage) -> None:
    async with portal(managed) as session:
        dialog = await ask(session)
        await session.see('Type "Payout gateway" to go on:')
        assert is_disabled(dialog)
        await session.press("shift+tab")
        await session.until(lambda: session.focused == "typed", "focus on the field")
        await session.write("Payout gateway")
        await session.until(lambda: not is_disabled(dialog))
        await session.press("tab")
        assert session.focused == "Delete"
        await session.press("enter")
        await session.see("Payout gateway is deleted.")
        await session.see("2 of 3")
        await session.until(lambda: "Primary" in session.lines[session.find("Reporting batch")[1]])
    assert managed.names == ["Reporting batch", "Treasury sync"]
    assert managed.page.primary == managed.id_of("Reporting batch")
    event = managed.service(ALICE).events()[0]
    assert (event.action.value, event.outcome) == ("delete", "done")
    assert event.detail == f"was primary; now {managed.page.primary} is"


async def test_by_menu_and_mouse(managed: Stage) -> None:
    async with portal(managed) as session:
        await session.press("full_stop")
        await session.at(CardMenu)
        await session.click_on("Delete  ")
        dialog = await session.at(ConfirmCredentialDialog)
        dialog.query_one("#typed", Input).focus()
        await session.paste("Payout gateway")
        await session.until(lambda: not is_disabled(dialog))
        await session.pilot.click("#confirm")
        await session.see("Payout gateway is deleted.")
    assert "Payout gateway" not in managed.names


async def test_the_last_one_leaves_none(empty: Stage) -> None:
    empty.add("Payout gateway")
    empty.set_operators(CAROL.model_copy(update={"name": "alice"}))
    async with portal(empty) as session:
        dialog = await ask(session)
        dialog.query_one("#typed", Input).value = "Payout gateway"
        await session.until(lambda: not is_disabled(dialog))
        await session.press("y")
        await session.see("There are no API credentials yet.")
    assert empty.names == []
    assert empty.page.primary is None


@pytest.mark.parametrize(
    "typed", ["", "Payout gatewa", "payout gateway", "Payout gateway2", "Reporting batch"]
)
async def test_another_text_deletes_nothing(managed: Stage, typed: str) -> None:
    async with portal(managed) as session:
        dialog = await ask(session)
        # The button by mouse and by name, the key, and enter in the field.
        await session.press("y")
        dialog.query_one("#typed", Input).focus()
        await session.paste(typed)
        await session.press("enter")
        await session.pilot.click("#confirm")
        assert is_disabled(dialog)
        assert session.app.screen is dialog
    assert "Payout gateway" in managed.names


async def test_the_key_is_a_letter_in_the_field(managed: Stage) -> None:
    async with portal(managed) as session:
        dialog = await ask(session)
        dialog.query_one("#typed", Input).focus()
        await session.write("Pay")
        await session.until(lambda: dialog.query_one("#typed", Input).value == "Pay")
        assert session.app.screen is dialog
        await session.press("escape")
        await session.until(lambda: len(session.app.screen_stack) == 1)
    assert len(managed.names) == 3


async def test_a_rotation_meanwhile_withdraws_it_though_the_name_is_typed(
    managed: Stage,
) -> None:
    managed.set_operators(
        CAROL.model_copy(update={"name": "alice"}), CAROL.model_copy(update={"name": "bob"})
    )
    async with portal(managed) as session:
        dialog = await ask(session)
        dialog.query_one("#typed", Input).value = "Payout gateway"
        await session.until(lambda: not is_disabled(dialog))
        managed.service().rotate(managed.id_of("Payout gateway"))
        await session.see("Payout gateway was rotated meanwhile.")
        dialog.query_one("#typed", Input).value = "Payout gatewa"
        dialog.query_one("#typed", Input).value = "Payout gateway"
        await session.pilot.pause()
        assert is_disabled(dialog)
        await session.press("y")
        assert session.app.screen is dialog
    assert "Payout gateway" in managed.names


async def test_a_new_name_meanwhile_is_the_one_to_type(managed: Stage) -> None:
    """The typed name is no longer the credential's: nothing is deleted, and it says why."""
    managed.set_operators(
        CAROL.model_copy(update={"name": "alice"}), CAROL.model_copy(update={"name": "bob"})
    )
    async with portal(managed) as session:
        dialog = await ask(session)
        dialog.query_one("#typed", Input).value = "Payout gateway"
        await session.until(lambda: not is_disabled(dialog))
        managed.service().rename(managed.id_of("Payout gateway"), "Live payouts")
        await session.press("y")
        await session.until(lambda: bool(session.messages))
        assert session.messages == [
            "To delete Live payouts, type its name exactly. Nothing was changed."
        ]
    assert "Live payouts" in managed.names


async def test_another_credential_needs_no_name(managed: Stage) -> None:
    async with portal(managed) as session:
        await session.press("j")
        dialog = await ask(session)
        assert not dialog.query("#typed")
        await session.press("y")
        await session.see("Reporting batch is deleted.")
    assert managed.page.primary == managed.id_of("Payout gateway")


async def test_an_operator_is_refused(demo: Stage) -> None:
    demo.set_operators(CAROL, EDITOR)
    async with portal(demo) as session:
        await session.press("d")
        await session.until(lambda: bool(session.messages))
        assert "contact your representative" in session.messages[0]
        assert len(session.app.screen_stack) == 1
    assert len(demo.names) == 3


async def test_who_is_representative_no_longer_is_refused(managed: Stage) -> None:
    """The service has the last word."""
    async with portal(managed) as session:
        dialog = await ask(session)
        dialog.query_one("#typed", Input).value = "Payout gateway"
        await session.until(lambda: not is_disabled(dialog))
        managed.set_operators(CAROL, EDITOR)
        await session.press("y")
        await session.until(lambda: bool(session.messages))
        assert "is the primary credential and can't be deleted." in session.messages[-1]
    assert len(managed.names) == 3
