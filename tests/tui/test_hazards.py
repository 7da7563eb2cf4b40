"""What endangers the store is said where a person relies on it. A real standby is behind here."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from credtui.store.postgres.migrate import migrate
from credtui.store.postgres.store import PostgresStore
from credtui.tui.dialogs.replacement import ReplacementDialog
from tests.postgres.server import Server
from tests.tui.apps import Session, Stage, fake_secrets, portal
from tests.tui.test_pictures import EVERY_SIZE, Pictures

REVIVED = "after a failover, a rotated or deleted secret may be valid again."


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server that acknowledges changes before its standby has them."""
    with Server.create() as primary, primary.standby("second"):
        yield primary


@pytest.fixture
def stage(server: Server, store_folder: Path) -> Iterator[Stage]:
    server.execute("DROP SCHEMA IF EXISTS credtui CASCADE")
    migrate(server.url())
    stage = Stage(
        store_folder, demo=True, store=PostgresStore(server.url()), random_bytes=fake_secrets()
    )
    yield stage
    stage.installation.close()


@pytest.mark.parametrize("size", EVERY_SIZE, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize(
    ("keys", "awaited"), [("4", "Hazards"), ("jr", REVIVED)], ids=["environment", "rotate"]
)
def test_pictures(
    stage: Stage,
    store_folder: Path,
    snap_compare: Callable[..., bool],
    size: tuple[int, int],
    keys: str,
    awaited: str,
) -> None:
    """The Environment page, and the question before a rotation."""
    pictures = Pictures(store_folder, snap_compare)
    pictures.size = size

    async def do(session: Session) -> None:
        await session.press(*keys)
        await session.see(awaited)

    assert pictures.same(stage, do)


async def test_questions_say_what_may_undo_the_change(stage: Stage) -> None:
    stage.service().delete(stage.id_of("Treasury sync"))
    old = stage.id_of("Reporting batch")
    issued = stage.service().replace(old, "Reports")
    issued.lease.close()
    stage.service().confirm(issued.credential.client_id, seen=1, how="checked")
    stage.use("Reports")
    stage.use("Reporting batch", timedelta(hours=25))
    async with portal(stage) as session:
        for keys in ("jd", "x"):
            await session.press(*keys)
            await session.see(REVIVED)
            if keys == "x":
                await session.at(ReplacementDialog)
                assert session.shows("Delete Old One (y)")
            await session.press("escape")
            await session.see_no(REVIVED)


async def test_a_standby_that_confirms_is_no_hazard(stage: Stage, server: Server) -> None:
    server.configure(synchronous_standby_names="second")
    try:
        async with portal(stage) as session:
            await session.press("r")
            await session.see("immediately invalidated")
            await session.press("escape", "4")
            await session.see("Time ")
            await session.until(
                lambda: all(
                    worker.is_finished
                    for worker in session.app.workers
                    if worker.group == "hazards"
                ),
                "answer",
            )
            assert not session.shows(REVIVED)
            assert not session.shows("Hazards")
    finally:
        server.configure(synchronous_standby_names="")
