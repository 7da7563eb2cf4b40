"""Requests to a token endpoint, and clients that need little processor time to send them."""

import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import NamedTuple
from urllib.parse import urlencode

from credtui.domain.models import IssuedSecret

HOST = "127.0.0.1"
PATH = "/v2/oauth/token"
CONNECTIONS = 8

_PAUSE = 0.01
_TRY_AGAIN = 0.02


def form(account: IssuedSecret) -> Mapping[str, str]:
    """Return the parameters with which a client requests an access token."""
    return {
        "grant_type": "client_credentials",
        "client_id": account.credential.client_id,
        "client_secret": account.secret.get_secret_value(),
        "audience": account.audience,
    }


def post(parameters: Mapping[str, str], headers: str = "", path: str = PATH) -> bytes:
    """Return a request with these parameters. Each header ends with CR LF."""
    body = urlencode(parameters)
    return (
        f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\n{headers}"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


class Connection:
    """A connection to a server on this computer, from one of the computer's own addresses."""

    def __init__(self, port: int, *, source: str = HOST, timeout: float = 60.0) -> None:
        self._socket = socket.create_connection((HOST, port), timeout, (source, 0))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.body = b""
        """The body of the last answer."""

    def send(self, request: bytes) -> None:
        """Send a request."""
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
        self.body = answer[end + 4 :]
        return int(answer[9:12])

    def _more(self) -> bytes:
        if more := self._socket.recv(65536):
            return more
        raise ConnectionError("the server hung up")

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


@contextmanager
def connections(port: int, number: int) -> Iterator[Sequence[Connection]]:
    """Connect as often as told, and close the connections at the end."""
    with ExitStack() as stack:
        opened = [Connection(port) for _ in range(number)]
        for connection in opened:
            stack.callback(connection.close)
        yield opened


class Answers(NamedTuple):
    """What a server did while each connection always had a request under way.

    Attributes:
        rate: The answers a second.
        waits: The seconds from each request to its answer.
    """

    rate: float
    waits: Sequence[float]


def ask(port: int, request: bytes, seconds: float, number: int = CONNECTIONS) -> Answers:
    """Send a request on each connection again as soon as the answer is there."""
    with connections(port, number) as opened:
        return ask_each(dict.fromkeys(opened, request), seconds)


def ask_each(requests: Mapping[Connection, bytes], seconds: float) -> Answers:
    """Send each connection's request again as soon as the answer is there."""
    now = time.perf_counter
    sent = {}
    began = now()
    for connection, request in requests.items():
        sent[connection] = now()
        connection.send(request)
    waits = []
    while now() - began < seconds:
        for connection, request in requests.items():
            assert connection.receive() == 200
            answered = now()
            waits.append(answered - sent[connection])
            sent[connection] = answered
            connection.send(request)
    taken = now() - began
    for connection in requests:
        connection.receive()
    return Answers(len(waits) / taken, waits)


class Waits(NamedTuple):
    """How a client was served that asked a hundred times a second.

    Attributes:
        seconds: The seconds until each request was answered.
        refused: The number of requests that were refused or dropped at first.
    """

    seconds: list[float]
    refused: int


def wait_for_each(
    port: int, request: bytes, seconds: float, *, keep: bool = True, give_up: float = 10.0
) -> Waits:
    """Ask a hundred times a second, and ask again when refused.

    While an answer is late, this client doesn't ask, but others would. So the waits of the requests
    that were due in the meantime count as well: a server that answers nobody for a second is seen
    in a hundred waits.

    Args:
        port: The server's port.
        request: The request.
        seconds: How long to ask.
        keep: Whether to keep the connection. Otherwise each request has a new one.
        give_up: Seconds after which to wait no longer for an answer.
    """
    now = time.perf_counter
    waits: list[float] = []
    refused = 0
    client = _GoodClient(port, request, keep=keep, timeout=give_up)
    end = now() + seconds
    while (began := now()) < end:
        answered = at_once = client.ask()
        while not answered and now() - began < give_up:
            time.sleep(_TRY_AGAIN)
            answered = client.ask()
        taken = now() - began
        due = 1 + int(taken / _PAUSE)
        waits += [taken - late * _PAUSE for late in range(due)]
        refused += 0 if at_once else due
        time.sleep(max(0.0, _PAUSE - taken))
    client.close()
    return Waits(waits, refused)


class _GoodClient:
    """A client that connects again when its connection is gone."""

    def __init__(self, port: int, request: bytes, *, keep: bool, timeout: float) -> None:
        self._port = port
        self._request = request
        self._keep = keep
        self._timeout = timeout
        self._connection: Connection | None = None

    def ask(self) -> bool:
        """Send the request, and tell whether an answer came."""
        status = 0
        try:
            if self._connection is None:
                self._connection = Connection(self._port, timeout=self._timeout)
            self._connection.send(self._request)
            status = self._connection.receive()
        except OSError:
            self.close()
        assert status in (0, 200, 503), status
        if not self._keep or status != 200:
            self.close()
        return status == 200

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
