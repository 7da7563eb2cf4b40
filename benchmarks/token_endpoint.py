"""The token endpoint: requests a second, guessing attackers, and many organizations."""

import asyncio
import json
import multiprocessing
import os
import random
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from urllib.parse import urlencode

from benchmarks.figures import print_table, spread
from benchmarks.installation import on_disk
from credtui.configuration import Settings
from credtui.domain.models import IssuedSecret
from credtui.domain.permissions import Actor
from credtui.domain.secrets import generate_client_id, generate_secret
from credtui.installation import Installation
from credtui.store.tinydb.store import TinyDBStore

ROUNDS = 12
SECONDS = 1.0
CONNECTIONS = 8
ORGANIZATIONS = (1, 100, 10_000)

_PATH = "/v2/oauth/token"
_DEFAULTS: Mapping[str, Any] = {}
_PROXIES = {"server": {"trusted_proxies": ["127.0.0.0/8"]}}


def main() -> None:
    """Measure the rate, the waits during an attack, and look-ups."""
    with TemporaryDirectory(dir=on_disk()) as folder:
        _measure_rate(Path(folder) / "rate")
        _measure_attack(Path(folder) / "attack")
        _measure_look_ups(Path(folder) / "look-ups")


def _measure_rate(folder: Path) -> None:
    """Compare access tokens a second with constant answers a second of the same stack."""
    account = _generate(folder)
    request = _request(_form(account))
    rates: dict[str, list[float]] = {"constant JSON": [], "access token": []}
    costs: dict[str, list[float]] = {"constant JSON": [], "access token": []}
    with (
        _process(_serve_constant, folder) as constant,
        _process(_serve, folder) as ours,
    ):
        servers = {"constant JSON": constant, "access token": ours}
        for server in servers.values():  # the first request needs bcrypt
            _ask(server.port, request, 0.0, 1)
        for _ in range(5 * ROUNDS):
            for name, server in servers.items():
                before = server.processor_time()
                rate = _ask(server.port, request, SECONDS / 5, CONNECTIONS)
                rates[name].append(rate)
                used = server.processor_time() - before
                costs[name].append(used / (rate * SECONDS / 5) * 1e6)
    base = rates["constant JSON"]
    rows = [
        [
            name,
            spread(rate),
            f"{median(rate) / median(base):.2f}",
            f"{max(rate) / max(base):.2f}",
            spread(costs[name]),
        ]
        for name, rate in rates.items()
    ]
    # If other programs use the processor too, the best rounds are the most exact.
    heading = ["", "requests/s", "ratio (aim: 0.5)", "of the best rounds", "processor us/request"]
    print_table(heading, rows)


def _measure_attack(folder: Path) -> None:
    """Compare the waits of a good client while others guess and while nobody does."""
    account = _generate(folder)
    attacks = {"one address": 1, "1,000 addresses": 1000}
    waits: dict[str, list[float]] = {"nobody guesses": [], **{name: [] for name in attacks}}
    with _process(_serve, folder, _PROXIES) as server:
        port = server.port
        request = _request(_form(account), "X-Forwarded-For: 10.0.0.1\r\n")
        _wait_for_each(port, request, 0.5)
        for _ in range(ROUNDS):
            waits["nobody guesses"] += _wait_for_each(port, request, SECONDS)
            for name, addresses in attacks.items():
                with _process(_guess, port, account.credential.client_id, addresses, ready=False):
                    time.sleep(0.5)
                    waits[name] += _wait_for_each(port, request, SECONDS)
    p99 = {name: quantiles(values, n=100)[98] * 1000 for name, values in waits.items()}
    rows = [
        [
            name,
            f"{median(values) * 1000:.2f}",
            f"{p99[name]:.2f}",
            f"{p99[name] / p99['nobody guesses']:.2f}",
        ]
        for name, values in waits.items()
    ]
    print_table(["good client", "median ms", "p99 ms", "ratio of p99 (aim: 2)"], rows)


def _measure_look_ups(folder: Path) -> None:
    """Compare looking up a Client ID that is not in memory among few and many organizations."""
    stores: dict[int, tuple[Path, list[str]]] = {}
    for number in ORGANIZATIONS:
        stores[number] = folder / str(number), _fill(folder / str(number), number)
    taken: dict[int, list[float]] = {number: [] for number in ORGANIZATIONS}
    for _ in range(ROUNDS):
        for number, (filled, client_ids) in stores.items():
            asked = random.choices(client_ids, k=200)  # noqa: S311
            taken[number].append(asyncio.run(_look_up(filled, asked)))
    base = median(taken[1])
    rows = [
        [
            f"{number:,} organizations",
            spread([seconds * 1e6 for seconds in values]),
            f"{median(values) / base:.2f}",
        ]
        for number, values in taken.items()
    ]
    print_table(["look-up among", "microseconds", "ratio (aim: 1.2)"], rows)


async def _look_up(folder: Path, client_ids: Sequence[str]) -> float:
    """Return the seconds that it takes to look up a Client ID in a store that was just opened."""
    taken = 0.0
    for client_id in client_ids:
        store = TinyDBStore(folder)
        began = time.perf_counter()
        assert await store.find_client("uat", client_id)
        taken += time.perf_counter() - began
        store.close()
    return taken / len(client_ids)


def _generate(folder: Path) -> IssuedSecret:
    return _credtui(folder).service(Actor(operator="benchmark")).generate("Payout gateway")


def _credtui(folder: Path, settings: Mapping[str, Any] = _DEFAULTS) -> Installation:
    return Installation(Settings.model_validate(settings), TinyDBStore(folder))


