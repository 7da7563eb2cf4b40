"""Two people do random things on one real store, and a simple model foretells the results."""

import os
import shutil
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar, get_args

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pydantic import SecretStr

from credtui.domain.models import How
from credtui.domain.permissions import Actor, Operator, Permission
from credtui.domain.place import Place
from credtui.domain.refusals import (
    CapReachedError,
    CredentialChangedError,
    InvalidNameError,
    NameTakenError,
    NoSuchCredentialError,
    PermissionDeniedError,
    PrimaryProtectedError,
    Refusal,
)
from credtui.domain.secrets import matches
from credtui.service.credentials import CredentialService
from credtui.store.port import Store
from tests.secrets_scan import assert_no_secret
from tests.stores import open_store, remove_database_of
from tests.support import UAT, SteppedClock, seeded_bytes, set_all_operators

# These tests try logic, not a disk. In memory they run five times as fast.
FOLDER = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108

PLACE = Place("uat", "acme")
PEOPLE = ("alice", "bob")
VALID = {
    "Payout": "Payout",
    "PAYOUT": "PAYOUT",
    "Cafe\u0301": "Caf\u00e9",
    "caf\u00e9": "caf\u00e9",
}
VALID |= {name: name for name in ("Batch", "Reporting", "Settlement", "[red]x[/]")}
INVALID = ("", "x" * 61, "a\u202eb")

people = st.sampled_from(PEOPLE)
names = st.sampled_from((*VALID, *INVALID))
positions = st.integers(0, 11)
Seen = Literal["present", "none", "other"]
sights: st.SearchStrategy[Seen] = st.sampled_from(("present", "none", "other"))
# People may edit most of the time, or little would happen.
permissions = st.sampled_from((*[Permission.CAN_EDIT] * 3, Permission.CAN_VIEW))

T = TypeVar("T")


class Kept(NamedTuple):
    """A credential in the model."""

    name: str
    secret: SecretStr
    generation: int = 1
    how: How | None = None


