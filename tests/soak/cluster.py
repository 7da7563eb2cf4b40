"""A cluster of three PostgreSQL servers under Patroni in strict synchronous mode, with etcd.

Everything listens on 127.0.0.1. The members reach each other and etcd through links that can be
cut, and so do the clients. All of it is in the folder of `tests.postgres.programs`, and goes with
this process, whatever ends it.
"""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import httpx

from tests.postgres import processes, programs
from tests.postgres.server import free_port
from tests.soak.links import HOST, Link, Links
from tests.terminal import need_program

TTL, LOOP_WAIT, RETRY_TIMEOUT = 20, 1, 3
"""Seconds. They are the shortest that Patroni allows."""

PATIENCE = 120.0
"""Seconds for which the cluster may take to come back after a fault."""

MEMBERS = 3
PATRONI = Path(sys.prefix) / "soak/bin/patroni"
"""`make soak` installs it beside what the tests need."""

T = TypeVar("T")

DYNAMIC: Mapping[str, Any] = {
    "ttl": TTL,
    "loop_wait": LOOP_WAIT,
    "retry_timeout": RETRY_TIMEOUT,
    "maximum_lag_on_failover": 1 << 20,
    "postgresql": {
        "use_pg_rewind": True,
        "parameters": {"max_connections": 100, "wal_keep_size": "64MB", "max_wal_size": "128MB"},
    },
}
"""What all members share, with or without synchronous standbys."""

SYNCHRONOUS: Mapping[str, Any] = {
    "synchronous_mode": True,
    "synchronous_mode_strict": True,
    "synchronous_node_count": 1,
}


class Member:
    """A PostgreSQL server and its Patroni.

    Attributes:
        port: The server's own port, which nothing cuts.
        clients: The link from the clients to the server.
        etcd: The link from Patroni to etcd.
        folder: What holds all files of both.
    """

    def __init__(self, links: Links, name: str, etcd: int, shared: Mapping[str, Any]) -> None:
        self.name = name
        self.port, self._api = free_port(), free_port()
        self.clients = links.to(self.port)
        self._peers, self._peers_api = links.to(self.port), links.to(self._api)
        self.etcd = links.to(etcd)
        self.folder = programs.new_folder(name)
        self._data = self.folder / "data"
        self.log = self.folder / "log"
        self._settings = self.folder / "patroni.json"
        self._settings.write_text(json.dumps(self._configuration(shared)))
        self._manager: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The server's address, past all links."""
        return f"postgresql://postgres@{HOST}:{self.port}/postgres"

    def cut_off(self, *, clients: bool = False, peers: bool = True) -> None:
        """Cut the member off from etcd and the other members, or from the clients, or from all."""
        for link in self._affected(clients=clients, peers=peers):
            link.cut()

    def reconnect(self) -> None:
        for link in self._affected(clients=True, peers=True):
            link.mend()

    def start(self) -> None:
        """Start Patroni, which starts PostgreSQL."""
        assert PATRONI.exists(), "Patroni is not installed; run `make soak`"
        self._manager = programs.start(PATRONI, self._settings, log=self.log, reads_all=True)

    def kill_manager(self) -> None:
        """Kill Patroni. PostgreSQL goes on."""
        assert self._manager is not None
        processes.kill_tree(self._manager.pid)
        self._manager.wait()

    def kill_server(self) -> None:
        """Kill all of PostgreSQL's processes. Patroni goes on."""
        if postmaster := self._postmaster():
            processes.kill_tree(postmaster)

    def kill(self) -> None:
        """Kill all, as a power failure would."""
        self.freeze()
        self.kill_manager()
        self.kill_server()

    def cut_off_standbys(self) -> None:
        """Cut the line on which standbys get what is written here."""
        self._peers.cut()

    def freeze(self) -> None:
        """Stop all processes, as a machine that hangs would."""
        for pid in self._programs():
            processes.signal_all([pid], signal.SIGSTOP)
            processes.signal_all(processes.children(pid), signal.SIGSTOP)

    def thaw(self) -> None:
        for pid in self._programs():
            processes.signal_all([*processes.children(pid), pid], signal.SIGCONT)

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """Ask Patroni, past all links. Return its answer, None if there is none."""
        with suppress(httpx.HTTPError, ValueError):
            answer = httpx.request(method, f"http://{HOST}:{self._api}{path}", **options)
            return answer.json() if method == "GET" else answer.text
        return None

    def _programs(self) -> list[int]:
        assert self._manager is not None
        return [self._manager.pid, *filter(None, [self._postmaster()])]

    def _postmaster(self) -> int | None:
        with suppress(OSError, ValueError):
            pid = int((self._data / "postmaster.pid").read_text().split()[0])
            running = str(self._data).encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
            return pid if running else None
        return None

    def _affected(self, *, clients: bool, peers: bool) -> Iterator[Link]:
        if clients:
            yield self.clients
        if peers:
            yield from (self._peers, self._peers_api, self.etcd)

    def _configuration(self, shared: Mapping[str, Any]) -> Mapping[str, Any]:
        anyone = [f"host {what} all {HOST}/32 trust" for what in ("all", "replication")]
        person = {"username": "postgres"}
        return {
            "scope": "credtui",
            "name": self.name,
            "restapi": {
                "listen": f"{HOST}:{self._api}",
                "connect_address": f"{HOST}:{self._peers_api.port}",
            },
            "etcd3": {"hosts": [f"{HOST}:{self.etcd.port}"], "use_proxies": True},
            "bootstrap": {
                "dcs": shared,
                "initdb": [
                    {"auth": "trust"},
                    {"encoding": "UTF8"},
                    {"locale": "C"},
                    {"wal-segsize": "1"},
                    "no-sync",
                ],
            },
            "postgresql": {
                "listen": f"{HOST}:{self.port}",
                "connect_address": f"{HOST}:{self._peers.port}",
                "data_dir": str(self._data),
                "bin_dir": str(programs.embedded()),
                "pgpass": str(self.folder / "pgpass"),
                "authentication": {"superuser": person, "replication": person},
                "pg_hba": anyone,
                "use_unix_socket": False,
                "remove_data_directory_on_rewind_failure": True,
                "remove_data_directory_on_diverged_timelines": True,
                "parameters": {
                    "fsync": "off",
                    "unix_socket_directories": "",
                    "dynamic_shared_memory_type": "mmap",
                },
            },
            "watchdog": {"mode": "off"},
        }


