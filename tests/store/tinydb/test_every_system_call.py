"""A fault in each system call of a change: the system call fails, or kills the process.

Afterwards the store is in order, and everything that the command said is true.
"""

import asyncio
import json
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest
from pydantic import SecretStr

from credtui.domain.audit import Action
from credtui.domain.secrets import matches
from credtui.store.tinydb.store import TinyDBStore
from tests.store.tinydb.tracing import EXPIRY, Call, Ran, Tracer, needs_strace
from tests.store.tinydb.workers import PLACE, Workers, make_service

pytestmark = needs_strace


class Kept(NamedTuple):
    """The part of a store's content that a change may change."""

    organization: object
    operators: object
    events: Sequence[tuple[str, Action, str]]

    @classmethod
    def of(cls, folder: Path) -> "Kept":
        store = TinyDBStore(folder)
        events = [*store.operator_events(), *store.events(PLACE)]
        return cls(
            store.load(PLACE),
            store.operators(),
            [(event.hash, event.action, event.outcome) for event in events],
        )


class Change(NamedTuple):
    """A change that a command makes.

    Attributes:
        words: The command line. FIRST and SECOND in it stand for Client IDs.
        action: The action of the change's audit event.
        done: The words by which the command says that the change was made.
        empty: Whether the change is made in an empty folder.
    """

    words: Sequence[str]
    action: Action
    done: str
    empty: bool = False

    @property
    def issues(self) -> bool:
        return self.action in {Action.ROTATE, Action.GENERATE}


CHANGES = {
    "rotate": Change(["rotate", "FIRST", "--yes"], Action.ROTATE, "Rotated First"),
    "generate": Change(["generate", "New"], Action.GENERATE, "Generated New", empty=True),
    "delete": Change(["delete", "SECOND", "--yes"], Action.DELETE, "Deleted Second"),
    "rename": Change(["rename", "FIRST", "New", "--json"], Action.RENAME, "Renamed "),
    "operator": Change(
        ["operator", "add", "process", "--representative"], Action.ADD_OPERATOR, "Added process"
    ),
}


@pytest.fixture(params=list(CHANGES.values()), ids=list(CHANGES))
def change(request: pytest.FixtureRequest) -> Change:
    found: Change = request.param
    return found


@pytest.fixture
def tracer(workers: Workers, folder: Path) -> Tracer:
    template = folder / "template"
    service = make_service(str(template))
    for name in ("First", "Second"):
        service.generate(name)
    return Tracer(workers, template)


def prepare(tracer: Tracer, change: Change) -> list[str]:
    """Return the command line with the template's Client IDs. Empty the template if needed."""
    if change.empty:
        shutil.rmtree(tracer.template)
        tracer.template.mkdir()
        return list(change.words)
    credentials = TinyDBStore(tracer.template).load(PLACE).credentials
    ids = dict(zip(("FIRST", "SECOND"), (found.client_id for found in credentials), strict=True))
    return [ids.get(word, word) for word in change.words]


def valid(folder: Path, text: str) -> bool:
    """Tell whether this text is the secret of exactly one credential."""
    hashes = [found.secret_hash for found in TinyDBStore(folder).load(PLACE).credentials]
    return [matches(SecretStr(text.strip()), known) for known in hashes].count(True) == 1


def check(change: Change, before: Kept, folder: Path, ran: Ran) -> None:
    """Assert that the command's output is true, and that the store is in order."""
    after = Kept.of(folder)
    added = [event[1:] for event in after.events if event not in before.events]
    done = (after.organization, after.operators) != (before.organization, before.operators)
    assert added.count((change.action, "done")) == done
    assert set(added) <= {(change.action, "done"), (Action.CONFIRM, "done")}
    if "Nothing was changed" in ran.err:
        assert not done
    if change.done in ran.err:
        assert done
    if ran.status == 0:
        assert done
    elif ran.status == 9:
        assert done
        assert "may not survive a power cut" in ran.err
        assert not change.issues or "This secret is valid, but a power cut" in ran.err
    elif ran.status == 8:
        assert done
        assert "Nobody has it" in ran.err
    elif ran.status is not None:
        assert ran.status == 6
        assert ran.err.endswith(".\n")
        assert done == (change.done in ran.err)
    if change.issues and ran.status in (0, 9):
        assert valid(folder, ran.out)
    if "--json" in change.words and ran.status in (0, 9):
        outcome = json.loads(ran.out).get("outcome", "done")
        assert outcome == {0: "done", 9: "perhaps_not_durable"}[ran.status]

    store = TinyDBStore(folder)
    service = make_service(str(folder), "process")
    service.generate("Next")
    assert store.verify_events(PLACE) == store.events(PLACE)[0]
    store.verify_operator_events()
    for credential in store.load(PLACE).credentials:
        client = asyncio.run(store.find_client("uat", credential.client_id))
        assert client is not None
        assert client.place == PLACE


def is_revoked(store: TinyDBStore) -> bool:
    return asyncio.run(store.is_revoked("uat", "token", EXPIRY))