def _fill(folder: Path, number: int) -> list[str]:
    """Fill a store with as many organizations, all like the first, and return their Client IDs."""
    issued = _generate(folder)
    environment = folder / "uat"
    like = json.loads((environment / "acme.json").read_text())
    client_ids = [issued.credential.client_id]
    for copy in range(1, number):
        client_id = generate_client_id(os.urandom)
        # The audit event stays as it is: its hash covers the first organization's Client ID.
        like["credentials"]["1"]["client_id"] = like["organization"]["1"]["primary"] = client_id
        (environment / f"o-{copy}.json").write_text(json.dumps(like))
        (environment / ".clients" / client_id).write_text(f"o-{copy}")
        client_ids.append(client_id)
    return client_ids


def _form(account: IssuedSecret, **changes: str) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_id": account.credential.client_id,
        "client_secret": account.secret.get_secret_value(),
        "audience": account.audience,
        **changes,
    }


def _request(form: dict[str, str], headers: str = "") -> bytes:
    body = urlencode(form)
    return (
        f"POST {_PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


class _Connection:
    """A client that needs little processor time, compared with the server."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, request: bytes) -> None:
        self._socket.sendall(request)

    def receive(self) -> int:
        """Read an answer, and return its status."""
        answer = self._more()
        while (end := answer.find(b"\r\n\r\n")) < 0:
            answer += self._more()
        head = answer[:end].lower()
        at = head.index(b"content-length:") + 15
        length = int(head[at:].partition(b"\r\n")[0])
        while len(answer) < end + 4 + length:
            answer += self._more()
        return int(answer[9:12])

    def _more(self) -> bytes:
        if more := self._socket.recv(65536):
            return more
        raise ConnectionError("the server hung up")

    def close(self) -> None:
        self._socket.close()


@contextmanager
def _connections(port: int, number: int) -> Iterator[Sequence[_Connection]]:
    with ExitStack() as stack:
        connections = [_Connection(port) for _ in range(number)]
        for connection in connections:
            stack.callback(connection.close)
        yield connections


def _ask(port: int, request: bytes, seconds: float, number: int) -> float:
    """Return the answers a second, while each connection always has a request under way."""
    with _connections(port, number) as connections:
        for connection in connections:
            connection.send(request)
        answers = 0
        began = time.perf_counter()
        while time.perf_counter() - began < seconds:
            for connection in connections:
                assert connection.receive() == 200
                connection.send(request)
            answers += number
        taken = time.perf_counter() - began
        for connection in connections:
            connection.receive()
    return answers / taken


def _wait_for_each(port: int, request: bytes, seconds: float) -> list[float]:
    """Return the seconds that each request took, at a hundred requests a second."""
    waits = []
    with _connections(port, 1) as (connection,):
        end = time.perf_counter() + seconds
        while (began := time.perf_counter()) < end:
            connection.send(request)
            assert connection.receive() == 200
            waits.append(time.perf_counter() - began)
            time.sleep(max(0.0, 0.01 - waits[-1]))
    return waits


def _guess(_: int, port: int, client_id: str, addresses: int) -> None:
    """Send wrong secrets without a pause. Half of them are for a client that exists."""

    def guess() -> None:
        with _connections(port, 1) as (connection,):
            while True:
                number = random.randrange(addresses)  # noqa: S311
                known = random.random() < 0.5  # noqa: S311
                form = {
                    "grant_type": "client_credentials",
                    "client_id": client_id if known else generate_client_id(os.urandom),
                    "client_secret": generate_secret("uat", os.urandom).get_secret_value(),
                    "audience": "urn:ripplexcurrent-uat:acme",
                }
                address = f"X-Forwarded-For: 192.0.{number >> 8}.{number & 255}\r\n"
                connection.send(_request(form, address))
                assert connection.receive() in (401, 429)

    for _thread in range(CONNECTIONS):
        threading.Thread(target=guess, daemon=True).start()
    time.sleep(3600)


def _serve(port: int, folder: Path, settings: Mapping[str, Any] = _DEFAULTS) -> None:
    from credtui.server.run import run_server

    _log_to(folder.with_suffix(".log"))
    run_server(_credtui(folder, settings), "127.0.0.1", port)


def _serve_constant(port: int, folder: Path) -> None:
    """Serve a constant answer of a token's size, with the same server, protocol and framework."""
    from functools import partial

    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    from credtui.server.connections import Connections
    from credtui.server.http import Protocol

    answer = {"access_token": "x" * 300, "token_type": "Bearer", "expires_in": 3600}

    async def constant(_: Request) -> JSONResponse:
        return JSONResponse(answer)

    _log_to(folder.with_suffix(".constant.log"))
    uvicorn.run(
        Starlette(routes=[Route(_PATH, constant, methods=["POST"])]),
        port=port,
        http=partial(Protocol, connections=Connections(4096)),  # type: ignore[arg-type]
        loop="asyncio",
        access_log=False,
        server_header=False,
    )


def _log_to(path: Path) -> None:
    sys.stderr = path.open("w")


class _Server(NamedTuple):
    """A process that serves a port."""

    port: int
    process: int

    def processor_time(self) -> float:
        """Return the seconds of processor time that it has used."""
        fields = Path(f"/proc/{self.process}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _process(work: Callable[..., None], *arguments: Any, ready: bool = True) -> Iterator[_Server]:
    """Run a function that serves a port, in a process of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    process = multiprocessing.get_context("spawn").Process(
        target=work, args=(port, *arguments), daemon=True
    )
    process.start()
    try:
        while ready:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                time.sleep(0.05)
        assert process.pid
        yield _Server(port, process.pid)
    finally:
        process.kill()
        process.join()
