"""Going to another environment. The tests of the page Operators go to another organization."""

import pytest
from textual.widgets import Button

from credtui.tui.dialogs.environment import EnvironmentDialog
from tests.support import ALICE
from tests.tui.apps import Stage, portal


async def test_another_environment_by_keys_and_back_by_mouse(demo: Stage) -> None:
    demo.service(ALICE, "production").generate("Live")
    async with portal(demo) as session:
        await session.press("v")
        await session.at(EnvironmentDialog)
        await session.see("urn:ripplexcurrent-prod:acme")
        await session.press("j", "enter")
        await session.see("acme ·  PRODUCTION ")
        await session.see("Live")
        await session.see_no("Payout gateway")
        await session.click_on("acme ·  PRODUCTION ")
        await session.at(EnvironmentDialog)
        await session.click_on("urn:ripplexcurrent-uat:acme")
        await session.see("acme · uat")
        await session.see("Payout gateway")


async def test_the_open_page_stays_open(demo: Stage) -> None:
    async with portal(demo) as session:
        await session.click_on("Environment")
        await session.see("urn:ripplexcurrent-uat:acme")
        await session.press("v", "down", "enter")
        await session.see("Audience       urn:ripplexcurrent-prod:acme")


async def test_production_is_loud(demo: Stage) -> None:
    """A person who is there by mistake notices."""
    async with portal(demo) as session:
        calm = session.one("#place", Button)
        assert not calm.has_class("-production")
        await session.press("v", "down", "enter")
        await session.see("acme ·  PRODUCTION ")
        await session.until(lambda: session.one("#place", Button).has_class("-production"))
        loud = session.one("#place", Button)
        await session.until(lambda: loud.styles.background != calm.styles.background)
        assert loud.styles.color != calm.styles.color
        await session.press("v", "up", "enter")
        await session.see("acme · uat")
        await session.until(lambda: not session.one("#place", Button).has_class("-production"))


async def test_escaping_stays(demo: Stage) -> None:
    async with portal(demo) as session:
        screen = session.app.screen
        await session.press("v")
        await session.at(EnvironmentDialog)
        await session.see("uat (open)")
        await session.press("down", "escape")
        await session.until(lambda: session.app.screen is screen, "the same screen")
        await session.see("acme · uat")


@pytest.mark.parametrize("page", ["Operators", "Activity", "API access"])
async def test_every_page_stays_open_there_and_back(demo: Stage, page: str) -> None:
    demo.service(ALICE, "production").generate("Live")
    async with portal(demo) as session:
        await session.click_on(page)
        await session.see(f"{page} ◂")
        opened = session.app.portal.current.id
        assert opened != "credentials"
        for step, place in (("down", "acme ·  PRODUCTION "), ("up", "acme · uat")):
            await session.press("v")
            await session.at(EnvironmentDialog)
            await session.press(step, "enter")
            await session.see(place)
            await session.until(lambda: session.app.portal.current.id == opened, "the same page")
            await session.see(f"{page} ◂")


async def test_other_environments_are_followed_too(demo: Stage) -> None:
    async with portal(demo) as session:
        await session.press("v", "down", "enter")
        await session.see("There are no API credentials yet.")
        demo.service(ALICE, "production").generate("Live")
        await session.see("Live")


async def test_the_same_environment_changes_nothing(demo: Stage) -> None:
    async with portal(demo) as session:
        screen = session.app.screen
        await session.press("v")
        await session.at(EnvironmentDialog)
        await session.press("enter")
        await session.until(lambda: session.app.screen is screen, "the same screen")
