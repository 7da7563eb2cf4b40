"""Keys that arrive all at once, and what the event loop must not wait for."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from credtui.domain.place import Place
from credtui.store.port import Store
from credtui.tui.dialogs.networks import NetworksDialog
from credtui.tui.dialogs.operator import OperatorDialog
from credtui.tui.dialogs.organization import OrganizationDialog
from credtui.tui.dialogs.secret_question import SecretQuestion
from tests.support import SECRET
from tests.tui.apps import Stage, portal
from tests.tui.pages.test_operators import REPRESENTATIVE


@pytest.mark.parametrize(
    ("page", "awaited", "key"),
    [
        ("Environment", "Token address", "e"),
        ("API access", "Copy Command", "t"),
        ("API access", "Copy Command", "w"),
        ("Operators", "There are no operators", "n"),
        ("Operators", "There are no operators", "o"),
    ],
)
async def test_a_key_three_times_opens_one_dialog(
    demo: Stage, page: str, awaited: str, key: str
) -> None:
    async with portal(demo) as session:
        await session.click_on(page)
        await session.see(awaited)
        await session.burst(key, key, key)
        await session.until(lambda: len(session.app.screen_stack) > 1, "dialog")
        for _ in range(5):
            await session.pilot.pause()
        assert len(session.app.screen_stack) == 2
        await session.press("escape")
        await session.until(lambda: len(session.app.screen_stack) == 1, "end of the dialog")


async def test_details_are_shown_once(demo: Stage) -> None:
    async with portal(demo) as session:
        await session.click_on("Activity")
        await session.see("10 events")
        await session.burst("enter", "enter", "enter", "enter")
        for _ in range(10):
            assert len(session.app.screen_stack) <= 2
            await session.pilot.pause()


class WatchfulStore:
    """A store that notes calls from the thread of an event loop, which must not wait for a disk."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.watching = False
        self.asked_by_loop: list[str] = []

    def __getattr__(self, name: str) -> Any:
        with suppress(RuntimeError):
            asyncio.get_running_loop()
            if self.watching:
                self.asked_by_loop.append(name)
        return getattr(self._store, name)


async def test_no_page_lets_the_loop_wait_for_the_store(demo: Stage) -> None:
    demo.set_operators(REPRESENTATIVE)
    store: Any = WatchfulStore(demo.installation.store)
    demo.installation.store = store
    async with portal(demo) as session:
        store.watching = True
        await session.click_on("Activity")
        await session.see("10 events")
        await session.press("slash")
        await session.write("bob")
        await session.see("of 10 events")
        await session.press("escape", "y")
        await session.see("The log is intact.")
        await session.click_on("Environment")
        await session.see("Token address")
        await session.press("e")
        await session.at(NetworksDialog)
        await session.write("10.0.0.0/8")
        await session.press("ctrl+s")
        await session.see("Networks       10.0.0.0/8")
        await session.click_on("API access")
        await session.press("w")
        await session.at(SecretQuestion)
        await session.paste(SECRET.get_secret_value())
        await session.press("enter")
        await session.see("It was the secret of Payout gateway")
        await session.press("escape")
        await session.click_on("Operators")
        await session.see("Representative: Can Edit everywhere")
        await session.press("n")
        await session.at(OperatorDialog)
        await session.write("bob")
        await session.press("ctrl+s")
        await session.see("bob is added.")
        await session.press("o")
        await session.at(OrganizationDialog)
        await session.write("globex")
        await session.click_on("Create")
        await session.see("globex · uat")
        store.watching = False
        assert set(store.asked_by_loop) <= {"changes"}  # which is made for an event loop


def test_the_watchful_store_notices(demo: Stage) -> None:
    store = WatchfulStore(demo.installation.store)
    store.watching = True

    async def wait() -> None:
        store.load(Place("uat", "acme"))

    asyncio.run(wait())
    store.load(Place("uat", "acme"))
    assert store.asked_by_loop == ["load"]
