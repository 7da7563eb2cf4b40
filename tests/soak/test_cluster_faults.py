"""Faults of a cluster under Patroni: nothing acknowledged is lost, no secret comes back to life.

CREDTUI_SOAK_FAULTS is the number of faults, and CREDTUI_SOAK_SEED makes the same choices again.
Each kind of fault comes equally often. How long a fault lasts is random.
"""

import os
import random
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import pairwise
from pathlib import Path

import psycopg

from credtui.configuration import Settings
from credtui.domain.place import Place
from credtui.installation import Installation
from credtui.store.postgres.connections import connect
from credtui.store.postgres.migrate import migrate
from credtui.store.postgres.store import PostgresStore
from tests.server.serve import CHEAP
from tests.soak.attacked import PROXIES, served
from tests.soak.cluster import Cluster, Member, running_cluster, wait_for
from tests.soak.figures import Figures
from tests.soak.primaries import Watcher, overlaps
from tests.soak.rotating import Answer, Client, Rotator, judge

FAULTS = int(os.environ.get("CREDTUI_SOAK_FAULTS", "200"))
SEED = int(os.environ.get("CREDTUI_SOAK_SEED", secrets.randbelow(1 << 32)))
ENDPOINTS = 3
SLOWEST = 60.0
"""Seconds after which each request has ended."""

Roles = Mapping[str, Member]
Fault = Callable[[Cluster, Roles, random.Random], None]


def _server_killed(cluster: Cluster, roles: Roles, source: random.Random) -> None:
    roles["leader"].kill_server()


def _manager_killed(cluster: Cluster, roles: Roles, source: random.Random) -> None:
    roles["leader"].kill_manager()
    time.sleep(source.uniform(1, 40))
    roles["leader"].start()


def _machine_killed(role: str) -> Fault:
    def fault(cluster: Cluster, roles: Roles, source: random.Random) -> None:
        roles[role].kill()
        time.sleep(source.uniform(1, 30))
        roles[role].start()

    return fault


def _etcd_killed(cluster: Cluster, roles: Roles, source: random.Random) -> None:
    cluster.etcd.kill()
    time.sleep(source.uniform(0.1, 25))
    cluster.etcd.start()


def _cut_off(role: str, *, clients: bool, peers: bool) -> Fault:
    def fault(cluster: Cluster, roles: Roles, source: random.Random) -> None:
        roles[role].cut_off(clients=clients, peers=peers)
        time.sleep(source.uniform(1, 40))
        roles[role].reconnect()

    return fault


def _cut_off_from_etcd(cluster: Cluster, roles: Roles, source: random.Random) -> None:
    roles["leader"].etcd.cut()
    time.sleep(source.uniform(1, 40))
    roles["leader"].reconnect()


def _frozen(cluster: Cluster, roles: Roles, source: random.Random) -> None:
    roles["leader"].freeze()
    time.sleep(source.uniform(1, 40))
    roles["leader"].thaw()


def _switchover(cluster: Cluster, roles: Roles, source: random.Random) -> None:
    names = {"leader": roles["leader"].name, "candidate": roles["sync_standby"].name}
    roles["leader"].ask("POST", "/switchover", json=names, timeout=30.0)


KINDS: Mapping[str, Fault] = {
    "leader: PostgreSQL killed": _server_killed,
    "leader: Patroni killed, PostgreSQL goes on": _manager_killed,
    "leader: machine killed": _machine_killed("leader"),
    "leader: machine hangs, and goes on": _frozen,
    "leader: cut off from etcd and the members": _cut_off("leader", clients=False, peers=True),
    "leader: cut off from etcd": _cut_off_from_etcd,
    "leader: cut off from clients": _cut_off("leader", clients=True, peers=False),
    "leader: cut off from all": _cut_off("leader", clients=True, peers=True),
    "synchronous standby: machine killed": _machine_killed("sync_standby"),
    "synchronous standby: cut off": _cut_off("sync_standby", clients=True, peers=True),
    "other standby: machine killed": _machine_killed("replica"),
    "etcd: killed": _etcd_killed,
    "switchover": _switchover,
}


def kinds(source: random.Random, number: int) -> Iterator[str]:
    """Yield kinds of faults in random order, each equally often."""
    deck: list[str] = []
    for _ in range(number):
        deck = deck or source.sample([*KINDS], len(KINDS))
        yield deck.pop()