def test_a_command_tells_the_truth_about_its_change(tracer: Tracer, change: Change) -> None:
    words = prepare(tracer, change)
    before = Kept.of(tracer.template)
    calls = tracer.run(tracer.copy(), words).calls
    assert {"rename", "fsync", "flock"} <= {call.name for call in calls}

    def try_it(call: Call, fault: str) -> tuple[int | None, str]:
        folder = tracer.copy()
        ran = tracer.run(folder, words, fault)
        try:
            check(change, before, folder, ran)
        except Exception as error:  # noqa: BLE001  # all problems are reported together
            return ran.status, f"{fault} of {call.line}: {error!r}\n{ran.out}{ran.err}"
        finally:
            shutil.rmtree(folder)
        return ran.status, ""

    with ThreadPoolExecutor(4) as pool:
        tried = [pool.submit(try_it, call, fault) for call in calls for fault in call.faults]
        came_to = [future.result() for future in tried]
    assert not [problem for _, problem in came_to if problem]
    statuses = {status for status, _ in came_to}
    assert statuses >= {None, 0, 6, 9}
    assert (8 in statuses) == change.issues


def test_a_token_is_revoked_if_the_command_says_so(tracer: Tracer) -> None:
    shutil.rmtree(tracer.template)
    tracer.template.mkdir()
    calls = tracer.run(tracer.copy(), ["revoke"]).calls
    for call in calls:
        for fault in call.faults:
            folder = tracer.copy()
            status = tracer.run(folder, ["revoke"], fault).status
            assert status in (None, 0, 6)
            store = TinyDBStore(folder)
            assert status != 0 or is_revoked(store)
            again = tracer.run(folder, ["revoke"])
            assert again.status == 0, fault
            assert [call for call in again.calls if call.name == "fsync"][1:], fault
            assert is_revoked(store)


def test_a_sweep_brings_no_token_back(tracer: Tracer) -> None:
    TinyDBStore(tracer.template).revoke("uat", "token", EXPIRY)
    calls = tracer.run(tracer.copy(), ["sweep"]).calls
    assert {"rename", "fsync", "unlink"} <= {call.name for call in calls}
    for call in calls:
        for fault in call.faults:
            folder = tracer.copy()
            status = tracer.run(folder, ["sweep"], fault).status
            assert status in ([None] if fault == call.kill else [0, 6]), fault
            assert is_revoked(TinyDBStore(folder)), fault
            assert tracer.run(folder, ["sweep"]).status == 0, fault
            assert is_revoked(TinyDBStore(folder)), fault
            assert not list((folder / "uat" / ".revoked").rglob("*.token")), fault


def replacement_of_the_data(calls: Sequence[Call]) -> Call:
    """Return the call that puts the changed file in its place."""
    return next(call for call in calls if call.name == "rename" and '.json"' in call.line)


@pytest.mark.parametrize("change", [CHANGES["rotate"], CHANGES["rename"]], ids=["rotate", "rename"])
def test_an_unreadable_outcome_is_said_to_be_unknown(tracer: Tracer, change: Change) -> None:
    words = prepare(tracer, change)
    before = Kept.of(tracer.template)
    calls = tracer.run(tracer.copy(), words).calls
    rename = replacement_of_the_data(calls)
    opened = [call for call in calls[: calls.index(rename)] if call.name == "openat"]
    unreadable = f"openat:error=EIO:when={opened[-1].number + 1}"
    folder = tracer.copy()
    ran = tracer.run(folder, words, f"rename:error=EIO:when={rename.number}", unreadable)
    assert ran.status == 10
    assert "It is not known whether the change was made" in ran.err
    assert "Nothing was changed" not in ran.err
    assert change.done not in ran.err
    if change.issues:
        assert "This secret may be the valid one." in ran.err
        assert ran.out.startswith("csk_uat_")
    else:
        assert json.loads(ran.out) == {"outcome": "outcome_unknown"}
    assert Kept.of(folder) == before
    store = TinyDBStore(folder)
    make_service(str(folder)).generate("Next")
    assert store.verify_events(PLACE) == store.events(PLACE)[0]


def test_a_rename_that_failed_is_said_to_have_failed(tracer: Tracer) -> None:
    words = prepare(tracer, CHANGES["rotate"])
    before = Kept.of(tracer.template)
    rename = replacement_of_the_data(tracer.run(tracer.copy(), words).calls)
    folder = tracer.copy()
    ran = tracer.run(folder, words, f"rename:error=EIO:when={rename.number}")
    assert ran.status == 6
    assert ran.err.endswith("input/output error. Nothing was changed.\n")
    assert Kept.of(folder) == before


def synced(calls: Sequence[Call], name: str) -> list[int]:
    """Return the places among the calls where a file with this ending is synced."""
    opened: dict[str, str] = {}
    places = []
    for place, call in enumerate(calls):
        if call.name == "openat":
            opened[call.line.rpartition("= ")[2].strip()] = call.line.split('"')[1]
        elif call.name == "fsync":
            descriptor = call.line.removeprefix("fsync(").partition(")")[0]
            if opened.get(descriptor, "").endswith(name):
                places.append(place)
    return places


def test_a_killed_change_s_events_are_synced_before_the_next_change(
    tracer: Tracer,
) -> None:
    """Otherwise a power cut right after the next change's rename would lose two events."""
    words = prepare(tracer, CHANGES["rename"])
    calls = tracer.run(tracer.copy(), words).calls
    (last,) = synced(calls, ".audit.jsonl")
    names = [call.name for call in calls]
    assert last > names.index("rename")
    folder = tracer.copy()
    assert tracer.run(folder, words, calls[last].kill).status is None
    again = [words[0], words[1], "Newer", "--json"]
    after_a_kill = tracer.run(folder, again)
    assert after_a_kill.status == 0
    renamed = [call.name for call in after_a_kill.calls].index("rename")
    assert [place < renamed for place in synced(after_a_kill.calls, ".audit.jsonl")] == [
        True,
        False,
    ]
    assert len(synced(tracer.run(folder, words).calls, ".audit.jsonl")) == 1
