"""While the store can't be read, the portal says so, and keeps what is on screen."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from textual.widgets import Input

from credtui.store.port import Store
from credtui.store.postgres import changes
from credtui.store.postgres.migrate import migrate
from credtui.store.postgres.store import PostgresStore
from credtui.store.tinydb.store import TinyDBStore
from credtui.tui.dialogs.name import NameDialog
from credtui.tui.dialogs.secret import SecretDialog
from credtui.tui.screens.main import MainScreen
from credtui.tui.verbs.show_secret import LATER
from tests.postgres.server import Server
from tests.tui.apps import Session, Stage, portal
from tests.tui.test_pictures import EVERY_SIZE, Pictures
from tests.tui.test_secret_dialog import shown_secret

OFFLINE = "Offline: what you see is from 09:30 UTC."
REFUSED = "That can't be done while the portal is offline."


class Place(ABC):
    """Where a store keeps its data. It can be taken away."""

    gone: str
    """How the sentence about it ends."""

    @abstractmethod
    def open(self) -> Store: ...

    @abstractmethod
    def take_away(self) -> None: ...

    @abstractmethod
    def bring_back(self) -> None: ...


class Folder(Place):
    gone = "is not there. Was its disk taken away?"

    def __init__(self, path: Path) -> None:
        self._path, self._elsewhere = path, path.with_name("elsewhere")

    def open(self) -> Store:
        return TinyDBStore(self._path)

    def take_away(self) -> None:
        self._path.rename(self._elsewhere)

    def bring_back(self) -> None:
        self._elsewhere.rename(self._path)


class Database(Place):
    gone = "can't be reached: Connection refused."

    def __init__(self, server: Server) -> None:
        self.server = server
        migrate(server.url())

    def open(self) -> Store:
        return PostgresStore(f"{self.server.url()}?connect_timeout=2")

    def take_away(self) -> None:
        self.server.kill()

    def bring_back(self) -> None:
        self.server.start()


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setattr(changes, "LOOK_EVERY", 0.1)
    with Server.create() as server:
        yield Database(server)


@pytest.fixture(params=["tinydb", "postgres"])
def place(request: pytest.FixtureRequest, store_folder: Path) -> Place:
    if request.param == "tinydb":
        return Folder(store_folder)
    found = request.getfixturevalue("database")
    assert isinstance(found, Database)
    return found


@pytest.fixture
def two(place: Place, store_folder: Path) -> Iterator[Stage]:
    stage = Stage(store_folder, store=place.open())
    stage.add("Payout gateway", "Reporting batch")
    yield stage
    stage.installation.close()


async def go_offline(session: Session, place: Place) -> None:
    await asyncio.to_thread(place.take_away)
    await session.see(OFFLINE)


async def come_back(session: Session, place: Place) -> None:
    await asyncio.to_thread(place.bring_back)
    await session.see_no(OFFLINE)


async def rotate(session: Session) -> None:
    await session.press("r")
    await session.see("immediately invalidated")
    await session.press("y")
    await session.at(SecretDialog)


async def test_the_page_stays_and_no_change_is_lost(two: Stage, place: Place) -> None:
    async with portal(two) as session:
        await session.press("n")
        await session.write("Treasury")
        await go_offline(session, place)
        await session.press("enter")
        await session.see(f"{place.gone} Nothing was changed.")
        name = (await session.at(NameDialog)).query_one("#name", Input)
        assert name.value == "Treasury"
        await session.press("escape")
        for key in "nre":
            await session.press(key)
            assert session.messages == [REFUSED]
        await session.press("4", "1")
        assert session.shows(OFFLINE)
        assert session.shows("Reporting batch")
        await come_back(session, place)
        two.service().rename(two.id_of("Reporting batch"), "Reports")
        await session.see("Reports")
    assert len(two.names) == 2


async def test_a_confirmed_change_is_refused(two: Stage, place: Place) -> None:
    async with portal(two) as session:
        await session.press("r")
        await session.see("immediately invalidated")
        await go_offline(session, place)
        await session.press("y")
        await session.until(lambda: bool(session.messages), "a message")
        assert session.messages[0].endswith(f"{place.gone} Nothing was changed.")
        await session.press("q")
        assert session.ended
    place.bring_back()
    assert two.page.credentials[0].generation == 1


async def test_a_secret_stays_and_how_it_was_kept_is_recorded_later(
    two: Stage, place: Place
) -> None:
    async with portal(two) as session:
        await rotate(session)
        secret = shown_secret(session)
        await go_offline(session, place)
        assert shown_secret(session) == secret
        await session.press("escape")
        await session.see("Close without saving?")
        await session.press("escape")
        await session.at(SecretDialog)
        assert shown_secret(session) == secret
        await session.paste(secret)
        await session.see("Your copy matches the secret.")
        assert session.shows(OFFLINE)
        await session.press("enter")
        await session.at(MainScreen)
        await session.see("Payout gateway rotated. Clients need the new secret. " + LATER)
        await come_back(session, place)
        await session.until(lambda: two.page.credentials[0].handover is not None, "the record")
    handover = two.page.credentials[0].handover
    assert handover
    assert handover.how == "checked"


@pytest.mark.parametrize("size", EVERY_SIZE, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("where", ["page", "secret"])
def test_pictures(
    database: Database,
    store_folder: Path,
    snap_compare: Callable[..., bool],
    size: tuple[int, int],
    where: str,
) -> None:
    """The page with a refusal, and the dialog with a secret."""
    # The port differs each time, and isn't shown if it isn't beside the host.
    url = f"postgresql:///postgres?host=127.0.0.1&port={database.server.port}&user=postgres"
    pictures = Pictures(store_folder, snap_compare)
    pictures.size = size
    stage = pictures.stage(demo=True, store=PostgresStore(url))

    async def do(session: Session) -> None:
        if where == "secret":
            await rotate(session)
        await go_offline(session, database)
        if where == "page":
            await session.press("r")
            await session.see(REFUSED)

    assert pictures.same(stage, do)