class Run:
    """A cluster at work, and what is measured in it."""

    def __init__(self, cluster: Cluster, rotator: Rotator, clients: Sequence[Client]) -> None:
        self.cluster = cluster
        self.rotator = rotator
        self.clients = clients
        self.watchers = [Watcher(member.url) for member in cluster.members]
        self.figures = Figures()
        self.violations: list[str] = []
        self._counted: Counter[str] = Counter()

    @contextmanager
    def working(self) -> Iterator[None]:
        """Rotate, ask and watch within the context."""
        threads: list[Watcher | Rotator | Client] = [*self.watchers, self.rotator, *self.clients]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            for thread in reversed(threads):
                thread.stop()

    def suffer(self, kind: str, fault: Fault, source: random.Random) -> None:
        """Let a fault happen, wait until all is well again, and judge."""
        roles = self.cluster.wait_until_whole()
        began = time.monotonic()
        fault(self.cluster, roles, source)
        mended = time.monotonic()
        wait_for(lambda: self._all_well(mended), self.cluster.explain)
        answers = [client.take() for client in self.clients]
        self._measure(kind, began, answers)

    def _all_well(self, since: float) -> bool:
        """Tell whether all work has gone on since a moment, in a whole cluster."""
        for client in self.clients:
            assert client.failure is None, client.failure
        assert self.rotator.is_alive()
        acknowledged = sum(when > since for when in self.rotator.acknowledgements()[-10:])
        worked = all(client.succeeded > since for client in self.clients) and acknowledged >= 5
        return worked and bool(self.cluster.roles())

    def _measure(self, kind: str, began: float, answers: Sequence[Sequence[Answer]]) -> None:
        now = time.monotonic()
        possible = overlaps([watcher.possible() for watcher in self.watchers])
        seen = overlaps([watcher.seen() for watcher in self.watchers])
        everything = [answer for one in answers for answer in one]
        judgement = judge(everything, self.rotator.history, possible)
        violations = [*judgement.violations, *self.rotator.take_violations()]
        for watcher in self.watchers:
            watcher.forget(now - SLOWEST)

        times = {
            "longest without a change": longest_gap(self.rotator.acknowledgements(), began, now),
            "longest without an access token": max(
                longest_gap([each.ended for each in one if each.status == 200], began, now)
                for one in answers
            ),
            "two primaries": max((end - begin for begin, end in seen if end > began), default=0),
            "accepted after it was replaced": judgement.window,
        }
        for what, seconds in times.items():
            self.figures.add_time(kind, what, seconds)
        self.figures.faults[kind] += 1
        self._count(everything, judgement.excused, len(violations))
        self.violations += violations
        told = ", ".join(f"{what} {seconds:.2f} s" for what, seconds in times.items())
        print(f"{self.figures.faults.total():4} {kind} ({now - began:.0f} s): {told}", flush=True)
        for violation in violations[:10]:
            print(f"     VIOLATION {violation}", flush=True)

    def _count(self, answers: Sequence[Answer], excused: int, violations: int) -> None:
        statuses = Counter(str(answer.status) for answer in answers)
        rotations = {f"rotations {what}": n for what, n in self.rotator.counts.items()}
        total = Counter(rotations)
        self.figures.sums += total - self._counted
        self._counted = total
        self.figures.sums += Counter({f"answers {what}": n for what, n in statuses.items()})
        self.figures.sums["answers of a second primary"] += excused
        self.figures.sums["violations"] += violations


def longest_gap(moments: Sequence[float], begin: float, end: float) -> float:
    """Return the longest time between two of the moments, the begin and the end."""
    inside = [begin, *(moment for moment in moments if begin < moment < end), end]
    return max(later - earlier for earlier, later in pairwise(inside))


@contextmanager
def running(home: Path, *, synchronous: bool) -> Iterator[Run]:
    """Run a cluster, token endpoints and all that works with them within the context.

    Afterwards the audit log is checked.
    """
    with ExitStack() as stack:
        cluster = stack.enter_context(running_cluster(synchronous=synchronous))
        with connect(cluster.url()) as connection:
            connection.execute("CREATE DATABASE credtui")
        url = cluster.url("credtui")
        migrate(url)
        store = PostgresStore(url, require_synchronous=synchronous)
        stack.callback(store.close)
        settings = Settings.model_validate({}).model_copy(update={"bcrypt_cost": CHEAP})
        rotator = Rotator(Installation(settings, store))
        required = str(synchronous).lower()
        home.joinpath("credtui.toml").write_text(
            f"[store]\nrequire_synchronous = {required}\n[server]\n{PROXIES}\n"
        )
        servers = [
            stack.enter_context(served(home, name=f"log{n}", CREDTUI_STORE_URL=url))
            for n in range(ENDPOINTS)
        ]
        clients = [Client(server.url, rotator, SEED + n) for n, server in enumerate(servers)]
        run = Run(cluster, rotator, clients)
        with run.working():
            yield run
        place = Place(settings.environment, settings.organization)
        last = store.verify_events(place)
        assert last is not None
        assert last.number == store.load(place).credentials[0].generation
        assert [line for server in servers for line in server.lines if "exception" in line] == []


def has_events(member: Member) -> bool:
    """Tell whether the data has come to a standby."""
    url = f"{member.url.rpartition('/')[0]}/credtui?connect_timeout=2"
    with suppress(psycopg.Error), psycopg.connect(url) as connection:
        return bool(connection.execute("SELECT 1 FROM credtui.event LIMIT 1").fetchall())
    return False


def test_faults_of_a_cluster(tmp_path: Path) -> None:
    source = random.Random(SEED)
    print(f"\n{FAULTS} faults, CREDTUI_SOAK_SEED={SEED}", flush=True)
    with running(tmp_path, synchronous=True) as run:
        for kind in kinds(source, FAULTS):
            run.suffer(kind, KINDS[kind], source)
            run.figures.save()
    print(f"\n{run.figures.table()}")
    assert run.violations == []


def test_an_asynchronous_cluster_breaks_the_rules(tmp_path: Path) -> None:
    """The same checks find what is lost when changes don't wait for a standby."""
    with running(tmp_path, synchronous=False) as run:

        def fault(cluster: Cluster, roles: Roles, source: random.Random) -> None:
            # Patroni promotes no standby that is too far behind.
            standbys = [member for member in cluster.members if member is not roles["leader"]]
            wait_for(lambda: all(map(has_events, standbys)), cluster.explain)
            roles["leader"].cut_off_standbys()
            time.sleep(0.7)
            roles["leader"].kill()
            killed = time.monotonic()
            # The next rotation would replace the secret that came back to life.
            run.rotator.may_work.clear()
            wait_for(
                lambda: any(client.succeeded > killed for client in run.clients), cluster.explain
            )
            run.rotator.may_work.set()
            # The link has kept what the leader sent. Earlier, that would arrive.
            roles["leader"].reconnect()
            roles["leader"].start()

        run.suffer("leader: machine killed, standbys lag", fault, random.Random(SEED))
    for wrong in ("was acknowledged after", "after it was replaced", "issued last"):
        assert any(wrong in violation for violation in run.violations)
