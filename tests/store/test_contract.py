"""What every store promises."""

import asyncio
import os
import pickle
import signal
import subprocess
import sys
from base64 import b64decode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, aclosing, contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from pydantic import SecretStr

from credtui.domain.audit import Action, all_events
from credtui.domain.client import Client
from credtui.domain.errors import InvalidOrganizationError
from credtui.domain.lease import Lease
from credtui.domain.models import Handover, StoredCredential
from credtui.domain.operators import Operators
from credtui.domain.organization import Organization
from credtui.domain.permissions import Actor, Operator, Permission
from credtui.domain.place import Place
from credtui.domain.ssh_keys import parse_public_key
from credtui.domain.standing import Standing
from credtui.domain.usage import Caller, PreviousSecretUse, Usage, hour_of
from credtui.store.port import Store
from tests.postgres.server import wait
from tests.support import (
    ALICE,
    SECRET_HASH,
    START,
    Watch,
    make_credential,
    seeded_bytes,
    set_all_operators,
)
from tests.terminal import TIMEOUT

ACME = Place("uat", "acme")
PUBLIC_KEY = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHYjv2uVkBPFkcXVwQqKp3nSXp8DRDk8p6VsB6x6bXvG ann@laptop"
)
OTHER_HASH = SecretStr("$2b$04$" + "x" * 53)
BOB = Actor(operator="bob", fingerprint="SHA256:x", channel="command line")

LEASE = Lease(
    client_id=make_credential(1).client_id,
    generation=2,
    operator="alice",
    address="198.51.100.7",
    since=START,
)

MakeStore = Callable[[], Store]
"""Opens the same store again, as another process would."""


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


BEARERS = {"uat": make_credential(1), "production": make_credential(2)}
"""A client of each environment, which access tokens are issued to."""


def add_bearers(store: Store) -> None:
    for environment, credential in BEARERS.items():
        add(store, credential, Place(environment, "acme"))


async def is_revoked(store: Store, environment: str, token: str, expires_at: datetime) -> bool:
    bearer = BEARERS[environment]
    client = await store.find_bearer(environment, bearer.client_id, token, expires_at)
    assert client is None or client.credential == bearer
    return client is None


@contextmanager
def hold_lease(store: Store, lease: Lease = LEASE) -> Iterator[None]:
    """Take a lease in a transaction, and hold it longer."""
    with ExitStack() as held:
        with store.transaction(ACME) as transaction:
            held.enter_context(transaction.hold_lease(lease))
        yield


