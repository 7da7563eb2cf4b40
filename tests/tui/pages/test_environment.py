"""The page Environment."""

from datetime import timedelta
from pathlib import Path

import pytest
from textual.widgets import Button, TextArea

from credtui.domain.permissions import Operator, Permission
from credtui.tui.dialogs.networks import NetworksDialog
from tests.support import ALICE
from tests.tui.apps import BOB, Session, Stage, portal

REPRESENTATIVE = Operator(name="alice", representative=True)
EDITOR = Operator(name="bob", permissions={"acme": Permission.CAN_EDIT})


async def _open(session: Session) -> None:
    await session.click_on("Environment")
    await session.see("Token address")


async def test_it_shows_what_clients_and_operators_need(demo: Stage) -> None:
    async with portal(demo) as session:
        await _open(session)
        for fact in (
            "Environment    uat",
            "Organization   acme",
            "Audience       urn:ripplexcurrent-uat:acme",
            "Token address  http://127.0.0.1:8000/v2/oauth/token",
            "Credentials    at most 3 in an environment",
            "Rotation       due after 90 days",
            "Time           2026-11-24 09:30 UTC",
        ):
            assert session.find(fact)
        await session.see("Clients may come from anywhere.")


async def test_the_chosen_value_is_sent_to_the_clipboard(demo: Stage) -> None:
    async with portal(demo) as session:
        await _open(session)
        await session.press("j", "down", "c")
        await session.see("not confirmed")
        assert "dXJuOnJpcHBsZXhjdXJyZW50LXVhdDphY21l" in "".join(session.app.written)
        await session.press("k", "k", "k", "c")
        await session.until(lambda: "dWF0" in "".join(session.app.written[1:]), "uat")


async def test_a_click_chooses_a_value(demo: Stage) -> None:
    async with portal(demo) as session:
        await _open(session)
        await session.click_on("urn:ripplexcurrent-uat:acme")
        await session.press("c")
        await session.see("not confirmed")
        assert "dXJuOnJpcHBsZXhjdXJyZW50LXVhdDphY21l" in "".join(session.app.written)


async def test_a_representative_sets_the_networks(demo: Stage) -> None:
    demo.set_operators(REPRESENTATIVE, EDITOR)
    async with portal(demo) as session:
        await _open(session)
        await session.click_on("Edit Networks")
        await session.at(NetworksDialog)
        await session.write("10.0.0.1/8")
        await session.see("10.0.0.1/8 is not a network: do you mean 10.0.0.0/8?")
        assert session.one("#confirm", Button).disabled
        await session.press("ctrl+s")
        await session.at(NetworksDialog)
        await session.press("backspace", "backspace", "backspace")
        await session.write("0/8")
        await session.press("enter")
        await session.write("2001:db8::/32")
        await session.click_on("Save")
        await session.see("Networks       10.0.0.0/8")
        await session.see("2001:db8::/32")
        assert demo.page.networks == ("10.0.0.0/8", "2001:db8::/32")
        assert demo.actions()[0] == "set networks done"


async def type_networks(session: Session, text: str) -> None:
    await _open(session)
    await session.press("e")
    await session.at(NetworksDialog)
    await session.write(text)


SHUT_OUT = "! This would shut out 203.0.113.44, which used Payout gateway 2 hours ago."


@pytest.mark.parametrize("again", ["ctrl+s", "enter"])
async def test_networks_that_shut_out_a_client_are_saved_after_a_second_look(
    demo: Stage, again: str
) -> None:
    demo.use("Payout gateway", timedelta(hours=2), address="203.0.113.44")
    async with portal(demo) as session:
        await type_networks(session, "192.0.2.0/24")
        await session.see(SHUT_OUT)
        await session.press("ctrl+s")
        await session.see("Save anyway")
        assert session.focused == "Save anyway"
        assert not demo.page.networks
        await session.press(again)
        await session.see("Networks       192.0.2.0/24")
    assert demo.page.networks == ("192.0.2.0/24",)


async def test_a_key_typed_twice_is_not_a_second_look(demo: Stage) -> None:
    demo.use("Payout gateway", timedelta(hours=2), address="203.0.113.44")
    async with portal(demo) as session:
        await type_networks(session, "192.0.2.0/24")
        await session.see(SHUT_OUT)
        await session.burst("ctrl+s", "ctrl+s")
        await session.see("Save anyway")
        await session.settle()
        await session.at(NetworksDialog)
    assert demo.page.networks == ()


