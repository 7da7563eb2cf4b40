"""Copying a store to another one, of the same kind and of the other kind."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import datetime
from itertools import count, product
from pathlib import Path
from threading import Thread

import pytest
from pydantic import SecretStr

from credtui.domain.audit import Action
from credtui.domain.errors import (
    AuditTamperedError,
    CopyDiffersError,
    CopyRefusedError,
    StoreBusyError,
    StoreCorruptError,
    StoreError,
    StoreMovedError,
    StoreUnfinishedError,
)
from credtui.domain.place import Place
from credtui.domain.secrets import matches
from credtui.service.copying import Copied, copy_store
from credtui.store.marks import Mark
from credtui.store.port import Store
from credtui.store.tinydb.mark_file import MarkFile
from credtui.store.tinydb.token_files import Revocations
from tests.store.copied import (
    ANN,
    USED,
    address,
    copyable_at,
    everything,
    filled,
    is_revoked,
    open_at,
)
from tests.stores import STORES
from tests.support import START, make_credential

ACME = Place("uat", "acme")
INITECH = Place("uat", "initech")
NOBODY = "cid_" + "0" * 16
DIRECTIONS = list(product(STORES, STORES))

Progress = Callable[[str, int, int], None]


def copy(source: str, target: str, progress: Progress = lambda *_: None) -> Copied:
    with closing(copyable_at(source)) as one, closing(copyable_at(target)) as other:
        return copy_store(one, other, progress)


@pytest.fixture(params=DIRECTIONS, ids=[f"{one} to {other}" for one, other in DIRECTIONS])
def direction(request: pytest.FixtureRequest) -> tuple[str, str]:
    found: tuple[str, str] = request.param
    return found


@pytest.fixture
def rich(direction: tuple[str, str], tmp_path: Path) -> tuple[str, Mapping[str, str]]:
    return filled(direction[0], tmp_path / "source")


@pytest.fixture
def source(rich: tuple[str, Mapping[str, str]]) -> str:
    return rich[0]


@pytest.fixture
def secrets(rich: tuple[str, Mapping[str, str]]) -> Mapping[str, str]:
    return rich[1]


@pytest.fixture
def target(direction: tuple[str, str], tmp_path: Path) -> str:
    return address(direction[1], tmp_path / "target")


@pytest.fixture
def store(source: str) -> Iterator[Store]:
    """The source, opened before it is copied, as a running portal has it."""
    store = open_at(source)
    yield store
    store.close()


def change(store: Store, place: Place = ACME, name: str = "changed") -> str:
    """Make a change, and return the hash of its event."""
    with store.transaction(place) as transaction:
        transaction.record(START, ANN, Action.RENAME, name=name)
    return store.events(place, limit=1)[0].hash


def refuse_everything(store: Store, kind: type[StoreError]) -> None:
    """Check that a store takes no change and answers no client."""
    attempts: list[Callable[[], object]] = [
        lambda: change(store),
        lambda: change(store, Place("elsewhere", "newcomer")),
        lambda: hold_operators(store),
        lambda: store.add_usage(ACME, {"cid_1": USED}),
        lambda: store.keep_theme("ann", "dark"),
        lambda: store.token_key(lambda length: b"x" * length),
        lambda: store.revoke("uat", "late", START),
        lambda: asyncio.run(find(store, "uat", NOBODY)),
        lambda: asyncio.run(find_bearer(store)),
    ]
    for work in attempts:
        with pytest.raises(kind):
            work()


def hold_operators(store: Store) -> None:
    with store.operators_transaction():
        pass


async def find(store: Store, environment: str, client_id: str) -> object:
    return await store.find_client(environment, client_id)


async def find_bearer(store: Store) -> object:
    return await store.find_bearer("uat", NOBODY, "late", START)


def test_everything_is_copied_and_the_copy_takes_over(
    store: Store, source: str, target: str, secrets: Mapping[str, str]
) -> None:
    before = everything(store)
    copied = copy(source, target)
    assert copied.now
    assert copied.compared == {
        "organizations": 4,
        "credentials": 8,
        "secret_hashes": 8 + 4 * 2,
        "generations": 8,
        "audit_events": sum(
            len(found[1]) for name, found in before.items() if name.startswith("Place")
        )
        + len(before["operator events"]),
        "operators": 4,
        "operator_keys": 1,
        "permissions": 3,
        "used_credentials": 8,
        "token_keys": 1,
        "revoked_tokens": 2,
        "swept_spans": 2,
        "themes": 3,
    }
    assert copied.compared["audit_events"] > 220
    with closing(open_at(target)) as taken_over:
        assert everything(taken_over) == before
        for client_id, secret in secrets.items():
            clients = [
                asyncio.run(find(taken_over, environment, client_id))
                for environment in ("uat", "production")
            ]
            (client,) = filter(None, clients)
            assert matches(SecretStr(secret), client.credential.secret_hash)  # type: ignore[attr-defined]
        change(taken_over)
        taken_over.add_usage(ACME, {"cid_1": USED})
        taken_over.keep_theme("ann", "dark")
        taken_over.revoke("uat", "late", START)
        taken_over.verify_events(ACME)


def test_the_source_refuses_all_but_reading_from_then_on(
    store: Store, source: str, target: str
) -> None:
    places = [ACME, Place("production", "initech")]
    asyncio.run(find(store, "uat", store.load(ACME).credentials[0].client_id))
    before = [store.load(place) for place in places], store.operators()
    copy(source, target)
    with closing(open_at(source)) as again, closing(copyable_at(target)) as other:
        for opened in (store, again):
            refuse_everything(opened, StoreMovedError)
            assert ([opened.load(place) for place in places], opened.operators()) == before
            assert opened.verify_events(ACME)
            assert other.name in opened.hazards()[0]
    assert not copy(source, target).now


def test_changes_during_the_first_pass_arrive(store: Store, source: str, target: str) -> None:
    done: list[str] = []

    def interfere(step: str, number: int, total: int) -> None:
        if step != "Copying" or number < total:
            return
        names = {one.client_id: one.name for one in store.load(ACME).credentials}
        (first, one), (second, other) = names.items()
        done.append(change(store))
        done.append(change(store, INITECH, "a new place"))
        with store.transaction(ACME) as transaction:
            changed = transaction.organization.rename(first, "on the way")
            transaction.organization = changed.make_primary(first).generate(make_credential(9))
            transaction.record(START, ANN, Action.RENAME)
        for client_id, name in ((second, one), (first, other)):
            with store.transaction(ACME) as transaction:
                transaction.organization = transaction.organization.rename(client_id, name)
                transaction.record(START, ANN, Action.RENAME)
        with store.operators_transaction() as transaction_of_all:
            operators = transaction_of_all.operators
            moved = (*operators.members[1:], operators.members[0])
            transaction_of_all.operators = operators.model_copy(update={"members": moved})
            transaction_of_all.record(START, ANN, Action.SET_OPERATOR)
        store.add_usage(ACME, {"cid_1": USED, first: USED})
        store.keep_theme("carol", "dark")
        store.revoke("uat", "between", START)
        store.sweep_revocations("uat", START.replace(year=2027))
        done.append("more")

    copy(source, target, interfere)
    assert done[-1] == "more"
    with closing(open_at(target)) as copied:
        assert done[0] in {event.hash for event in copied.events(ACME)}
        assert copied.events(INITECH)[0].hash == done[1]
        assert len(copied.load(ACME).credentials) == 3
        assert copied.theme_of("carol") == "dark"
        assert asyncio.run(is_revoked(copied, "uat", "between", START))


def test_an_unfinished_copy_is_refused_and_gone_on_with(
    store: Store, source: str, target: str
) -> None:
    early = open_at(target)

    def break_off(step: str, number: int, total: int) -> None:
        if number == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy(source, target, break_off)
    change(store)
    refuse_everything(early, StoreUnfinishedError)
    early.close()
    with pytest.raises(StoreUnfinishedError), closing(open_at(target)) as opened:
        opened.organizations()
    before = everything(store)
    copy(source, target)
    with closing(open_at(target)) as copied:
        assert everything(copied) == before


@pytest.mark.parametrize("step", ["Copying changes", "Comparing"])
def test_the_source_goes_on_after_a_copy_that_failed_at_its_end(
    store: Store, source: str, target: str, step: str
) -> None:
    refused: list[bool] = []

    def break_off(now: str, number: int, total: int) -> None:
        if now == step:
            with pytest.raises(StoreMovedError):
                change(store)
            refused.append(True)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy(source, target, break_off)
    assert refused
    change(store)
    before = everything(store)
    copy(source, target)
    with closing(open_at(target)) as copied:
        assert everything(copied) == before


def test_two_copies_at_once_are_refused(store: Store, source: str, target: str) -> None:
    refused = count()

    def copy_again(step: str, number: int, total: int) -> None:
        if number == 1:
            with pytest.raises(StoreBusyError):
                copy(source, target)
            next(refused)

    copy(source, target, copy_again)
    assert next(refused) == 3


def test_what_cant_be_a_target(store: Store, source: str, target: str, tmp_path: Path) -> None:
    for kind in STORES:
        with closing(open_at(address(kind, tmp_path / f"used {kind}"))) as used:
            used.token_key(lambda length: b"x" * length)
        with pytest.raises(CopyRefusedError, match="is not empty"):
            copy(source, address(kind, tmp_path / f"used {kind}"))
    with pytest.raises(CopyRefusedError, match="Name two stores"):
        copy(source, source)
    with pytest.raises(CopyRefusedError, match="nothing to copy"):
        copy(address("tinydb", tmp_path / "used tinydb"), target)
    change(store)
    copy(source, target)
    third = address("tinydb", tmp_path / "third")
    with pytest.raises(StoreMovedError):
        copy(source, third)
    with pytest.raises(CopyRefusedError, match="still holds what was copied to"):
        copy(target, source)
    copy(target, third)
    with closing(open_at(third)) as back:
        change(back)


def test_a_copy_of_another_store_is_no_target(
    store: Store, source: str, target: str, tmp_path: Path
) -> None:

    def break_off(step: str, number: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy(source, target, break_off)
    other = address("tinydb", tmp_path / "other")
    with closing(open_at(other)) as opened:
        change(opened)
    with pytest.raises(CopyRefusedError, match="is an unfinished copy of"):
        copy(other, target)
    with pytest.raises(StoreUnfinishedError):
        copy(target, other + "2") if "://" not in target else copy(target, str(tmp_path / "x"))


def test_a_copy_that_differs_is_not_used(store: Store, source: str, target: str) -> None:

    def tamper(step: str, number: int, total: int) -> None:
        if step == "Comparing" and number == 1:
            with closing(copyable_at(target)) as unfinished:
                unfinished.put_usage(ACME, {})

    with pytest.raises(CopyDiffersError, match="the usage of acme in uat"):
        copy(source, target, tamper)
    change(store)
    with closing(copyable_at(target)) as unfinished, closing(copyable_at(source)) as used:
        assert unfinished.mark() == Mark("unfinished", used.name)
        assert used.mark() is None
    assert copy(source, target).now


def test_a_damaged_source_is_not_frozen(tmp_path: Path) -> None:
    folder = Path(filled("tinydb", tmp_path / "source")[0])
    with closing(open_at(str(folder))) as store:
        log = folder / "uat" / "acme.audit.jsonl"
        log.write_text(log.read_text().replace("Payouts", "Payins", 1))
        with pytest.raises(AuditTamperedError, match="acme in uat"):
            copy(str(folder), str(tmp_path / "target"))
        change(store, Place("uat", "globex"))


@pytest.mark.parametrize("kind", STORES)
def test_a_store_is_frozen_after_the_changes_that_are_under_way(kind: str, tmp_path: Path) -> None:
    named, _ = filled(kind, tmp_path / "store")
    with closing(open_at(named)) as store, closing(copyable_at(named)) as frozen:
        freezing = Thread(target=frozen.set_mark, args=[Mark("moved", "elsewhere")])
        with store.transaction(ACME) as transaction:
            transaction.record(START, ANN, Action.RENAME, name="under way")
            freezing.start()
            freezing.join(0.5)
            assert freezing.is_alive()
        freezing.join()
        assert store.events(ACME, limit=1)[0].name == "under way"
        with pytest.raises(StoreMovedError):
            change(store)


def test_a_revocation_that_a_copy_may_lack_is_not_acknowledged(tmp_path: Path) -> None:
    class Overtaken(Revocations):
        def _add(self, token: str, expires_at: datetime) -> None:
            super()._add(token, expires_at)
            MarkFile(tmp_path).write(Mark("moved", "elsewhere"))

    with pytest.raises(StoreMovedError):
        Overtaken(tmp_path / "uat").add("token", START)


def test_a_damaged_mark_lets_nobody_in(tmp_path: Path) -> None:
    folder = Path(filled("tinydb", tmp_path / "store")[0])
    (folder / "copy.json").write_text('{"kind": "moved"}')
    with closing(open_at(str(folder))) as store, pytest.raises(StoreCorruptError):
        change(store)
