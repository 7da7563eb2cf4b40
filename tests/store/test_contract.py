"""What every store promises."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from credtui.domain.audit import Action
from credtui.domain.models import StoredCredential
from credtui.domain.organization import Organization
from credtui.domain.permissions import Actor, Operator, Operators, Permission
from credtui.domain.place import Place
from credtui.store.port import Store
from credtui.store.tinydb.store import TinyDBStore
from tests.support import ALICE, SECRET_HASH, START, make_credential

ACME = Place("uat", "acme")
BOB = Actor(operator="bob", fingerprint="SHA256:x", channel="command line")

MakeStore = Callable[[], Store]
"""Opens one and the same store again, as another process would."""


def make_tinydb(tmp_path: Path) -> MakeStore:
    return lambda: TinyDBStore(tmp_path / "store")


STORES: dict[str, Callable[[Path], MakeStore]] = {"tinydb": make_tinydb}


def add(store: Store, credential: StoredCredential, place: Place = ACME) -> None:
    with store.transaction(place) as transaction:
        transaction.organization = transaction.organization.generate(credential)
        transaction.record(
            credential.created_at,
            ALICE,
            Action.GENERATE,
            client_id=credential.client_id,
            name=credential.name,
        )


@pytest.mark.parametrize("make", STORES.values(), ids=STORES)
class TestStore:
    @pytest.fixture
    def open_store(self, make: Callable[[Path], MakeStore], tmp_path: Path) -> MakeStore:
        return make(tmp_path)

    @pytest.fixture
    def store(self, open_store: MakeStore) -> Store:
        return open_store()

    def test_nothing_is_kept_at_first(self, store: Store) -> None:
        assert store.load(ACME) == Organization()
        assert store.operators() == Operators()
        assert list(store.events(ACME)) == []
        assert store.verify_events(ACME) is None

    def test_what_was_changed_is_there_for_everybody(
        self, store: Store, open_store: MakeStore
    ) -> None:
        other = open_store()
        add(store, make_credential(1))
        add(other, make_credential(2))
        for reader in (store, other, open_store()):
            organization = reader.load(ACME)
            assert organization.credentials == (make_credential(1), make_credential(2))
            assert organization.primary == make_credential(1).client_id

    def test_every_field_is_kept(self, store: Store) -> None:
        credential = make_credential(1, "Caf\u00e9 \U0001f680 [red]\"'\\ \u0628").model_copy(
            update={
                "rotated_at": START + timedelta(days=3, microseconds=1),
                "generation": 7,
                "confirmed": True,
            }
        )
        add(store, credential)
        (kept,) = store.load(ACME).credentials
        assert kept == credential
        assert kept.secret_hash == SECRET_HASH

    def test_each_kind_of_change(self, store: Store) -> None:
        first, second, third = (make_credential(number) for number in range(1, 4))
        for credential in (first, second, third):
            add(store, credential)
        changes: list[Callable[[Organization], Organization]] = [
            lambda organization: organization.rename(second.client_id, "Batch"),
            lambda organization: organization.rotate(third.client_id, SECRET_HASH, START),
            lambda organization: organization.confirm(third.client_id, seen=2),
            lambda organization: organization.make_primary(second.client_id),
            lambda organization: organization.delete(first.client_id),
            lambda organization: organization.generate(make_credential(4)),
        ]
        expected = store.load(ACME)
        for change in changes:
            expected = change(expected)
            with store.transaction(ACME) as transaction:
                transaction.organization = change(transaction.organization)
                transaction.record(START + timedelta(hours=1), ALICE, Action.RENAME)
            assert store.load(ACME) == expected
        assert len(list(store.events(ACME))) == 3 + len(changes)

    def test_order_of_generation_holds_within_one_instant(self, store: Store) -> None:
        for number in (3, 1, 2):
            add(store, make_credential(number, created_at=START))
        with store.transaction(ACME) as transaction:
            organization = transaction.organization
            client_id = organization.credentials[0].client_id
            transaction.organization = organization.rename(client_id, "Z")
            transaction.record(START, ALICE, Action.RENAME)
        names = [credential.name for credential in store.load(ACME).credentials]
        assert names == ["Z", "Credential 1", "Credential 2"]

    def test_places_are_apart(self, store: Store) -> None:
        places = (
            ACME,
            Place("production", "acme"),
            Place("uat", "acme-2"),
            Place("uat", "operators"),
        )
        for number, place in enumerate(places, start=1):
            add(store, make_credential(number), place)
        for number, place in enumerate(places, start=1):
            assert store.load(place).credentials == (make_credential(number),)
            assert [event.name for event in store.events(place)] == [f"Credential {number}"]

    def test_a_transaction_shows_what_is_kept(self, store: Store) -> None:
        with store.transaction(ACME) as transaction:
            assert transaction.organization == Organization()
            assert transaction.operators == Operators()
            assert transaction.is_new
        add(store, make_credential(1))
        with store.transaction(ACME) as transaction:
            assert transaction.organization == store.load(ACME)
            assert not transaction.is_new

    def test_credentials_keep_the_order_in_which_they_came(self, store: Store) -> None:
        """Whatever the clock said, and whichever is changed later."""
        for number, day in ((1, 0), (2, -1), (3, -9)):
            add(store, make_credential(number, created_at=START + timedelta(days=day)))
        with store.transaction(ACME) as transaction:
            client_id = make_credential(2).client_id
            transaction.organization = transaction.organization.rename(client_id, "Renamed")
            transaction.record(START, ALICE, Action.RENAME)
        kept = store.load(ACME)
        assert [found.client_id for found in kept.credentials] == [
            make_credential(number).client_id for number in (1, 2, 3)
        ]

    def test_an_exception_changes_nothing(self, store: Store) -> None:
        add(store, make_credential(1))
        before, events = store.load(ACME), list(store.events(ACME))

        def fail() -> None:
            with store.transaction(ACME) as transaction:
                transaction.organization = transaction.organization.generate(make_credential(2))
                transaction.record(START, ALICE, Action.GENERATE)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        assert store.load(ACME) == before
        assert list(store.events(ACME)) == events
        add(store, make_credential(3))

    def test_a_change_needs_an_event(self, store: Store) -> None:
        with (
            pytest.raises(RuntimeError, match="needs an audit event"),
            store.transaction(ACME) as transaction,
        ):
            transaction.organization = transaction.organization.generate(make_credential(1))
        assert store.load(ACME) == Organization()

    def test_an_event_needs_no_change(self, store: Store) -> None:
        with store.transaction(ACME) as transaction:
            transaction.record(START, BOB, Action.DELETE, outcome="refused", detail="refused")
        assert store.load(ACME) == Organization()
        (event,) = store.events(ACME)
        assert (event.number, event.at, event.actor) == (1, START, BOB)
        assert (event.action, event.outcome, event.detail) == (Action.DELETE, "refused", "refused")

    def test_several_events_of_one_change(self, store: Store) -> None:
        add(store, make_credential(1))
        with store.transaction(ACME) as transaction:
            for minute in (1, 2, 3):
                at = START + timedelta(hours=1, minutes=minute)
                transaction.record(at, ALICE, Action.VIEW)
        assert [event.number for event in store.events(ACME)] == [4, 3, 2, 1]
        newest = store.verify_events(ACME)
        assert newest is not None
        assert newest.number == 4

    def test_events_are_newest_first_however_many(self, store: Store) -> None:
        for number in range(1, 6):
            with store.transaction(ACME) as transaction:
                for part in range(200):
                    transaction.record(START, ALICE, Action.VIEW, detail=f"{number}.{part} \u00e9")
        events = list(store.events(ACME))
        assert [event.number for event in events] == list(range(1000, 0, -1))
        assert events[0].detail == "5.199 \u00e9"
        assert events[-1].detail == "1.0 \u00e9"
        assert store.verify_events(ACME) == events[0]

    def test_operators(self, store: Store, open_store: MakeStore) -> None:
        ann = Operator(name="ann", permissions={"acme": Permission.CAN_VIEW})
        ray = Operator(name="ray", representative=True)
        with store.operators_transaction() as transaction:
            assert transaction.operators == Operators()
            transaction.operators = Operators(members=(ann, ray))
            transaction.record(START, ALICE, Action.ADD_OPERATOR)
        assert open_store().operators() == Operators(members=(ann, ray))
        with store.transaction(ACME) as held:
            assert held.operators == Operators(members=(ann, ray))
        (event,) = store.operator_events()
        assert event.action is Action.ADD_OPERATOR
        assert store.verify_operator_events() == event
        assert list(store.events(ACME)) == []

    def test_a_watch_tells_once_of_each_change(self, store: Store, open_store: MakeStore) -> None:
        watch = store.watch(ACME)
        assert not watch.changed()
        add(open_store(), make_credential(1))
        assert watch.changed()
        assert not watch.changed()
        add(store, make_credential(2))
        add(store, make_credential(3))
        assert watch.changed()
        assert not watch.changed()
        watch.close()

    def test_a_watch_tells_of_refused_attempts_and_operators(self, store: Store) -> None:
        watch = store.watch(ACME)
        with store.transaction(ACME) as transaction:
            transaction.record(START, ALICE, Action.DELETE, outcome="refused")
        assert watch.changed()
        with store.operators_transaction() as operators_transaction:
            operators_transaction.operators = Operators(members=(Operator(name="ann"),))
            operators_transaction.record(START, ALICE, Action.ADD_OPERATOR)
        assert watch.changed()
        assert not watch.changed()
        watch.close()

    def test_a_watch_is_blind_to_other_places_and_to_looking(self, store: Store) -> None:
        add(store, make_credential(1))
        watch = store.watch(ACME)
        add(store, make_credential(2), Place("uat", "globex"))
        add(store, make_credential(3), Place("production", "acme"))
        store.load(ACME)
        list(store.events(ACME))
        store.verify_events(ACME)
        with store.transaction(ACME):
            pass
        assert not watch.changed()
        watch.close()
        watch.close()

    def test_a_watch_that_began_before_loading_misses_nothing(self, store: Store) -> None:
        watch = store.watch(ACME)
        add(store, make_credential(1))
        seen = store.load(ACME)
        add(store, make_credential(2))
        assert watch.changed()
        assert store.load(ACME) != seen
        watch.close()
