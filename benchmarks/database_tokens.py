"""Access tokens a second from a database, compared with files and with bare statements.

The load, the token endpoints and the database share the cores. A second process of the endpoint
gains only what the others leave.
"""

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from struct import pack
from tempfile import TemporaryDirectory
from typing import NamedTuple
from urllib.parse import urlsplit

import psycopg
from tests.postgres.processes import children

from benchmarks.databases import DISK, Data, in_database, in_folder, server_on_disk
from benchmarks.endpoint import Server, free_port, wait_for_port
from benchmarks.figures import print_table, spread
from benchmarks.installation import CREDTUI
from benchmarks.load import Answers, Connection, ask_each, connections, post

ROUNDS = 15
SECONDS = 0.4
ORGANIZATIONS = 1_000
CONNECTIONS = (8, 32)

_READY = b"Z\0\0\0\x05I"
"""The end of an answer of the database."""
_PROTOCOL = 3 << 16
_LOOK_UP = """
SELECT secret_hash, networks FROM credtui.credential JOIN credtui.ledger
USING (organization, environment) WHERE environment = 'uat' AND client_id =
"""


class Subject(NamedTuple):
    """What is asked.

    Attributes:
        ask: Asks on a number of connections for some seconds.
        used: Returns the seconds of processor time that the endpoint has used.
    """

    ask: Callable[[int, float], Answers]
    used: Callable[[], float]


class Session(Connection):
    """A session of the database, whose requests are statements."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        super().__init__(address.port or 0)
        names = f"user\0{address.username}\0database\0{address.path[1:]}\0\0".encode()
        self.send(pack("!ii", 8 + len(names), _PROTOCOL) + names)
        self.receive()

    def receive(self) -> int:
        """Read an answer."""
        answer = b""
        while not answer.endswith(_READY):
            answer += self._more()
        return 200


def main() -> None:
    """Ask token endpoints and a database in turns."""
    print(f"{os.cpu_count()} cores for the load, the endpoints and the database\n")
    with TemporaryDirectory(dir=DISK) as folder, server_on_disk() as server, ExitStack() as stack:
        files = in_folder(Path(folder, "files"), ORGANIZATIONS)
        database = in_database(server, Path(folder, "database"), ORGANIZATIONS)
        subjects = {"bare SELECT": stack.enter_context(_bare(database))}
        for workers in (1, 2):
            for name, data in (("files", files), ("database", database)):
                endpoint = stack.enter_context(_endpoint(data, workers))
                subjects[f"{name}, {workers} processes"] = endpoint
        with psycopg.connect(database.url, autocommit=True) as connection:
            for number in CONNECTIONS:
                _measure(number, subjects, connection)


def _measure(number: int, subjects: Mapping[str, Subject], connection: psycopg.Connection) -> None:
    rates: dict[str, list[float]] = {name: [] for name in subjects}
    used: dict[str, list[float]] = {name: [0.0, 0.0] for name in subjects}
    answered = dict.fromkeys(subjects, 0)
    # Each process hashes each secret once. Who connects again may get another process.
    for subject in 5 * [*subjects.values()]:
        subject.ask(number, 0.05 * number)
    for _ in range(ROUNDS):
        for name, subject in subjects.items():
            before = subject.used(), _used_by_sessions(connection)
            answers = subject.ask(number, SECONDS)
            after = subject.used(), _used_by_sessions(connection)
            rates[name].append(answers.rate)
            answered[name] += len(answers.waits)
            used[name] = [u + a - b for u, a, b in zip(used[name], after, before, strict=True)]
    files = median(rates["files, 1 processes"])
    rows = [
        [
            name,
            spread(rate),
            f"{median(rate) / files:.2f}",
            f"{median(rate) / median(rates['bare SELECT']):.2f}",
            *(f"{seconds / answered[name] * 1e6:.0f}" for seconds in used[name]),
        ]
        for name, rate in rates.items()
    ]
    heading = [
        f"{number} connections",
        "requests/s",
        "to files (aim: 0.4)",
        "to SELECT",
        "endpoint us",
        "database us",
    ]
    print_table(heading, rows)


@contextmanager
def _bare(data: Data) -> Iterator[Subject]:
    """Select a client's hash on as many connections as an endpoint has."""
    with ExitStack() as stack:
        sessions: list[Session] = []
        for _ in range(max(CONNECTIONS)):
            sessions.append(Session(data.url))
            stack.callback(sessions[-1].close)

        def ask(number: int, seconds: float) -> Answers:
            statements = (_LOOK_UP + f"'{data.client_id(n)}'" for n in range(1, number + 1))
            requests = (b"Q" + pack("!i", 5 + len(it)) + it.encode() + b"\0" for it in statements)
            return ask_each(dict(zip(sessions, requests, strict=False)), seconds)

        yield Subject(ask, lambda: 0.0)


@contextmanager
def _endpoint(data: Data, workers: int) -> Iterator[Subject]:
    """Run a token endpoint."""
    port = free_port()
    words = [str(CREDTUI), "serve", "--port", str(port), "--workers", str(workers)]
    environ = {"PATH": os.environ["PATH"], **data.environ}
    with subprocess.Popen(words, env=environ, stderr=subprocess.DEVNULL) as process:
        wait_for_port(port, lambda: process.poll() is None)

        def ask(number: int, seconds: float) -> Answers:
            requests = [post(_form(data, n)) for n in range(1, number + 1)]
            with connections(port, number) as opened:
                return ask_each(dict(zip(opened, requests, strict=True)), seconds)

        def used() -> float:
            return _processor_time([process.pid, *children(process.pid)])

        try:
            yield Subject(ask, used)
        finally:
            process.terminate()


def _form(data: Data, number: int) -> Mapping[str, str]:
    """Return the parameters with which an organization's client requests an access token."""
    return {
        "grant_type": "client_credentials",
        "client_id": data.client_id(number),
        "client_secret": data.first.secret.get_secret_value(),
        "audience": f"urn:ripplexcurrent-uat:{data.organization(number)}",
    }


def _used_by_sessions(connection: psycopg.Connection) -> float:
    """Return the seconds of processor time that the database's other sessions have used."""
    sessions = connection.execute(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid()"
    )
    return _processor_time([row[0] for row in sessions])


def _processor_time(processes: Sequence[int]) -> float:
    return sum(Server(0, process).processor_time() for process in processes)
