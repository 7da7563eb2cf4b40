"""What the store holds is shown soon after a change, and is read once for each."""

import threading
from collections import Counter

import pytest

from credtui.domain.page import Page
from credtui.service.credentials import CredentialService
from credtui.tui.pages.credentials import CredentialsPage
from tests.support import ALICE
from tests.terminal import TIMEOUT
from tests.tui.apps import Stage, portal


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often the portal looked at the store, read the page and painted it."""
    counts: Counter[str] = Counter()
    read, look = CredentialService.page, CredentialService.version
    paint = CredentialsPage.page_changed

    def counting_read(service: CredentialService) -> Page:
        counts["read"] += 1
        return read(service)

    def counting_paint(screen: CredentialsPage, page: Page) -> None:
        counts["painted"] += 1
        paint(screen, page)

    def counting_look(service: CredentialService) -> object:
        counts["looked"] += 1
        return look(service)

    monkeypatch.setattr(CredentialService, "page", counting_read)
    monkeypatch.setattr(CredentialsPage, "page_changed", counting_paint)
    monkeypatch.setattr(CredentialService, "version", counting_look)
    return counts


@pytest.mark.parametrize(
    ("keys", "outcome"),
    [
        ("p", "Reporting batch is now the primary credential."),
        ("dy", "Reporting batch is deleted."),
        ("ry", "Save your secret now"),
    ],
)
async def test_our_own_change_is_read_and_painted_once(
    two: Stage, counted: Counter[str], keys: str, outcome: str
) -> None:
    async with portal(two) as session:
        await session.press("j")
        await session.until(lambda: counted["looked"] > 4, "the portal follows")
        counted.clear()
        await session.press(*keys)
        await session.see(outcome)
        counted["looked"] = 0
        await session.until(lambda: counted["looked"] > 8, "further looks")
        assert (counted["read"], counted["painted"]) == (1, 1)


async def test_a_change_of_others_is_read_and_painted_once(
    two: Stage, counted: Counter[str]
) -> None:
    async with portal(two) as session:
        await session.until(lambda: counted["looked"] > 4, "the portal follows")
        counted.clear()
        two.service(ALICE).rename(two.id_of("Reporting batch"), "Reports")
        reads_of_the_test = counted["read"]
        await session.see("Reports")
        counted["looked"] = 0
        await session.until(lambda: counted["looked"] > 8, "further looks")
        assert (counted["read"] - reads_of_the_test, counted["painted"]) == (1, 1)


async def test_what_was_refused_because_of_others_is_shown_at_once(
    two: Stage, counted: Counter[str]
) -> None:
    async with portal(two) as session:
        await session.until(lambda: counted["looked"] > 4, "the portal follows")
        session.app.workers.cancel_group(session.app.portal, "follow")
        two.service(ALICE).delete(two.id_of("Reporting batch"))
        await session.press("j", "p")
        await session.until(lambda: bool(session.messages), "a refusal")
        await session.see_no("Reporting batch")


def followers() -> list[threading.Thread]:
    """The threads that follow the store."""
    return [thread for thread in threading.enumerate() if "credtui-follower" in thread.name]


async def test_a_screen_that_is_gone_leaves_no_thread(demo: Stage) -> None:
    before = followers()
    async with portal(demo) as session:
        for environment in ("production", "uat", "production"):
            await session.app.portal.go_to(environment, "acme")
            await session.see(environment.upper() if environment == "production" else "uat")
            await session.pilot.pause()
        await session.until(lambda: len(followers()) <= len(before) + 1)
        left = [thread for thread in followers() if thread not in before]
    for thread in left:
        thread.join(TIMEOUT)
        assert not thread.is_alive()


async def test_a_look_that_takes_long_keeps_no_program_from_ending(
    demo: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging, go_on = threading.Event(), threading.Event()

    def hang(_: CredentialService) -> object:
        hanging.set()
        return go_on.wait(TIMEOUT)

    try:
        async with portal(demo) as session:
            monkeypatch.setattr(CredentialService, "version", hang)
            await session.until(hanging.is_set, "look")
            await session.press("q")
            assert session.ended
        assert [thread.daemon for thread in followers()] == [True]
    finally:
        go_on.set()