async def test_whom_networks_shut_out_follows_typing_and_use(demo: Stage) -> None:
    demo.use("Payout gateway", timedelta(hours=2), address="203.0.113.44")
    async with portal(demo) as session:
        await type_networks(session, "203.0.113.0/24")
        await session.see_no("shut out")
        demo.use("Reporting batch", address="unknown")
        await session.see(
            "! This would shut out an unknown address, which used Reporting batch just now."
        )
        await session.press("ctrl+s")
        await session.see("Save anyway")
        session.app.set_focus(session.one("#networks", TextArea))
        await session.press("backspace")
        await session.see_no("Save anyway")
        await session.press(*["backspace"] * 20)
        await session.see_no("shut out")
        await session.press("ctrl+s")
        await session.until(lambda: len(session.app.screen_stack) == 1)


async def test_many_that_are_shut_out_are_told_in_the_smallest_terminal(demo: Stage) -> None:
    for number in range(8):
        address = f"2001:db8:1234:5678:9abc:def0:1234:{number + 1000}"
        demo.use("Payout gateway", timedelta(hours=number), address=address)
    async with portal(demo, size=(60, 20)) as session:
        await type_networks(session, "192.0.2.0/24")
        await session.see("! This would shut out 8 addresses:")
        await session.see("and 5 more.")


async def test_cancel_changes_no_network(demo: Stage) -> None:
    async with portal(demo) as session:
        await _open(session)
        await session.press("e")
        await session.at(NetworksDialog)
        await session.write("10.0.0.0/8")
        await session.press("escape")
        await session.see_no("Clients elsewhere")
        assert demo.page.networks == ()


async def test_networks_that_somebody_set_meanwhile_are_not_undone(demo: Stage) -> None:
    async with portal(demo) as session:
        await _open(session)
        await session.press("e")
        await session.at(NetworksDialog)
        demo.service(BOB).set_networks(["192.0.2.0/24"])
        await session.see("Somebody set the networks to 192.0.2.0/24 meanwhile.")
        await session.press("ctrl+s")
        await session.at(NetworksDialog)
        assert demo.page.networks == ("192.0.2.0/24",)


async def test_networks_that_the_screen_has_not_heard_of_are_not_undone(demo: Stage) -> None:
    async with portal(demo) as session:
        await _open(session)
        await session.press("e")
        await session.at(NetworksDialog)
        session.app.workers.cancel_group(session.app.portal, "follow")
        demo.service(BOB).set_networks(["192.0.2.0/24"])
        await session.write("10.0.0.0/8")
        await session.press("ctrl+s")
        await session.until(lambda: bool(session.messages), "a refusal")
        assert session.messages == [
            "The networks were set to 192.0.2.0/24 meanwhile. Nothing was changed; look again."
        ]
        assert demo.page.networks == ("192.0.2.0/24",)
        assert demo.actions()[0] == "set networks refused"


async def test_networks_that_are_as_they_were_again_can_be_set(demo: Stage) -> None:
    async with portal(demo) as session:
        await _open(session)
        await session.press("e")
        await session.at(NetworksDialog)
        demo.service(BOB).set_networks(["192.0.2.0/24"])
        await session.see("Somebody set the networks to 192.0.2.0/24 meanwhile.")
        demo.service(BOB).set_networks([])
        await session.see_no("Somebody set the networks")
        await session.write("10.0.0.0/8")
        await session.press("ctrl+s")
        await session.see("Networks       10.0.0.0/8")


async def test_who_lost_their_access_sets_no_networks_and_is_told_of_none(demo: Stage) -> None:
    demo.service(ALICE).set_networks(["192.0.2.0/24"])
    demo.set_operators(REPRESENTATIVE)
    async with portal(demo) as session:
        await _open(session)
        await session.press("e")
        await session.at(NetworksDialog)
        demo.set_operators(Operator(name="carol", representative=True))
        await session.see("You may no longer set the networks.")
        await session.press("ctrl+s")
        await session.at(NetworksDialog)


async def test_who_is_no_representative_reads_the_networks(demo: Stage) -> None:
    demo.service(ALICE).set_networks(["192.0.2.0/24"])
    demo.set_operators(REPRESENTATIVE, EDITOR)
    async with portal(demo, BOB) as session:
        await _open(session)
        await session.see("192.0.2.0/24")
        await session.see_no("Edit Networks")
        await session.press("e")
        assert not isinstance(session.app.screen, NetworksDialog)


async def test_without_access_there_is_no_data(demo: Stage) -> None:
    demo.service(ALICE).set_networks(["192.0.2.0/24"])
    demo.set_operators(REPRESENTATIVE)
    async with portal(demo, BOB) as session:
        await session.click_on("Environment")
        await session.see("You have no access to the API credentials of acme.")
        assert "192.0.2.0/24" not in session.everything()
        await session.see_no("Token address")


async def test_where_nothing_can_be_sent_it_says_what_to_do(store_folder: Path) -> None:
    stage = Stage(store_folder, demo=True, clipboard="none")
    async with portal(stage) as session:
        await _open(session)
        await session.press("c")
        await session.see("switched off in the settings. Select it with the mouse.")
        assert session.app.written == []
