"""Copying while other processes are at work, and copies that are killed."""

import asyncio
import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from credtui.domain.audit import Action, all_events
from credtui.domain.errors import StoreBusyError, StoreMovedError
from credtui.domain.operators import Operators
from credtui.domain.place import Place
from credtui.domain.usage import Usage, hour_of
from credtui.service.copying import copy_store
from credtui.store.port import Store
from tests.store.copied import ANN, address, copyable_at, everything, filled, is_revoked, open_at
from tests.stores import STORES
from tests.support import START

ACME = Place("uat", "acme")
KILLS = 20


def fork(work: Callable[[], None]) -> int:
    """Do a piece of work in a process of its own. Its exit status is 0 if the work ended well."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        work()
        status = 0
    finally:
        os._exit(status)


def copy(source: str, target: str) -> None:
    with closing(copyable_at(source)) as one, closing(copyable_at(target)) as other:
        copy_store(one, other, lambda *_: None)


def write_until_refused(named: str, pipe: int) -> None:
    """Make changes of each kind, and report each one after it was acknowledged."""
    with closing(open_at(named)) as store:
        for number in count():
            token = f"token{os.getpid()}-{number}"
            name = f"{os.getpid()}-{number}"
            work: list[tuple[str, Callable[[], None]]] = [
                (f"event {name}", lambda name=name: record(store, name)),  # type: ignore[misc]
                (f"operator {name}", lambda name=name: record_operator(store, name)),  # type: ignore[misc]
                (f"token {token}", lambda token=token: store.revoke("uat", token, START)),  # type: ignore[misc]
                ("used x", lambda: store.add_usage(ACME, {"cid_1": USED_ONCE})),
            ]
            for report, act in work:
                try:
                    act()
                except StoreBusyError:
                    continue
                except StoreMovedError:
                    os.write(pipe, b"refused x\n")
                    return
                os.write(pipe, f"{report}\n".encode())


USED_ONCE = Usage(issued={hour_of(START): 1})


def record(store: Store, name: str) -> None:
    with store.transaction(ACME) as transaction:
        transaction.record(START, ANN, Action.VIEW, name=name)


def record_operator(store: Store, name: str) -> None:
    with store.operators_transaction() as transaction:
        transaction.operators = Operators(members=tuple(reversed(transaction.operators.members)))
        transaction.record(START, ANN, Action.SET_OPERATOR, name=name)


@pytest.mark.parametrize("kind", STORES)
def test_nothing_is_lost_that_others_wrote_meanwhile(kind: str, tmp_path: Path) -> None:
    source, _ = filled(kind, tmp_path / "source")
    (other,) = {*STORES} - {kind}
    target = address(other, tmp_path / "target")
    reader, writer = os.pipe()
    children = [fork(lambda: write_until_refused(source, writer)) for _ in range(2)]
    os.close(writer)
    try:
        with open(reader) as reports:  # noqa: PTH123
            first = reports.readline()
            copy(source, target)
            done = [first, *reports]  # until both writers have ended
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    assert done.count("refused x\n") == 2
    reported = [line.split() for line in done]
    with closing(open_at(target)) as copied:
        events = {event.name for event in all_events(lambda before: copied.events(ACME, before))}
        about_operators = {event.name for event in all_events(copied.operator_events)}
        for what, name in reported:
            if what == "event":
                assert name in events
            elif what == "operator":
                assert name in about_operators
            elif what == "token":
                assert asyncio.run(is_revoked(copied, "uat", name, START))
        used = sum(what == "used" for what, _ in reported)
        assert copied.usage(ACME)["cid_1"].issued == {hour_of(START): used}


def test_a_copy_that_is_killed_leaves_one_truth_and_can_be_gone_on_with(tmp_path: Path) -> None:
    """Copy there and back, and kill the copies at random instants."""
    chance = random.Random(12)
    source, _ = filled("tinydb", tmp_path / "0")
    targets = (
        address(kind, tmp_path / f"{number}")
        for number in count(1)
        for kind in ("postgres" if number % 2 else "tinydb",)
    )
    target = next(targets)
    kills, finished, longest = 0, 0, 0.5
    with closing(open_at(source)) as store:
        expected = everything(store)
    while kills < KILLS or not finished:
        started = time.monotonic()
        child = fork(lambda: copy(source, target))  # noqa: B023
        if kills < KILLS:
            time.sleep(chance.uniform(0, longest))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if status == signal.SIGKILL:
            kills += 1
        elif status == 0:
            longest = time.monotonic() - started
        with closing(copyable_at(source)) as one, closing(copyable_at(target)) as other:
            source_used = one.mark() is None
            target_used = other.mark() is None and not other.is_empty()
        assert not (source_used and target_used)
        if target_used:
            finished += 1
            source, target = target, next(targets)
            with closing(open_at(source)) as store:
                assert everything(store) == expected
        elif source_used:
            with closing(open_at(source)) as store:
                record(store, "after a kill")
                expected = everything(store)
