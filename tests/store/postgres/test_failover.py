"""Servers are killed and standbys take their place, while secrets are rotated and presented.

Each change that was acknowledged stays, and what it made invalid stays invalid. With a standby that
no commit waits for, the same checks find that this isn't so.
"""

import os
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Literal

import httpx
import pytest
from pydantic import SecretStr

from credtui.domain.errors import StoreError
from credtui.domain.models import IssuedSecret
from credtui.domain.place import Place
from credtui.domain.secrets import matches
from credtui.service.credentials import CredentialService
from credtui.store.postgres import held
from credtui.store.postgres.migrate import migrate
from credtui.store.postgres.store import PostgresStore
from tests.postgres.server import Server
from tests.server.serving import Server as Endpoint
from tests.server.serving import serving, wait_for
from tests.support import ALICE, UAT, SteppedClock

ACME = Place("uat", "acme")
TOKEN = "/v2/oauth/token"
STANDBY = "second"

Outcome = Literal["under way", "made", "not made", "unknown"]


class Cluster:
    """A primary server and its standby, at two ports that stay the same."""

    def __init__(self, *, synchronous: bool) -> None:
        names = {"synchronous_standby_names": STANDBY} if synchronous else {}
        self.primary = Server.create(settings=names)
        self.standby = self.primary.standby(STANDBY)
        self.url = (
            f"postgresql://postgres@127.0.0.1:{self.primary.port},127.0.0.1:{self.standby.port}"
            "/postgres"
        )
        migrate(self.url)

    def fail_over(self, *, hung: float = 0) -> None:
        """Kill the primary. The standby takes its place, and gets a standby of its own.

        Args:
            hung: Seconds for which the standby hangs before.
        """
        if hung:
            self.standby.pause()
            time.sleep(hung)
        self.primary.kill()
        if hung:
            self.standby.resume()
        self.standby.promote()
        gone, self.primary = self.primary, self.standby
        gone.remove()
        self.standby = self.primary.standby(STANDBY, port=gone.port)

    def cut_standby_off(self) -> None:
        """Let the standby get no more changes. It doesn't know, and can still be promoted."""
        self.standby.configure(primary_conninfo="")
        wait_for(lambda: not self.primary.execute("SELECT FROM pg_stat_replication"), "the standby")

    def remove(self) -> None:
        self.primary.remove()
        self.standby.remove()


@dataclass
class Attempt:
    """An attempt to rotate a credential, or to generate it.

    Attributes:
        form: What a client presents with the new secret.
        began: When the attempt began.
        known: When its outcome was known.
        outcome: What was known then.
    """

    form: Mapping[str, str]
    began: float
    known: float = inf
    outcome: Outcome = "under way"

    def end(self, outcome: Outcome) -> None:
        self.outcome, self.known = outcome, time.monotonic()


@dataclass(frozen=True)
class Answer:
    """What a token endpoint answered to a client with the secret, or a token, of an attempt."""

    client_id: str
    attempt: int
    began: float
    ended: float
    status: int
    retry_after: str | None

    def fault(self, attempts: Sequence[Attempt]) -> str | None:
        """Return what is wrong with the answer. The attempts are those of the client."""
        asked, later = attempts[self.attempt], attempts[self.attempt + 1 :]
        if self.status == 200:
            if asked.outcome == "not made":
                return "a secret was accepted that was never made"
            if any(one.outcome == "made" and one.known < self.began for one in later):
                return "a secret was accepted after its rotation was acknowledged"
        elif self.status == 401:
            valid = asked.outcome == "made" and asked.known < self.began
            if valid and all(one.outcome == "not made" or one.began > self.ended for one in later):
                return "a valid secret was refused"
        elif self.status != 503 or not self.retry_after:
            return f"the status was {self.status}"
        return None