class TwoPeople(RuleBasedStateMachine):
    """A dictionary and a few rules foretell what the service does."""

    @initialize(already=st.sampled_from((3, 2, 1, 0)))
    def begin(self, already: int) -> None:
        self.folder = Path(tempfile.mkdtemp(dir=FOLDER))
        self.stores: list[Store] = []
        self.clock = SteppedClock()
        random_bytes = seeded_bytes()
        # Each person's session opens a store of its own.
        self.services = {
            name: CredentialService(
                self.open_store(),
                UAT,
                "acme",
                Actor(operator=name),
                clock=self.clock,
                random_bytes=random_bytes,
                bcrypt_cost=4,
            )
            for name in PEOPLE
        }
        self.store = self.open_store()
        self.kept: dict[str, Kept] = {}
        self.primary: str | None = None
        self.events = 0
        self.at = self.clock.now
        self.permissions = dict.fromkeys(PEOPLE, Permission.CAN_EDIT)
        self.invalid: list[SecretStr] = []
        self.gone = "cid_" + "0" * 16
        for name in ("Payout", "Batch", "caf\u00e9")[:already]:
            self.generate_named("alice", name)

    def teardown(self) -> None:
        if not hasattr(self, "folder"):
            return
        hashes = [credential.secret_hash for credential in self.store.load(PLACE).credentials]
        for kept, secret_hash in zip(self.kept.values(), hashes, strict=True):
            assert matches(kept.secret, secret_hash)
        for secret in self.invalid[-3:]:
            assert not any(matches(secret, secret_hash) for secret_hash in hashes)
        for secret in [*self.invalid, *(kept.secret for kept in self.kept.values())]:
            assert_no_secret(secret, self.folder, processes=())
        for store in self.stores:
            store.close()
        remove_database_of(self.folder)
        shutil.rmtree(self.folder)

    def open_store(self) -> Store:
        self.stores.append(open_store(self.folder))
        return self.stores[-1]

    def attempt(self, refusal: type[Refusal] | None, call: Callable[[], T]) -> T | None:
        """Make a call that leaves one event, and is refused if the model says so."""
        self.events += 1
        self.at = self.clock.now
        self.outcome = "refused" if refusal else "done"
        if refusal is None:
            return call()
        with pytest.raises(refusal):
            call()
        return None

    def foretell(
        self,
        person: str,
        client_id: str | None,
        *,
        name: str | None = None,
        seen: int | None = None,
        deletes: bool = False,
    ) -> type[Refusal] | None:
        """Return the refusal of an attempt. Where several apply, the first in this order counts."""
        if self.permissions[person] < Permission.CAN_EDIT:
            return PermissionDeniedError
        if client_id is None and len(self.kept) == 3:
            return CapReachedError
        if name in INVALID:
            return InvalidNameError
        if client_id is not None and client_id not in self.kept:
            return NoSuchCredentialError
        if client_id and seen not in {None, self.kept[client_id].generation}:
            return CredentialChangedError
        others = {kept.name.casefold() for key, kept in self.kept.items() if key != client_id}
        if name is not None and VALID[name].casefold() in others:
            return NameTakenError
        if deletes and client_id == self.primary:
            return PrimaryProtectedError
        return None

    def choose(self, which: int) -> str:
        """Choose a credential that is there, was deleted, or never existed."""
        return [*self.kept, self.gone][which % (len(self.kept) + 1)]

    def generation(self, client_id: str, seen: Seen) -> int | None:
        """Return the generation that a person saw."""
        if seen == "none":
            return None
        generation = self.kept[client_id].generation if client_id in self.kept else 1
        return generation if seen == "present" else generation + 1

    @rule(person=people, name=names)
    def generate(self, person: str, name: str) -> None:
        self.generate_named(person, name)

    def generate_named(self, person: str, name: str) -> None:
        issued = self.attempt(
            self.foretell(person, None, name=name), lambda: self.services[person].generate(name)
        )
        if issued:
            client_id = issued.credential.client_id
            self.kept[client_id] = Kept(VALID[name], issued.secret)
            self.primary = self.primary or client_id

    @rule(person=people, which=positions, saw=sights)
    def rotate(self, person: str, which: int, saw: Seen) -> None:
        client_id = self.choose(which)
        seen = self.generation(client_id, saw)
        issued = self.attempt(
            self.foretell(person, client_id, seen=seen),
            lambda: self.services[person].rotate(client_id, seen=seen),
        )
        if issued:
            kept = self.kept[client_id]
            self.invalid.append(kept.secret)
            self.kept[client_id] = Kept(kept.name, issued.secret, kept.generation + 1)
            secret_hash = self.store.load(PLACE).get(client_id).secret_hash
            assert matches(issued.secret, secret_hash)
            assert not matches(kept.secret, secret_hash)

    @rule(
        person=people,
        which=positions,
        saw=sights.filter(lambda saw: saw != "none"),
        how=st.sampled_from(get_args(How)),
    )
    def confirm(self, person: str, which: int, saw: Seen, how: How) -> None:
        client_id = self.choose(which)
        seen = self.generation(client_id, saw)
        refusal = self.foretell(person, client_id, seen=seen)
        self.attempt(
            refusal,
            lambda: self.services[person].confirm(client_id, seen=seen or 0, how=how),
        )
        if refusal is None:
            self.kept[client_id] = self.kept[client_id]._replace(how=how)

    @rule(person=people, which=positions, name=names)
    def rename(self, person: str, which: int, name: str) -> None:
        client_id = self.choose(which)
        if self.attempt(
            self.foretell(person, client_id, name=name),
            lambda: self.services[person].rename(client_id, name),
        ):
            self.kept[client_id] = self.kept[client_id]._replace(name=VALID[name])

    @rule(person=people, which=positions)
    def make_primary(self, person: str, which: int) -> None:
        client_id = self.choose(which)
        if self.attempt(
            self.foretell(person, client_id), lambda: self.services[person].make_primary(client_id)
        ):
            self.primary = client_id

    @rule(person=people, which=positions, saw=sights)
    def delete(self, person: str, which: int, saw: Seen) -> None:
        client_id = self.choose(which)
        seen = self.generation(client_id, saw)
        if self.attempt(
            self.foretell(person, client_id, seen=seen, deletes=True),
            lambda: self.services[person].delete(client_id, seen=seen),
        ):
            self.invalid.append(self.kept.pop(client_id).secret)
            self.gone = client_id

    @precondition(lambda self: self.events)
    @rule(person=people, permission=permissions)
    def give_permission(self, person: str, permission: Permission) -> None:
        self.permissions[person] = permission
        set_all_operators(
            self.store,
            *(
                Operator(name=name, permissions={"acme": given})
                for name, given in self.permissions.items()
            ),
        )

    @rule(now=st.datetimes(timezones=st.just(UTC)))
    def move_the_clock(self, now: datetime) -> None:
        self.clock.now = now

    @invariant()
    def the_store_agrees(self) -> None:
        organization = self.store.load(PLACE)
        assert organization.primary == self.primary
        assert [
            (kept.client_id, kept.name, kept.generation, kept.handover and kept.handover.how)
            for kept in organization.credentials
        ] == [
            (client_id, kept.name, kept.generation, kept.how)
            for client_id, kept in self.kept.items()
        ]

    @invariant()
    def both_see_the_same(self) -> None:
        one, other = (self.services[name].page() for name in PEOPLE)
        assert one.credentials == other.credentials
        assert one.primary == other.primary
        assert one.permission is self.permissions["alice"]

    @invariant()
    def each_attempt_left_one_event(self) -> None:
        newest = self.store.verify_events(PLACE)
        assert (newest.number if newest else 0) == self.events
        if newest:
            assert newest.outcome == self.outcome
            assert self.store.events(PLACE)[0] == newest
            assert newest.at == self.at


EXAMPLES = {"tinydb": 30, "postgres": 8}
"""An example on the database takes four times as long as one on files in memory."""


@pytest.mark.each_store
def test_two_people(store_name: str) -> None:
    run_state_machine_as_test(
        TwoPeople, settings=settings(max_examples=EXAMPLES[store_name], stateful_step_count=60)
    )
