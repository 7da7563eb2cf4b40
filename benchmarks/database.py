"""A database with many organizations, compared with files and with bare statements."""

import asyncio
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import psycopg

from benchmarks.databases import ACTOR, DISK, Data, in_database, in_folder, server_on_disk
from benchmarks.figures import print_table, ratio
from benchmarks.installation import CREDTUI
from benchmarks.program import Program
from credtui.domain.client import Client
from credtui.service.credentials import CredentialService

ROUNDS = 10
TIMES = 20
STARTS = 5
IN_FOLDERS = (1, 1_000)
IN_DATABASES = (1, 1_000, 100_000)

Work = Callable[[Sequence[int]], object]
"""Does something with each of some organizations, by their numbers."""

Measured = dict[tuple[str, int], list[float]]
"""The seconds that something took, by the kind of data and the number of organizations."""

_LIST = """
SELECT name, client_id, generation FROM credtui.credential
WHERE organization = %s AND environment = 'uat'
"""
_LOOK_UP = """
SELECT secret_hash FROM credtui.credential WHERE client_id = %s AND environment = 'uat'
"""
_CHANGE = """
UPDATE credtui.credential SET rotated_at = now() WHERE client_id = %s AND environment = 'uat'
"""
_REVOKED = "SELECT FROM credtui.revocation WHERE token = %s AND environment = 'uat'"


def main() -> None:
    """Fill folders and databases, and use them in turns."""
    with TemporaryDirectory(dir=DISK) as folder, server_on_disk() as server:
        filled = {("files", n): in_folder(Path(folder, f"files-{n}"), n) for n in IN_FOLDERS}
        for number in IN_DATABASES:
            home = Path(folder, f"database-{number}")
            filled["database", number] = in_database(server, home, number)
        work = _measure_work(filled)
        _print("microseconds", work, 1e6)
        _print_ratios(work)
        _print("ms to the end, or to the third card", _measure_programs(filled), 1e3)


def _measure_work(filled: Mapping[tuple[str, int], Data]) -> Mapping[str, Measured]:
    taken: dict[str, Measured] = {}
    with ExitStack() as stack:
        subjects: dict[tuple[str, int], Mapping[str, Work]] = {}
        for (kind, number), data in filled.items():
            subjects[kind, number] = stack.enter_context(_ours(data))
            if data.url:
                subjects["statement", number] = stack.enter_context(_bare(data))
        for _ in range(ROUNDS):
            for (kind, number), works in subjects.items():
                for name, work in works.items():
                    chosen = [random.randint(1, number) for _ in range(TIMES)]  # noqa: S311
                    began = time.perf_counter()
                    work(chosen)
                    seconds = (time.perf_counter() - began) / TIMES
                    taken.setdefault(name, {}).setdefault((kind, number), []).append(seconds)
    return taken


@contextmanager
def _ours(data: Data) -> Iterator[Mapping[str, Work]]:
    """Open the data, and yield what credtui does with it."""
    installation = data.open()
    store, clients = installation.store, installation.client_service()
    names = (f"Name {number}" for number in count())

    async def look_up(numbers: Sequence[int]) -> Sequence[Client | None]:
        return [await store.find_client("uat", data.client_id(number)) for number in numbers]

    async def verify(numbers: Sequence[int]) -> None:
        for number in numbers:
            assert await clients.read(tokens[number % len(tokens)])

    def service(number: int) -> CredentialService:
        return installation.service(ACTOR, organization=data.organization(number))

    def show(numbers: Sequence[int]) -> None:
        for number in numbers:
            service(number).page()

    def rename(numbers: Sequence[int]) -> None:
        for number in numbers:
            service(number).rename(data.client_id(number), next(names))

    with asyncio.Runner() as runner:
        some = random.sample(range(1, data.number + 1), min(data.number, 100))
        tokens = [
            clients.issue(client, service(number).audience, "127.0.0.1")
            for number, client in zip(some, runner.run(look_up(some)), strict=True)
            if client
        ]
        yield {
            "list": show,
            "look-up": lambda numbers: runner.run(look_up(numbers)),
            "verify a token": lambda numbers: runner.run(verify(numbers)),
            "change": rename,
        }
        installation.close()


@contextmanager
def _bare(data: Data) -> Iterator[Mapping[str, Work]]:
    """Connect to a database, and yield the least statements that would do the same."""
    with psycopg.connect(data.url, autocommit=True, prepare_threshold=None) as connection:

        def ask(*statements: str, of: Callable[[int], str]) -> Work:
            def work(numbers: Sequence[int]) -> None:
                for number in numbers:
                    for statement in statements:
                        connection.execute(statement, [of(number)])

            return work

        yield {
            "list": ask(_LIST, of=data.organization),
            "look-up": ask(_LOOK_UP, of=data.client_id),
            "verify a token": ask(_LOOK_UP, _REVOKED, of=data.client_id),
            "change": ask(_CHANGE, of=data.client_id),
        }


def _measure_programs(filled: Mapping[tuple[str, int], Data]) -> Mapping[str, Measured]:
    taken: dict[str, Measured] = {"credtui list": {}, "portal": {}}
    for round_number in range(STARTS + 1):
        for key, data in filled.items():
            began = time.perf_counter()
            with Program([CREDTUI, "list"], data.environ) as program:
                program.read_until(b"Treasury sync")
            ended = time.perf_counter()
            with Program([CREDTUI], data.environ) as program:
                shown = program.read_until(b"Treasury sync").seconds
            if round_number:  # the first round only fills the caches
                taken["credtui list"].setdefault(key, []).append(ended - began)
                taken["portal"].setdefault(key, []).append(shown)
    return taken


def _print(unit: str, taken: Mapping[str, Measured], factor: float) -> None:
    keys = list(next(iter(taken.values())))
    heading = [unit, *(f"{kind}, {number:,}" for kind, number in keys)]
    rows = [
        [name, *(f"{median(measured[key]) * factor:.0f}" for key in keys)]
        for name, measured in taken.items()
    ]
    print_table(heading, rows)


def _print_ratios(taken: Mapping[str, Measured]) -> None:
    one, most = ("database", 1), ("database", IN_DATABASES[-1])
    heading = ["database", "100,000 to 1 (aim: 1.2)", "to statements", "to files"]
    rows = [
        [
            name,
            ratio(measured[most], measured[one]),
            ratio(measured[most], measured["statement", most[1]]),
            ratio(measured["database", IN_FOLDERS[-1]], measured["files", IN_FOLDERS[-1]]),
        ]
        for name, measured in taken.items()
    ]
    print_table(heading, rows)
