"""Attacks on a token endpoint. Each attack runs in a process of its own.

The process listens on its port when its attack is under way.
"""

import json
import os
import random
import select
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import cycle

from benchmarks.endpoint import allow_connections
from benchmarks.load import CONNECTIONS, HOST, Connection, post
from credtui.domain.secrets import generate_client_id, generate_secret

UNREAD = 2251
"""Connections on which nobody reads the answers."""
SILENT = 5000
"""Connections on which nobody says anything."""

_GET = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
# The answers to the first requests fill a connection. The others wait, with bodies or without.
UNREAD_REQUESTS = (100 * _GET, 30 * _GET + 69 * post({"x": "x" * 8000}))
SILENCE = (b"",)

_AGAIN = 25
"""The most connections to open at once in place of those that the server closed."""
_EVERY = 0.1
"""Seconds between two looks for such connections."""


def guess(port: int, target: int, client_id: str, addresses: int) -> None:
    """Send wrong secrets without a pause. Half of them are for a client that exists."""

    def work() -> None:
        connection = Connection(target)
        while True:
            number = random.randrange(addresses)  # noqa: S311
            known = random.random() < 0.5  # noqa: S311
            parameters = {
                "grant_type": "client_credentials",
                "client_id": client_id if known else generate_client_id(os.urandom),
                "client_secret": generate_secret("uat", os.urandom).get_secret_value(),
                "audience": "urn:ripplexcurrent-uat:acme",
            }
            address = f"X-Forwarded-For: 192.0.{number >> 8}.{number & 255}\r\n"
            connection.send(post(parameters, address))
            assert connection.receive() in (401, 429)

    _work(port, work)


def revoke(port: int, target: int, parameters: Mapping[str, str], source: str) -> None:
    """Get access tokens and revoke them, without a pause."""
    client = {name: parameters[name] for name in ("client_id", "client_secret")}

    def work() -> None:
        connection = Connection(target, source=source)
        while True:
            connection.send(post(parameters))
            assert connection.receive() == 200
            token = json.loads(connection.body)["access_token"]
            revocation = post({**client, "token": token}, path="/oauth/revoke")
            connection.send(revocation)
            while (status := connection.receive()) == 429:
                connection.send(revocation)
            assert status == 200

    _work(port, work)


def _work(port: int, work: Callable[[], None]) -> None:
    for _ in range(CONNECTIONS):
        threading.Thread(target=work, daemon=True).start()
    time.sleep(0.5)
    with socket.create_server((HOST, port)):
        threading.Event().wait()


def hold(port: int, target: int, number: int, requests: Sequence[bytes], source: str) -> None:
    """Keep a number of connections, send requests on each, and read nothing.

    Args:
        port: The port on which to listen when the connections are there.
        target: The server's port.
        number: The number of connections.
        requests: What to send. Each connection takes the next of these.
        source: The address of this computer from which to connect.
    """
    allow_connections()
    under_way = socket.socket()
    under_way.bind((HOST, port))  # before a connection takes the port
    held: dict[int, Held] = {}
    closed = select.epoll()
    next_requests = cycle(requests)
    missing = number
    while True:
        for _ in range(missing):
            # If the server has too many connections already, a place may be free later.
            with suppress(OSError):
                connection = Held(target, next(next_requests), source)
                held[connection.descriptor] = connection
                closed.register(connection.descriptor, select.EPOLLRDHUP)
        if not sum(connection.send() for connection in held.values()):
            under_way.listen()
        time.sleep(_EVERY)
        for descriptor, _ in closed.poll(0, number):
            held.pop(descriptor).close()
        missing = min(number - len(held), _AGAIN)


class Held:
    """A connection on which nobody reads."""

    def __init__(self, target: int, requests: bytes, source: str) -> None:
        self._rest = memoryview(requests)
        self._socket = socket.socket()
        try:
            # The smallest buffer that there is, so that unread answers stay with the server.
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            # Segments as on a network. With those of the loopback device, the server's operating
            # system would keep megabytes of unread answers for each connection.
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1460)
            self._socket.settimeout(5)
            self._socket.bind((source, 0))
            self._socket.connect((HOST, target))
        except OSError:
            self._socket.close()
            raise
        self._socket.settimeout(0)
        self.descriptor = self._socket.fileno()

    def send(self) -> int:
        """Send more of the requests, and return how many bytes were sent."""
        sent = 0
        # The server may have closed the connection, or may read no more for now.
        with suppress(OSError):
            while self._rest:
                sent += (now := self._socket.send(self._rest))
                self._rest = self._rest[now:]
        return sent

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()
