"""Whether the store answers, and how often somebody looks."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from credtui.domain.errors import StoreError
from credtui.domain.organization import Organization
from credtui.domain.place import Place
from credtui.service.clients import health
from credtui.service.clients.health import StoreHealth
from credtui.store.tinydb.store import TinyDBStore

pytestmark = pytest.mark.each_store


class WatchedStore(TinyDBStore):
    """A store that counts how often it is read, and that can be made to hang."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.looks = 0
        self.goes_on = threading.Event()
        self.goes_on.set()

    def load(self, place: Place) -> Organization:
        self.looks += 1
        self.goes_on.wait()
        return super().load(place)


@pytest.fixture
def store(tmp_path: Path) -> WatchedStore:
    (tmp_path / "store").mkdir()
    return WatchedStore(tmp_path / "store")


async def test_all_who_ask_share_one_look(
    store: WatchedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "LOOK_EVERY", 3600.0)
    watch = StoreHealth(store, ["uat"])
    await asyncio.gather(*(watch.check() for _ in range(500)))
    await watch.check()
    assert store.looks == 1
    monkeypatch.setattr(health, "LOOK_EVERY", 0.0)
    watch = StoreHealth(store, ["uat"])
    for _ in range(3):
        await watch.check()
    assert store.looks == 4


async def test_what_was_seen_is_told_to_all_who_ask(
    store: WatchedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "LOOK_EVERY", 0.0)
    watch = StoreHealth(store, ["uat", "production"])
    away = store._folder.with_name("away")
    store._folder.rename(away)
    asked: list[Any] = await asyncio.gather(
        *(watch.check() for _ in range(3)), return_exceptions=True
    )
    assert [type(answer) for answer in asked] == [StoreError] * 3
    with pytest.raises(StoreError, match="is not there"):
        await watch.check()
    assert not store._folder.exists(), "nobody may make another store"
    away.rename(store._folder)
    await watch.check()


async def test_a_store_that_hangs_keeps_nobody_waiting(
    store: WatchedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "LOOK_EVERY", 0.0)
    monkeypatch.setattr(health, "PATIENCE", 0.1)
    watch = StoreHealth(store, ["uat"])
    store.goes_on.clear()
    try:
        for _ in range(3):
            with pytest.raises(StoreError, match="has not answered"):
                await watch.check()
        assert store.looks == 1, "one look hangs, and not one for each who asks"
    finally:
        store.goes_on.set()
    monkeypatch.setattr(health, "PATIENCE", 60.0)
    await watch.check()
