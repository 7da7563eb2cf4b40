"""Going to another environment; to another organization, see the page Operators."""

from credtui.tui.dialogs.environment import EnvironmentDialog
from tests.support import ALICE
from tests.tui.apps import Installation, portal


async def test_another_environment_by_keys_and_back_by_mouse(demo: Installation) -> None:
    demo.service(ALICE, "production").generate("Live")
    async with portal(demo) as session:
        await session.press("v")
        await session.at(EnvironmentDialog)
        await session.see("urn:ripplexcurrent-prod:acme")
        await session.press("j", "enter")
        await session.see("acme · production")
        await session.see("Live")
        await session.see_no("Payout gateway")
        await session.click_on("acme · production")
        await session.at(EnvironmentDialog)
        await session.click_on("urn:ripplexcurrent-uat:acme")
        await session.see("acme · uat")
        await session.see("Payout gateway")


async def test_the_open_page_stays_open(demo: Installation) -> None:
    async with portal(demo) as session:
        await session.click_on("Environment")
        await session.see("urn:ripplexcurrent-uat:acme")
        await session.press("v", "down", "enter")
        await session.see("Audience       urn:ripplexcurrent-prod:acme")


async def test_other_environments_are_followed_too(demo: Installation) -> None:
    async with portal(demo) as session:
        await session.press("v", "down", "enter")
        await session.see("There are no API credentials yet.")
        demo.service(ALICE, "production").generate("Live")
        await session.see("Live")


async def test_the_same_environment_changes_nothing(demo: Installation) -> None:
    async with portal(demo) as session:
        screen = session.app.screen
        await session.press("v")
        await session.at(EnvironmentDialog)
        await session.press("enter")
        await session.until(lambda: session.app.screen is screen, "the same screen")
