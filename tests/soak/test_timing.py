"""Whether the time of an answer tells what a refusal must not tell.

Hashes cost less than in production, so that the run ends in minutes. The pace follows their cost.
"""

import random
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from http.client import HTTPConnection
from itertools import combinations, count
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import pytest
from pydantic import SecretStr

from credtui.domain.audit import Action
from credtui.domain.models import StoredCredential
from credtui.domain.place import Place
from credtui.domain.secrets import generate_client_id, generate_secret, hash_secret
from credtui.store.tinydb.store import TinyDBStore
from tests.server.serving import ALICE, Account, Server, serving
from tests.support import START

COST = 7
SAMPLES = 2000
FEW = 200
"""Clients of a class whose secrets needn't be new to the server."""

UNKNOWN = "unknown Client ID"
NEVER_ROTATED = "never rotated"
ROTATED = "rotated, wrong secret"
PREVIOUS = "previous secret, first seen"
SEEN = "previous secret, seen before"
MEASURES = ("the answer", "a right request after it", "another refusal after it")

source = random.Random(10)


class Pair(NamedTuple):
    client_id: str
    secret: SecretStr


class Made(NamedTuple):
    """A client, and its secrets from the first to the present one."""

    client_id: str
    secrets: Sequence[SecretStr]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(
        tmp_path / "store",
        tmp_path / "log",
        bcrypt_cost=COST,
        server={"trusted_proxies": ["127.0.0.0/8"]},
    ) as server:
        yield server


class Attacker:
    """Presents secrets, each from an address of its own, and measures the time of the answers."""

    def __init__(self, server: Server, audience: str) -> None:
        self._connection = HTTPConnection(server.url.removeprefix("http://"), timeout=60)
        self._audience = audience
        self._numbers = count()

    def reconnect(self) -> None:
        """Use another connection: the server ends those that are idle."""
        self._connection.close()

    def present(self, pair: Pair, status: int, audience: str | None = None) -> float:
        number = next(self._numbers)
        body = urlencode(
            {
                "grant_type": "client_credentials",
                "audience": audience or self._audience,
                "client_id": pair.client_id,
                "client_secret": pair.secret.get_secret_value(),
            }
        )
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Forwarded-For": f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}",
        }
        began = time.perf_counter()
        self._connection.request("POST", "/v2/oauth/token", body, headers)
        answer = self._connection.getresponse()
        answer.read()
        taken = time.perf_counter() - began
        assert answer.status == status
        return taken


def test_a_refusal_tells_nothing_by_its_time(server: Server) -> None:
    store = TinyDBStore(server.store)
    own = Account(server.store, "attacker", bcrypt_cost=COST)
    attacker = Attacker(server, own.audience)
    own_pair = Pair(own.client_id, own.issued.secret)
    never_rotated = make_clients(store, "never", FEW, secrets=1)
    rotated = make_clients(store, "rotated", SAMPLES // 2, secrets=3)
    seen = see(store, attacker)
    attacker.present(own_pair, 200)
    nobodies = [generate_client_id(source.randbytes) for _ in range(FEW)]
    plan = [
        *((UNKNOWN, Pair(nobodies[n % FEW], guess())) for n in range(SAMPLES)),
        *((NEVER_ROTATED, Pair(never_rotated[n % FEW].client_id, guess())) for n in range(SAMPLES)),
        *((ROTATED, Pair(rotated[n // 2].client_id, guess())) for n in range(SAMPLES)),
        *((PREVIOUS, Pair(made.client_id, old)) for made in rotated for old in made.secrets[:2]),
        *((SEEN, seen[n % FEW]) for n in range(SAMPLES)),
    ]
    source.shuffle(plan)
    times: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in MEASURES}
    for kind, pair in plan:
        direct = attacker.present(pair, 401)
        right = attacker.present(own_pair, 200)
        refused = attacker.present(Pair(generate_client_id(source.randbytes), guess()), 401)
        for name, taken in zip(MEASURES, (direct, right, refused), strict=True):
            times[name][kind].append(taken)
        # The search for previous secrets catches up.
        time.sleep(source.uniform(1, 2) * direct)
    areas = {
        (name, one, other): area(by_kind[one], by_kind[other])
        for name, by_kind in times.items()
        for one, other in combinations(by_kind, 2)
    }
    report(times, areas)
    told = {what: found for what, found in areas.items() if not 0.45 <= found <= 0.55}
    assert not told


def make_clients(store: TinyDBStore, name: str, number: int, *, secrets: int) -> list[Made]:
    """Make clients that have had so many secrets, three in an organization."""
    made: list[Made] = []
    while len(made) < number:
        place = Place("uat", f"{name}{len(made)}")
        with store.transaction(place) as held:
            for slot in range(min(3, number - len(made))):
                client = Made(
                    generate_client_id(source.randbytes), [guess() for _ in range(secrets)]
                )
                first, *others = (hash_secret(secret, COST) for secret in client.secrets)
                held.organization = held.organization.generate(
                    StoredCredential(
                        client_id=client.client_id,
                        name=f"Credential {slot}",
                        created_at=START,
                        secret_hash=first,
                    )
                )
                for other in others:
                    held.organization = held.organization.rotate(client.client_id, other, START)
                made.append(client)
            held.record(START, ALICE, Action.GENERATE)
    return made


def see(store: TinyDBStore, attacker: Attacker) -> list[Pair]:
    """Return previous secrets that the server admitted, and refused after a rotation."""
    pairs: list[Pair] = []
    clients = make_clients(store, "seen", FEW, secrets=1)
    for made in clients:
        pair = Pair(made.client_id, made.secrets[0])
        # The secret is right, so the answer is that the audience is wrong.
        attacker.present(pair, 400, "urn:wrong")
        pairs.append(pair)
    for place in (Place("uat", name) for name in store.organizations() if name.startswith("seen")):
        with store.transaction(place) as held:
            for credential in held.organization.credentials:
                held.organization = held.organization.rotate(
                    credential.client_id, hash_secret(guess(), COST), START
                )
            held.record(START, ALICE, Action.ROTATE)
    attacker.reconnect()
    for pair in pairs:
        attacker.present(pair, 401)
        time.sleep(0.05)
    return pairs


def guess() -> SecretStr:
    return generate_secret("uat", source.randbytes)


def area(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the area under the ROC curve: how often a time of one is longer than the other's.

    This is Mann and Whitney's U, divided by the number of pairs.
    """
    ranked = sorted([(taken, True) for taken in one] + [(taken, False) for taken in other])
    rank_sum = sum(rank for rank, (_, of_one) in enumerate(ranked, 1) if of_one)
    return (rank_sum - len(one) * (len(one) + 1) / 2) / (len(one) * len(other))


def report(
    times: Mapping[str, Mapping[str, Sequence[float]]],
    areas: Mapping[tuple[str, str, str], float],
) -> None:
    for name, by_kind in times.items():
        found = [value for (measure, *_), value in areas.items() if measure == name]
        print(f"\n{name}: area under the curve {min(found):.3f} to {max(found):.3f}")
        for kind, taken in by_kind.items():
            ordered = [f"{sorted(taken)[len(taken) * n // 100] * 1000:.2f}" for n in (5, 50, 95)]
            print(f"  {kind}: {len(taken)} samples, {', '.join(ordered)} ms at 5, 50, 95 %")