@contextmanager
def lease_of_another_process(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Let another process take a lease, and hold it until its standard input ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.store.hold_lease", folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.each_store
class TestStore:
    def test_nothing_is_kept_at_first(self, store: Store) -> None:
        assert store.load(ACME) == Organization()
        assert store.operators() == Operators()
        assert store.events(ACME) == []
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

    def test_a_pickled_store_opens_the_same_data(self, store: Store) -> None:
        store.version(ACME)
        add(store, make_credential(1))
        asyncio.run(store.find_client("uat", make_credential(1).client_id))
        other: Store = pickle.loads(pickle.dumps(store))  # noqa: S301
        assert other.load(ACME) == store.load(ACME)
        other.close()

    def test_every_field_is_kept(self, store: Store) -> None:
        credential = make_credential(1, "Caf\u00e9 \U0001f680 [red]\"'\\ \u0628").model_copy(
            update={
                "rotated_at": START + timedelta(days=3, microseconds=1),
                "generation": 7,
                "handover": Handover(how="checked", at=START),
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
            lambda organization: organization.confirm(
                third.client_id, Handover(how="sent", at=START), seen=2
            ),
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
        assert len(store.events(ACME)) == 3 + len(changes)

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
        add(store, make_credential(1))
        with store.transaction(ACME) as transaction:
            assert transaction.organization == store.load(ACME)

    def test_credentials_keep_the_order_in_which_they_came(self, store: Store) -> None:
        """Neither the clock nor a later change moves a credential."""
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
        before, events = store.load(ACME), store.events(ACME)

        def fail() -> None:
            with store.transaction(ACME) as transaction:
                transaction.organization = transaction.organization.generate(make_credential(2))
                transaction.record(START, ALICE, Action.GENERATE)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        assert store.load(ACME) == before
        assert store.events(ACME) == events
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
        events = list(all_events(partial(store.events, ACME)))
        assert [event.number for event in events] == list(range(1000, 0, -1))
        assert events[0].detail == "5.199 \u00e9"
        assert events[-1].detail == "1.0 \u00e9"
        assert store.verify_events(ACME) == events[0]

    def test_events_come_in_pages(self, store: Store) -> None:
        for _ in range(7):
            with store.transaction(ACME) as transaction:
                for _ in range(3):
                    transaction.record(START, ALICE, Action.VIEW)
        every = store.events(ACME)
        assert [event.number for event in every] == list(range(21, 0, -1))
        for before in range(1, 24):
            for limit in (1, 2, 30):
                expected = [event for event in every if event.number < before][:limit]
                assert list(store.events(ACME, before, limit)) == expected
        assert list(store.events(ACME, limit=4)) == list(every[:4])
        with store.transaction(ACME) as transaction:
            assert list(transaction.latest_events(4)) == list(every[:4])
        assert list(store.operator_events(5, 5)) == []

    def test_an_organization_exists_from_its_first_event_on(self, store: Store) -> None:
        with store.operators_transaction() as operators_transaction:
            assert not operators_transaction.has_organization("acme")
            operators_transaction.record(START, ALICE, Action.VIEW, outcome="refused", name="acme")
        assert list(store.organizations()) == []
        with store.transaction(ACME) as transaction:
            transaction.record(START, ALICE, Action.CREATE_ORGANIZATION)
        assert list(store.organizations()) == ["acme"]
        with store.operators_transaction() as operators_transaction:
            assert operators_transaction.has_organization("acme")
            assert not operators_transaction.has_organization("globex")

    def test_an_organization_is_created_while_the_operators_are_held(self, store: Store) -> None:
        def fail() -> None:
            with store.operators_transaction() as transaction:
                transaction.create_organization(ACME)
                transaction.record(START, ALICE, Action.CREATE_ORGANIZATION)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        with store.operators_transaction() as transaction:
            transaction.create_organization(ACME)
        assert list(store.organizations()) == []
        with store.operators_transaction() as transaction:
            transaction.create_organization(ACME)
            transaction.record(START, ALICE, Action.CREATE_ORGANIZATION, name="acme")
        assert transaction.doubt is None
        assert list(store.organizations()) == ["acme"]
        (event,) = store.events(ACME)
        assert (event.number, event.action, event.name) == (1, Action.CREATE_ORGANIZATION, "acme")
        assert list(store.operator_events()) == []

    def test_a_transaction_that_creates_an_organization_changes_no_operators(
        self, store: Store
    ) -> None:
        def change_both() -> None:
            with store.operators_transaction() as transaction:
                transaction.create_organization(ACME)
                transaction.operators = Operators(members=(Operator(name="ann"),))
                transaction.record(START, ALICE, Action.CREATE_ORGANIZATION)

        with pytest.raises(RuntimeError, match="needs an audit event"):
            change_both()
        assert list(store.organizations()) == []
        assert store.operators() == Operators()

    def test_an_organization_is_created_once_by_many_at_the_same_time(
        self, open_store: MakeStore
    ) -> None:
        def create(environment: str) -> bool:
            with open_store().operators_transaction() as transaction:
                if transaction.has_organization("acme"):
                    return False
                transaction.create_organization(Place(environment, "acme"))
                transaction.record(START, ALICE, Action.CREATE_ORGANIZATION)
                return True

        with ThreadPoolExecutor() as pool:
            created = list(pool.map(create, ("uat", "production", "staging")))
        assert created.count(True) == 1

    def test_a_transaction_tells_of_usage(self, store: Store) -> None:
        add(store, make_credential(1))
        used = Usage(last_used_at=START, last_used_from="10.0.0.5")
        store.add_usage(ACME, {make_credential(1).client_id: used})
        with store.transaction(ACME) as transaction:
            assert transaction.usage() == {make_credential(1).client_id: used}

    def test_what_an_actor_is(self, store: Store) -> None:
        key = parse_public_key(PUBLIC_KEY)
        ann = Operator(name="ann", keys=(key.line,), permissions={"globex": Permission.CAN_VIEW})
        ray = Operator(name="ray", representative=True)
        by_key = Actor(operator="ann", fingerprint=key.fingerprint)
        self.assert_standing(store, by_key, None, personal=True, known={"acme", "globex", "amce"})
        set_all_operators(store, ann, ray)
        add(store, make_credential(1))
        for actor, operator in (
            (by_key, ann),
            (Actor(operator="ann"), ann),
            (Actor(operator="ann", fingerprint="SHA256:" + "x" * 43), None),
            (Actor(operator="ray"), ray),
            (Actor(operator="An"), None),
        ):
            self.assert_standing(store, actor, operator, personal=False, known={"acme", "globex"})

    def assert_standing(
        self,
        store: Store,
        actor: Actor,
        operator: Operator | None,
        *,
        personal: bool,
        known: set[str],
    ) -> None:
        grantor = None if personal else "ray"
        expected = Standing(actor=actor, operator=operator, personal=personal, grantor=grantor)
        assert store.standing(actor) == expected
        for name in ("acme", "globex", "amce"):
            within = expected.within(name, known=name in known)
            assert store.standing_in(name, actor) == within
            for environment in ("uat", "production"):
                with store.transaction(Place(environment, name)) as transaction:
                    assert transaction.standing(actor) == within

    def test_an_operator_is_found_by_key(self, store: Store) -> None:
        key = parse_public_key(PUBLIC_KEY)
        ann = Operator(name="ann", keys=(key.line,), representative=True)
        assert list(store.operators_for_key(b64decode(key.data))) == []
        with store.operators_transaction() as transaction:
            transaction.operators = Operators(members=(ann, Operator(name="bob")))
            transaction.record(START, ALICE, Action.ADD_OPERATOR)
        assert list(store.operators_for_key(b64decode(key.data))) == ["ann"]
        assert list(store.operators_for_key(b"x")) == []

    def test_operators(self, store: Store, open_store: MakeStore) -> None:
        ann = Operator(name="ann", permissions={"acme": Permission.CAN_VIEW})
        ray = Operator(name="ray", representative=True)
        with store.operators_transaction() as transaction:
            assert transaction.operators == Operators()
            transaction.operators = Operators(members=(ann, ray))
            transaction.record(START, ALICE, Action.ADD_OPERATOR)
        assert open_store().operators() == Operators(members=(ann, ray))
        (event,) = store.operator_events()
        assert event.action is Action.ADD_OPERATOR
        assert store.verify_operator_events() == event
        assert store.events(ACME) == []

    async def test_a_client_is_found_as_it_is_kept_at_that_moment(
        self, store: Store, open_store: MakeStore
    ) -> None:
        credential, other = make_credential(1), make_credential(2)
        writer = open_store()
        add(writer, credential)
        add(writer, other, Place("uat", "globex"))
        changes: list[Callable[[Organization], Organization]] = [
            lambda organization: organization.rename(credential.client_id, "Renamed"),
            lambda organization: organization.rotate(credential.client_id, OTHER_HASH, START),
            lambda organization: organization.set_networks(["192.0.2.0/24"]),
        ]
        for change in [lambda organization: organization, *changes]:
            with writer.transaction(ACME) as transaction:
                transaction.organization = change(transaction.organization)
                transaction.record(START + timedelta(hours=1), ALICE, Action.RENAME)
            kept = writer.load(ACME)
            expected = Client(ACME, kept.credentials[0], kept.networks)
            for reader in (store, writer, store):
                assert await reader.find_client("uat", credential.client_id) == expected
        found = await store.find_client("uat", other.client_id)
        assert found is not None
        assert found.place == Place("uat", "globex")

    async def test_a_client_is_found_in_its_environment_only(self, store: Store) -> None:
        add(store, make_credential(1))
        assert await store.find_client("production", make_credential(1).client_id) is None

    async def test_a_deleted_client_is_found_no_more(
        self, store: Store, open_store: MakeStore
    ) -> None:
        for number in (1, 2):
            add(store, make_credential(number))
        client_id = make_credential(2).client_id
        assert await store.find_client("uat", client_id) is not None
        with open_store().transaction(ACME) as transaction:
            transaction.organization = transaction.organization.delete(client_id)
            transaction.record(START + timedelta(hours=1), ALICE, Action.DELETE)
        assert await store.find_client("uat", client_id) is None
        assert await store.find_client("uat", make_credential(1).client_id) is not None

    async def test_clients_are_found_by_many_at_once(self, store: Store) -> None:
        for number in (1, 2, 3):
            add(store, make_credential(number))
        ids = [make_credential(number).client_id for number in range(1, 6)] * 20
        found = await asyncio.gather(*(store.find_client("uat", client_id) for client_id in ids))
        assert [client.client_id if client else None for client in found] == [
            *[*ids[:3], None, None] * 20
        ]

    def test_a_refused_generation_leaves_nobody_to_find(self, store: Store) -> None:
        credential = make_credential(1)

        def fail() -> None:
            with store.transaction(ACME) as transaction:
                transaction.organization = transaction.organization.generate(credential)
                transaction.record(START, ALICE, Action.GENERATE)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        assert asyncio.run(store.find_client("uat", credential.client_id)) is None

    def test_usage_adds_up(self, store: Store, open_store: MakeStore) -> None:
        client_id, other = make_credential(1).client_id, make_credential(2).client_id
        add(store, make_credential(1))
        assert store.usage(ACME) == {}
        used = Usage(
            last_used_at=START,
            last_used_from="10.0.0.5",
            issued={hour_of(START): 3},
            callers=(
                Caller(address="10.0.0.5", generation=2, last_at=START, issued={hour_of(START): 3}),
            ),
            previous_secret=PreviousSecretUse(
                generation=2, count=1, last_at=START, last_from="::1"
            ),
        )
        watch = Watch(lambda: store.version(ACME))
        for place in (ACME, Place("uat", "globex")):
            store.add_usage(place, {client_id: used})
        assert watch.changed()
        assert not watch.changed()
        assert open_store().usage(ACME) == {client_id: used}
        open_store().add_usage(ACME, {client_id: used, other: used})
        usage = store.usage(ACME)
        assert usage[client_id] == used.merged(used)
        assert usage[client_id].issued_lately(START) == 6
        assert usage[other] == used

    def test_the_token_key_is_made_once(self, store: Store, open_store: MakeStore) -> None:
        key = store.token_key(seeded_bytes(1))
        assert len(key) >= 32
        assert open_store().token_key(seeded_bytes(2)) == key

    def test_several_credentials_of_one_change_keep_their_order(self, store: Store) -> None:
        credentials = [make_credential(number) for number in (3, 1, 2)]
        with store.transaction(ACME) as transaction:
            for credential in credentials:
                transaction.organization = transaction.organization.generate(credential)
            transaction.record(START, ALICE, Action.GENERATE)
        assert [*store.load(ACME).credentials] == credentials
        assert store.load(ACME).primary == credentials[0].client_id

    def test_no_organization_has_a_name_that_is_not_allowed(self, store: Store) -> None:
        with (
            pytest.raises(InvalidOrganizationError),
            store.operators_transaction() as transaction,
        ):
            transaction.has_organization("Not Allowed")

    async def test_a_revoked_token_is_revoked_to_everyone(
        self, store: Store, open_store: MakeStore
    ) -> None:
        end = START + timedelta(hours=1)
        add_bearers(store)
        assert await store.find_bearer("uat", make_credential(3).client_id, "one", end) is None
        assert not await is_revoked(store, "uat", "one", end)
        store.revoke("uat", "one", end)
        store.revoke("uat", "one", end)
        assert await is_revoked(store, "uat", "one", end)
        assert await is_revoked(open_store(), "uat", "one", end)
        assert not await is_revoked(store, "uat", "other", end)
        assert not await is_revoked(store, "production", "one", end)

    async def test_clients_and_bearers_are_found_at_the_same_time(self, store: Store) -> None:
        end = START + timedelta(hours=1)
        add_bearers(store)
        store.revoke("uat", "one", end)
        one, other = (BEARERS[name].client_id for name in ("uat", "production"))
        found = await asyncio.gather(
            store.find_client("uat", one),
            store.find_bearer("uat", one, "one", end),
            store.find_client("uat", other),
            store.find_bearer("uat", one, "two", end),
            store.find_bearer("production", other, "one", end),
            store.find_bearer("production", one, "two", end),
        )
        assert [client and client.client_id for client in found] == [
            *(one, None, None, one, other, None)
        ]

    async def test_a_swept_revocation_stays(self, store: Store, open_store: MakeStore) -> None:
        """The clock may be set back, and then an expired token would count again."""
        add_bearers(store)
        early, late = START + timedelta(hours=1), START + timedelta(hours=4)
        store.sweep_revocations("uat", START)
        store.revoke("uat", "early", early)
        store.revoke("uat", "late", late)
        for _ in range(2):
            store.sweep_revocations("uat", START + timedelta(hours=2))
        for reader in (store, open_store()):
            assert await is_revoked(reader, "uat", "early", early)
            assert await is_revoked(reader, "uat", "late", late)
        # A sweep takes nothing from tokens that are still to be issued.
        assert not await is_revoked(store, "uat", "next", early + timedelta(seconds=1))
        assert not await is_revoked(store, "uat", "other", late)

    async def test_a_sweep_far_ahead_spares_what_is_issued_in_between(self, store: Store) -> None:
        """A clock ran a year ahead for a while before it was set right."""
        add_bearers(store)
        ahead = START + timedelta(days=365)
        store.revoke("uat", "one", START)
        store.revoke("uat", "two", ahead)
        store.sweep_revocations("uat", ahead + timedelta(hours=1))
        assert await is_revoked(store, "uat", "one", START)
        assert await is_revoked(store, "uat", "two", ahead)
        assert not await is_revoked(store, "uat", "three", START + timedelta(hours=1))

    def test_a_store_can_be_closed(self, store: Store) -> None:
        add(store, make_credential(1))
        asyncio.run(store.find_client("uat", make_credential(1).client_id))
        store.close()
        store.close()

    def test_a_watch_tells_once_of_each_change(self, store: Store, open_store: MakeStore) -> None:
        watch = Watch(lambda: store.version(ACME))
        assert not watch.changed()
        add(open_store(), make_credential(1))
        assert watch.changed()
        assert not watch.changed()
        add(store, make_credential(2))
        add(store, make_credential(3))
        assert watch.changed()
        assert not watch.changed()

    def test_a_watch_tells_of_refused_attempts_and_operators(self, store: Store) -> None:
        watch = Watch(lambda: store.version(ACME))
        with store.transaction(ACME) as transaction:
            transaction.record(START, ALICE, Action.DELETE, outcome="refused")
        assert watch.changed()
        with store.operators_transaction() as operators_transaction:
            operators_transaction.operators = Operators(members=(Operator(name="ann"),))
            operators_transaction.record(START, ALICE, Action.ADD_OPERATOR)
        assert watch.changed()
        assert not watch.changed()

    def test_a_watch_is_blind_to_other_places_and_to_looking(self, store: Store) -> None:
        add(store, make_credential(1))
        watch = Watch(lambda: store.version(ACME))
        add(store, make_credential(2), Place("uat", "globex"))
        add(store, make_credential(3), Place("production", "acme"))
        store.load(ACME)
        store.events(ACME)
        store.verify_events(ACME)
        with store.transaction(ACME):
            pass
        assert not watch.changed()

    def test_a_lease_is_known_everywhere_while_it_is_held(
        self, store: Store, open_store: MakeStore
    ) -> None:
        other = open_store()
        watch, other_watch = (Watch(partial(one.version, ACME)) for one in (store, other))
        with hold_lease(store):
            assert [*store.leases(ACME)] == [*other.leases(ACME)] == [LEASE]
            for place in (Place("uat", "globex"), Place("production", "acme")):
                assert [*other.leases(place)] == []
            assert watch.changed()
            assert other_watch.changed()
            assert not watch.changed()
            assert not other_watch.changed()
        assert [*store.leases(ACME)] == [*other.leases(ACME)] == []
        assert watch.changed()
        assert other_watch.changed()
        assert not other_watch.changed()

    def test_a_version_never_comes_back(self, store: Store) -> None:
        seen = [store.version(ACME)]
        for _ in range(3):
            with hold_lease(store):
                seen.append(store.version(ACME))
            seen.append(store.version(ACME))
        assert len(set(seen)) == len(seen)

    def test_two_leases(self, store: Store) -> None:
        later = LEASE.model_copy(update={"operator": "bob", "generation": 3})
        with hold_lease(store):
            with hold_lease(store, later):
                assert {lease.operator for lease in store.leases(ACME)} == {"alice", "bob"}
            assert [*store.leases(ACME)] == [LEASE]

    def test_a_lease_records_nothing(self, store: Store) -> None:
        with hold_lease(store):
            assert store.events(ACME) == []
        assert store.load(ACME) == Organization()

    def test_a_refused_change_leaves_no_lease(self, store: Store) -> None:
        with (
            pytest.raises(ZeroDivisionError),
            store.transaction(ACME) as transaction,
            transaction.hold_lease(LEASE),
        ):
            assert 1 / 0
        assert [*store.leases(ACME)] == []

    @pytest.mark.parametrize("way", ["end", "kill"])
    def test_another_process_s_lease_lapses_with_it(
        self, store: Store, store_folder: Path, way: str
    ) -> None:
        watch = Watch(partial(store.version, ACME))
        with lease_of_another_process(store_folder) as process:
            assert [*store.leases(ACME)] == [LEASE]
            assert watch.changed()
            os.kill(process.pid, signal.SIGSTOP)
            assert [*store.leases(ACME)] == [LEASE], "a stopped session still has it on screen"
            assert not watch.changed()
            if way == "kill":
                process.kill()
            else:
                os.kill(process.pid, signal.SIGCONT)
                process.communicate("")
            process.wait()
            # A server notices a moment later that its client has ended.
            wait(lambda: not store.leases(ACME), lambda: "the lease to lapse")
            assert watch.changed()
            assert not watch.changed()
        with hold_lease(store):
            assert [*store.leases(ACME)] == [LEASE]

    def test_a_watch_that_began_before_loading_misses_nothing(self, store: Store) -> None:
        watch = Watch(lambda: store.version(ACME))
        add(store, make_credential(1))
        seen = store.load(ACME)
        add(store, make_credential(2))
        assert watch.changed()
        assert store.load(ACME) != seen

    async def test_each_change_is_noticed(self, store: Store, open_store: MakeStore) -> None:
        watch, other = Watch(partial(store.version, ACME)), open_store()
        changes_of_others: list[Callable[[], None]] = [
            partial(add, other, make_credential(1)),
            partial(set_all_operators, other, Operator(name="ann", representative=True)),
        ]
        async with asyncio.timeout(TIMEOUT), aclosing(store.changes(ACME)) as changes:
            await anext(changes)
            for change in changes_of_others:
                await asyncio.to_thread(change)
                async for _ in changes:
                    if watch.changed():
                        break


class TestPreferences:
    def test_each_operator_has_a_theme(self, store: Store, open_store: MakeStore) -> None:
        assert store.theme_of("alice") is None
        store.keep_theme("alice", "light")
        store.keep_theme("bob", "nord")
        assert open_store().theme_of("alice") == store.theme_of("alice") == "light"
        assert open_store().theme_of("bob") == "nord"
        assert store.theme_of("carol") is None

    def test_the_last_choice_counts(self, store: Store, open_store: MakeStore) -> None:
        for name in ("light", "dark", "auto"):
            open_store().keep_theme("alice", name)
            assert store.theme_of("alice") == name

    @pytest.mark.parametrize(
        "operator",
        ["", "../alice", "a/b", "DOMAIN\\al", "Zoë", "a\nb", "x" * 500, "theme", "\udcff"],
    )
    def test_any_text_may_be_an_operator_s_name(self, store: Store, operator: str) -> None:
        store.keep_theme("alice", "dark")
        store.keep_theme(operator, "light")
        assert store.theme_of(operator) == "light"
        assert store.theme_of("alice") == "dark"

    def test_many_choose_at_once(self, open_store: MakeStore) -> None:
        names = [f"operator-{number}" for number in range(16)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda name: open_store().keep_theme(name, f"theme of {name}"), names))
        assert [open_store().theme_of(name) for name in names] == [f"theme of {n}" for n in names]

    def test_it_is_no_change_of_the_organization(self, store: Store) -> None:
        add(store, make_credential(1))
        kept, events, watch = (
            store.load(ACME),
            store.events(ACME),
            Watch(lambda: store.version(ACME)),
        )
        store.keep_theme("alice", "light")
        assert store.load(ACME) == kept
        assert store.events(ACME) == events
        assert store.operator_events() == []
        assert store.operators() == Operators()
        assert store.organizations() == ["acme"]
        assert not watch.changed()
