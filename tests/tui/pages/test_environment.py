"""The page Environment."""

from pathlib import Path

from textual.widgets import Button

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
        await session.see("Credentials may be used from everywhere.")


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
        await session.see("The clipboard is switched off in the settings. Select it with your")
        assert session.app.written == []