class Etcd:
    """etcd with one member. Its port stays the same when it starts again."""

    def __init__(self) -> None:
        self.port, self._peers = free_port(), free_port()
        self.folder = programs.new_folder("etcd")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        clients, peers = (f"http://{HOST}:{port}" for port in (self.port, self._peers))
        self._process = programs.start(
            *(need_program("etcd"), "--name", "etcd", "--data-dir", self.folder / "data"),
            *("--listen-client-urls", clients, "--advertise-client-urls", clients),
            *("--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers),
            *("--initial-cluster", f"etcd={peers}", "--log-level", "error"),
            log=self.folder / "log",
        )

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()


class Cluster:
    """The three members and etcd."""

    def __init__(self, links: Links, *, synchronous: bool) -> None:
        shared = {**DYNAMIC, **(SYNCHRONOUS if synchronous else {})}
        self.etcd = Etcd()
        self.members = [
            Member(links, f"m{n}", self.etcd.port, shared) for n in range(1, MEMBERS + 1)
        ]
        self._roles = {"leader", "replica"} | ({"sync_standby"} if synchronous else set())

    def remove(self) -> None:
        """Kill everything, and remove its data."""
        for folder in (self.etcd.folder, *(member.folder for member in self.members)):
            processes.demolish(folder)

    def url(self, database: str = "postgres") -> str:
        """Return the address for clients, with all hosts."""
        hosts = ",".join(f"{HOST}:{member.clients.port}" for member in self.members)
        return f"postgresql://postgres@{hosts}/{database}"

    def start(self) -> None:
        self.etcd.start()
        for member in self.members:
            member.start()
        self.wait_until_whole()

    def roles(self) -> dict[str, Member]:
        """Return the members by the roles that Patroni gives them, if the cluster is whole.

        The roles are `leader`, `replica` and, in a synchronous cluster, `sync_standby`.
        """
        for asked in self.members:
            said = (asked.ask("GET", "/cluster", timeout=2.0) or {}).get("members", [])
            well = [
                (each["role"], member)
                for member in self.members
                for each in said
                if each["name"] == member.name and each["state"] in ("running", "streaming")
            ]
            roles = dict(well)
            whole = len(well) == MEMBERS and {*roles} == self._roles
            if whole and roles["leader"] is asked:
                return roles
        return {}

    def wait_until_whole(self) -> dict[str, Member]:
        """Wait until all members work, and return their roles."""
        return wait_for(self.roles, self.explain)

    def explain(self) -> str:
        """Return the ends of all logs."""
        ends = (f"--- {each.name}\n{each.log.read_text()[-3000:]}" for each in self.members)
        return "\n".join(ends)


def wait_for(condition: Callable[[], T], explain: Callable[[], str]) -> T:
    """Return the first truthy value of a condition. It is an error if there is none in time."""
    give_up = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < give_up, explain()
        time.sleep(0.2)
    return value


@contextmanager
def running_cluster(*, synchronous: bool = True) -> Iterator[Cluster]:
    """Run a cluster within the context."""
    with Links() as links:
        cluster = Cluster(links, synchronous=synchronous)
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.remove()