class Worker(threading.Thread):
    """Does its work again and again until it is stopped."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.failure: BaseException | None = None
        self._stopped_from_now_on = threading.Event()

    def run(self) -> None:
        try:
            while not self._stopped_from_now_on.is_set():
                self.work()
        except BaseException as error:
            self.failure = error
            raise

    def work(self) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        self._stopped_from_now_on.set()
        if self.is_alive():
            self.join()


class Rotator(Worker):
    """Rotates the credentials of an organization in turn, and looks after each unknown outcome."""

    def __init__(self, store: PostgresStore) -> None:
        super().__init__()
        self.store = store
        self.service = CredentialService(
            store, UAT, "acme", ALICE, clock=SteppedClock(), random_bytes=os.urandom, bcrypt_cost=4
        )
        self.attempts: dict[str, list[Attempt]] = {}
        self.lost: list[str] = []
        self.made = self.doubts = 0
        for name in ("One", "Two"):
            attempt = self._attempt(self.service.generate(name), time.monotonic())
            attempt.end("made")
            self.attempts[attempt.form["client_id"]] = [attempt]

    def work(self) -> None:
        for client_id in self.attempts:
            self.rotate(client_id)
            time.sleep(0.03)

    def rotate(self, client_id: str) -> None:
        """Rotate a credential, and note what is known of the outcome."""
        began = time.monotonic()
        attempts = self.attempts[client_id]
        # Clients may find the new secret valid before the outcome is known here.
        attempts.append(Attempt({}, began))
        try:
            issued = self.service.rotate(client_id)
        except StoreError:
            attempts[-1].end("not made")
        else:
            attempts[-1].form = self._attempt(issued, began).form
            attempts[-1].end("unknown" if issued.doubt else "made")
            self.doubts += issued.doubt is not None
            issued.lease.close()
        self.look(client_id)
        self.made += attempts[-1].outcome == "made"

    def look(self, client_id: str) -> None:
        """Look at a credential: resolve an unknown outcome, and find a change that got lost."""
        attempts = self.attempts[client_id]
        stored = self._stored_hash(client_id)
        if attempts[-1].outcome == "unknown":
            made = matches(SecretStr(attempts[-1].form["client_secret"]), stored)
            attempts[-1].end("made" if made else "not made")
        valid = next(one for one in reversed(attempts) if one.outcome == "made")
        if not matches(SecretStr(valid.form["client_secret"]), stored):
            self.lost.append(f"{client_id} has another secret than what was acknowledged last")

    def _stored_hash(self, client_id: str) -> SecretStr:
        while True:
            try:
                with self.store.transaction(ACME) as transaction:
                    return transaction.organization.get(client_id).secret_hash
            except StoreError:
                time.sleep(0.01)

    def _attempt(self, issued: IssuedSecret, began: float) -> Attempt:
        form = {
            "grant_type": "client_credentials",
            "client_id": issued.credential.client_id,
            "client_secret": issued.secret.get_secret_value(),
            "audience": issued.audience,
        }
        return Attempt(form, began)


class Hammer(Worker):
    """A client that presents present and previous secrets and access tokens."""

    def __init__(
        self, endpoint: Endpoint, attempts: Mapping[str, list[Attempt]], chance: random.Random
    ) -> None:
        super().__init__()
        self.answers: list[Answer] = []
        self._http = endpoint.client()
        self._attempts = attempts
        self._random = chance
        self._tokens: dict[tuple[str, int], str] = {}

    def succeeded_since(self, moment: float) -> bool:
        assert self.failure is None
        return any(
            answer.status == 200 and answer.began > moment for answer in reversed(self.answers)
        )

    def work(self) -> None:
        time.sleep(0.01)  # leave the processor to the servers
        client_id = self._random.choice([*self._attempts])
        presented = [n for n, one in enumerate(self._attempts[client_id]) if one.form]
        number = presented[-min(self._random.choice([1, 1, 1, 2, 3]), len(presented))]
        # Each secret comes from an address of its own, so that none has guessed too often.
        address = f"10.{number >> 8}.{number & 255}.1"
        form = self._attempts[client_id][number].form
        answer = self._note(
            client_id,
            number,
            lambda: self._http.post(TOKEN, data=form, headers={"X-Forwarded-For": address}),
        )
        if answer.status_code == 200:
            self._tokens[client_id, number] = answer.json()["access_token"]
        if token := self._tokens.get((client_id, number)):
            header = {"Authorization": f"Bearer {token}"}
            self._note(client_id, number, lambda: self._http.get(f"{TOKEN}/test", headers=header))

    def _note(
        self, client_id: str, number: int, ask: Callable[[], httpx.Response]
    ) -> httpx.Response:
        began = time.monotonic()
        answer = ask()
        self.answers.append(
            Answer(
                client_id,
                number,
                began,
                time.monotonic(),
                answer.status_code,
                answer.headers.get("Retry-After"),
            )
        )
        return answer


class Run:
    """Clients and an operator at work on a cluster."""

    def __init__(self, cluster: Cluster, rotator: Rotator, hammers: Sequence[Hammer]) -> None:
        self.cluster = cluster
        self.rotator = rotator
        self.hammers = hammers

    def wait_for_everybody(self) -> None:
        """Wait until each client was admitted once more."""
        now = time.monotonic()
        wait_for(
            lambda: all(hammer.succeeded_since(now) for hammer in self.hammers),
            "each client to be admitted",
        )

    def wait_for_rotations(self, number: int = 2) -> None:
        goal = self.rotator.made + number
        wait_for(
            lambda: self.rotator.failure or self.rotator.made >= goal,
            "rotations to be acknowledged",
        )

    def faults(self) -> set[str]:
        """Stop, and return what went wrong."""
        for worker in (self.rotator, *self.hammers):
            worker.stop()
            assert worker.failure is None
        for client_id in self.rotator.attempts:
            self.rotator.look(client_id)
        self.rotator.store.verify_events(ACME)
        found = {
            answer.fault(self.rotator.attempts[answer.client_id])
            for hammer in self.hammers
            for answer in hammer.answers
        }
        return {*self.rotator.lost, *(fault for fault in found if fault)}


@contextmanager
def run(
    tmp_path: Path, chance: random.Random, *, synchronous: bool, endpoints: int
) -> Iterator[Run]:
    """Let clients present secrets to token endpoints."""
    with ExitStack() as stack:
        cluster = Cluster(synchronous=synchronous)
        stack.callback(cluster.remove)
        store = PostgresStore(cluster.url)
        stack.callback(store.close)
        rotator = Rotator(store)
        servers = [
            stack.enter_context(
                serving(
                    tmp_path,
                    tmp_path / f"log{number}",
                    url=cluster.url,
                    server={"trusted_proxies": ["127.0.0.0/8"]},
                )
            )
            for number in range(endpoints)
        ]
        hammers = [
            Hammer(server, rotator.attempts, random.Random(chance.random())) for server in servers
        ]
        for hammer in hammers:
            stack.callback(hammer.stop)
            hammer.start()
        stack.callback(rotator.stop)
        yield Run(cluster, rotator, hammers)


@pytest.fixture
def chance() -> random.Random:
    seed = random.SystemRandom().getrandbits(32)
    print(f"seed {seed}")  # noqa: T201  # pytest shows it with a failure
    return random.Random(seed)


def test_twenty_failovers(
    tmp_path: Path, chance: random.Random, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held, "COMMIT_PATIENCE", 0.1)
    monkeypatch.setattr(held, "LOOK_PATIENCE", 0.1)
    with run(tmp_path, chance, synchronous=True, endpoints=3) as running:
        running.rotator.start()
        for number in range(20):
            running.wait_for_rotations()
            running.wait_for_everybody()
            time.sleep(chance.uniform(0, 0.06))
            # If the standby hangs longer than a commit waits, the outcome is unknown.
            running.cluster.fail_over(hung=0.4 if number % 5 == 0 else 0)
        running.wait_for_rotations()
        running.wait_for_everybody()
        assert running.faults() == set()
        assert running.rotator.doubts
        outcomes = [one.outcome for each in running.rotator.attempts.values() for one in each]
        assert {*outcomes} == {"made", "not made"}


def test_a_standby_that_no_commit_waits_for_brings_a_secret_back(
    tmp_path: Path, chance: random.Random
) -> None:
    with run(tmp_path, chance, synchronous=False, endpoints=1) as running:
        running.wait_for_everybody()
        running.cluster.cut_standby_off()
        for client_id in running.rotator.attempts:
            running.rotator.rotate(client_id)
        running.wait_for_everybody()
        running.cluster.fail_over()
        running.wait_for_everybody()
        faults = running.faults()
    assert "a secret was accepted after its rotation was acknowledged" in faults
    assert any("has another secret" in fault for fault in faults)
