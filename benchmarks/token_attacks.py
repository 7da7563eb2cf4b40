"""A good client of the token endpoint while others guess, hold connections or revoke."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import NamedTuple
from unittest.mock import patch

from benchmarks.attackers import SILENCE, SILENT, UNREAD, UNREAD_REQUESTS, guess, hold, revoke
from benchmarks.endpoint import PROXIES, Server, allow_connections, generate, log_of, running, serve
from benchmarks.figures import print_table
from benchmarks.installation import on_disk
from benchmarks.load import HOST, Waits, form, post, wait_for_each
from credtui.store.tinydb.store import TinyDBStore

ROUNDS = 12
SECONDS = 1.0
HOLDING_ROUNDS = 4
HOLDING_SECONDS = 3.0
REVOKED = (0, 100_000)

_ELSEWHERE = "127.0.0.2"
_SETTLED_WITHIN = 30.0


def main() -> None:
    """Measure the waits during each kind of attack."""
    with TemporaryDirectory(dir=on_disk()) as folder:
        _measure_guesses(Path(folder) / "guesses")
        _measure_connections(Path(folder) / "connections")
        _measure_revocations(Path(folder) / "revocations")


def _measure_guesses(folder: Path) -> None:
    """Compare the waits while others guess with those while nobody does."""
    account = generate(folder)
    attacks = {"guesses from 1 address": 1, "guesses from 1,000 addresses": 1000}
    waits: dict[str, list[Waits]] = {name: [] for name in ("nobody guesses", *attacks)}
    with running(serve, folder, PROXIES) as server:
        request = post(form(account), "X-Forwarded-For: 10.0.0.1\r\n")
        wait_for_each(server.port, request, 0.5)
        for _ in range(ROUNDS):
            waits["nobody guesses"].append(wait_for_each(server.port, request, SECONDS))
            for name, addresses in attacks.items():
                with running(guess, server.port, account.credential.client_id, addresses):
                    waits[name].append(wait_for_each(server.port, request, SECONDS))
    _print(waits, {})


class _Held(NamedTuple):
    """Connections that are held.

    Attributes:
        number: How many.
        requests: What is sent. Each connection takes the next of these.
        source: The address from which they come.
    """

    number: int
    requests: Sequence[bytes]
    source: str


def _measure_connections(folder: Path) -> None:
    """Compare the waits while others hold connections with those while nobody does.

    The good client connects anew for each request. Each attack has a server of its own, because the
    memory that a server once used stays with it.
    """
    request = post(form(generate(folder)))
    unread, silent = allow_connections(UNREAD), allow_connections(SILENT)
    attacks: Mapping[str, _Held | None] = {
        "nobody holds any": None,
        f"{unread:,} unread": _Held(unread, UNREAD_REQUESTS, _ELSEWHERE),
        f"{silent:,} silent": _Held(silent, SILENCE, _ELSEWHERE),
        f"{unread:,} unread, the client's address": _Held(unread, UNREAD_REQUESTS, HOST),
        f"{silent:,} silent, the client's address": _Held(silent, SILENCE, HOST),
    }
    waits: dict[str, list[Waits]] = {name: [] for name in attacks}
    with ExitStack() as stack:
        servers = {name: stack.enter_context(running(serve, folder)) for name in attacks}
        for server in servers.values():
            wait_for_each(server.port, request, 0.5)
        for _ in range(HOLDING_ROUNDS):
            for name, held in attacks.items():
                server = servers[name]
                with ExitStack() as attack:
                    if held:
                        attack.enter_context(running(hold, server.port, *held))
                        _settle(server)
                    taken = wait_for_each(server.port, request, HOLDING_SECONDS, keep=False)
                    waits[name].append(taken)
        memory = [f"{server.most_memory():.0f}" for server in servers.values()]
    _print(waits, {"MiB resident": memory})


def _settle(server: Server) -> None:
    """Wait until a server has done what an attack made it do at first."""
    end = time.monotonic() + _SETTLED_WITHIN
    used, before = 1.0, server.processor_time()
    while used > 0.25 and time.monotonic() < end:
        time.sleep(0.5)
        used, before = server.processor_time() - before, server.processor_time()


def _measure_revocations(folder: Path) -> None:
    """Compare the waits while another client revokes with those while nobody does."""
    waits: dict[str, list[Waits]] = {}
    rates: dict[str, list[float]] = {}
    with ExitStack() as stack:
        tenants = [stack.enter_context(_tenants(folder / str(kept), kept)) for kept in REVOKED]
        for _ in range(ROUNDS):
            for tenant in tenants:
                port = tenant.server.port
                nobody = f"nobody revokes, {tenant.kept:,} kept"
                another = f"another revokes, {tenant.kept:,} kept"
                taken = wait_for_each(port, tenant.request, SECONDS)
                waits.setdefault(nobody, []).append(taken)
                rates.setdefault(nobody, []).append(0)
                with running(revoke, port, tenant.other, _ELSEWHERE):
                    before = tenant.count_revoked()
                    taken = wait_for_each(port, tenant.request, SECONDS)
                    waits.setdefault(another, []).append(taken)
                    rates.setdefault(another, []).append(tenant.count_revoked() - before)
    column = [f"{median(rate) / SECONDS:.0f}" for rate in rates.values()]
    _print(waits, {"revoked/s": column})


class _Tenants(NamedTuple):
    """A server with two clients.

    Attributes:
        server: The server.
        log: The file of its log.
        kept: The number of revocations that its store had at first.
        request: The good client's request.
        other: The parameters of the other client's requests.
    """

    server: Server
    log: Path
    kept: int
    request: bytes
    other: Mapping[str, str]

    def count_revoked(self) -> int:
        """Return how many revocations were answered with status 200 so far."""
        lines = self.log.read_bytes().split(b"\n")
        return sum(b'"/oauth/revoke"' in line and b'"status":200' in line for line in lines)


@contextmanager
def _tenants(store: Path, kept: int) -> Iterator[_Tenants]:
    request, other = post(form(generate(store))), form(generate(store, "other"))
    _fill(store, kept)
    with running(serve, store) as server:
        wait_for_each(server.port, request, 0.5)
        yield _Tenants(server, log_of(store, server.port), kept, request, other)


def _fill(folder: Path, number: int) -> None:
    """Fill a store with revocations. Making each of them durable would take minutes."""
    store = TinyDBStore(folder)
    expiry = datetime.now(UTC) + timedelta(hours=1)
    with patch("os.fsync", lambda _: None):
        for token in range(number):
            store.revoke("uat", str(token), expiry)
    store.close()


def _print(waits: Mapping[str, Sequence[Waits]], columns: Mapping[str, Sequence[str]]) -> None:
    """Print a row for each attack. The first is the one with which the others are compared."""
    rows = []
    base = 0.0
    for row, (name, rounds) in enumerate(waits.items()):
        seconds = [wait for taken in rounds for wait in taken.seconds]
        p99 = quantiles(seconds, n=100)[98]
        base = base or p99
        rows.append(
            [
                name,
                f"{median(seconds) * 1000:.2f}",
                f"{p99 * 1000:.2f}",
                f"{p99 / base:.2f}",
                f"{sum(taken.refused for taken in rounds)} of {len(seconds)}",
                *(column[row] for column in columns.values()),
            ]
        )
    heading = ["good client", "median ms", "p99 ms", "ratio (aim: 2)", "refused", *columns]
    print_table(heading, rows)
