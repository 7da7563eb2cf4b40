"""How the program ends when something in it fails."""

import asyncio

import pytest
from textual.app import ComposeResult
from textual.widget import Widget
from textual.worker import WorkerFailed

from tests.tui.apps import Stage, portal


async def test_what_fails_ends_the_program_and_is_told(two: Stage) -> None:
    """The message gives the reason: here, that memory is short."""
    failures: list[Exception | None] = []

    async def fail() -> None:
        raise MemoryError

    async def use() -> None:
        async with portal(two) as session:
            session.app.portal.run_worker(fail())
            await session.until(lambda: session.app.failure is not None, "failure")
            failures.append(session.app.failure)

    with pytest.raises(WorkerFailed):
        await use()
    assert isinstance(failures.pop(), MemoryError)


async def test_what_comes_too_late_for_a_page_that_is_left_is_no_failure(two: Stage) -> None:
    """As when the store answers after another environment's page was opened."""
    going, too_late = asyncio.Event(), asyncio.Event()

    class Part(Widget):
        async def on_unmount(self) -> None:
            going.set()
            await too_late.wait()

    class Page(Widget):
        def compose(self) -> ComposeResult:
            yield Part()

        async def read(self) -> None:
            await going.wait()
            try:
                self.query_one("#what-was-there")
            finally:
                too_late.set()

    async with portal(two) as session:
        page = Page()
        await session.app.portal.mount(page)
        page.run_worker(page.read())
        await page.remove()
        await session.press("e")
        await session.see("Credential name")
    assert too_late.is_set()
