"""Connections that don't speak, and connections that don't read, shut nobody out."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from credtui.domain.secrets import generate_secret
from credtui.server.connections import Connections
from tests.server.serving import PATIENCE, Account, Server, serving, wait_for
from tests.support import seeded_bytes

LIMIT = 8
GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
LONG = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
ONE, OTHER, PROXY = "127.0.0.1", "127.0.0.2", "127.0.0.3"


class Place:
    """What has a place among connections."""

    def __init__(self, *, idle: bool = True) -> None:
        self.is_idle = idle
        self.ended = False

    def end(self) -> None:
        self.ended = True


class TestShares:
    """Who yields to whom."""

    @pytest.fixture
    def connections(self) -> Connections:
        return Connections(4, ["10.0.0.0/8"])

    def places(self, connections: Connections, *addresses: str, idle: bool = True) -> list[Place]:
        places = [Place(idle=idle) for _ in addresses]
        for place, address in zip(places, addresses, strict=True):
            assert connections.add(place, address)
        return places

    def ended(self, places: list[Place]) -> list[bool]:
        return [place.ended for place in places]

    def test_nobody_yields_while_there_is_room(self, connections: Connections) -> None:
        places = self.places(connections, "a", "a", "a", "a")
        assert not any(self.ended(places))

    def test_the_oldest_of_the_largest_share_yields(self, connections: Connections) -> None:
        places = self.places(connections, "a", "b", "b", "c")
        assert connections.add(Place(), "c")
        assert self.ended(places) == [False, True, False, False]

    def test_a_share_takes_its_own_place(self, connections: Connections) -> None:
        places = self.places(connections, "a", "b", "b", "b")
        assert connections.add(Place(), "b")
        assert self.ended(places) == [False, True, False, False]

    def test_the_newcomer_doesnt_yield_to_itself(self, connections: Connections) -> None:
        places = self.places(connections, "a", "a", "b", "b", idle=False)
        newcomer = Place()
        assert not connections.add(newcomer, "a")
        assert not any(self.ended([*places, newcomer]))

    def test_a_busy_one_is_passed_over(self, connections: Connections) -> None:
        places = self.places(connections, "a", "b", "b", "b")
        places[1].is_idle = False
        assert connections.add(Place(), "c")
        assert self.ended(places) == [False, False, True, False]

    def test_the_next_largest_share_yields(self, connections: Connections) -> None:
        places = self.places(connections, "a", "b", "b", "b", idle=False)
        places[0].is_idle = True
        assert connections.add(Place(), "c")
        assert self.ended(places) == [True, False, False, False]

    def test_a_large_share_takes_no_place_from_a_small_one(self, connections: Connections) -> None:
        places = self.places(connections, "a", "b", "b", "b", idle=False)
        places[0].is_idle = True
        assert not connections.add(Place(), "b")
        assert not any(self.ended(places))

    def test_a_busy_one_of_a_larger_share_yields_at_last(self, connections: Connections) -> None:
        places = self.places(connections, "a", "b", "b", "b", idle=False)
        assert connections.add(Place(), "c")
        assert self.ended(places) == [False, True, False, False]

    def test_busy_ones_of_equal_shares_dont_yield(self, connections: Connections) -> None:
        places = self.places(connections, "a", "b", "c", "d", idle=False)
        assert not connections.add(Place(), "e")
        assert not any(self.ended(places))

    def test_a_network_of_ipv6_is_one_share(self, connections: Connections) -> None:
        addresses = "2001:db8::1", "2001:db8:0:1::1", "2001:db8::2", "192.0.2.1"
        places = self.places(connections, *addresses)
        assert connections.add(Place(), "192.0.2.2")
        assert self.ended(places) == [True, False, False, False]

    def test_a_proxys_dont_yield(self, connections: Connections) -> None:
        places = self.places(connections, "10.0.0.1", "10.0.0.1", "10.0.0.1", "a")
        assert connections.add(Place(), "b")
        assert self.ended(places) == [False, False, False, True]

    def test_to_a_proxys_others_yield(self, connections: Connections) -> None:
        places = self.places(connections, "10.0.0.1", "10.0.0.1", "a", "b", idle=False)
        assert connections.add(Place(), "10.0.0.2")
        assert self.ended(places) == [False, False, True, False]

    def test_places_that_are_given_up_are_free(self, connections: Connections) -> None:
        places = self.places(connections, "a", "a", "b", "10.0.0.1")
        for place in places:
            connections.remove(place)
            connections.remove(place)
        assert not any(self.ended(self.places(connections, "a", "b", "b", "b")))

    def test_who_yielded_is_gone(self, connections: Connections) -> None:
        places = self.places(connections, "a", "a", "a", "b")
        for _ in range(2):
            assert connections.add(Place(), "c")
        assert self.ended(places) == [True, True, False, False]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a few places, whose time limits no test reaches."""
    folder = tmp_path_factory.mktemp("small")
    proxies = {"trusted_proxies": [f"{PROXY}/32"]}
    with serving(
        folder / "store", folder / "log", connections=LIMIT, patience=2 * PATIENCE, server=proxies
    ) as running:
        yield running


class Crowd:
    """Connections to a server, until the context is left."""

    def __init__(self, server: Server) -> None:
        self._address = ("127.0.0.1", int(server.url.rpartition(":")[2]))
        self._stack = ExitStack()

    def __enter__(self) -> "Crowd":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def connect(self, source: str) -> socket.socket:
        try:
            connection = socket.create_connection(self._address, PATIENCE, (source, 0))
        except OSError as error:
            pytest.skip(f"{source} is no address of this computer: {error}")
        return self._stack.enter_context(connection)

    def ask(self, source: str) -> tuple[socket.socket, bytes]:
        connection = self.connect(source)
        return connection, ask(connection)


def ask(connection: socket.socket) -> bytes:
    """Ask whether the server is healthy, and return the whole answer."""
    connection.sendall(GET)
    answer = b""
    while not answer.endswith(b"}"):
        part = connection.recv(65536)
        assert part, answer
        answer += part
    return answer


@pytest.fixture
def crowd(small: Server) -> Iterator[Crowd]:
    with Crowd(small) as connections:
        yield connections


OK = b"HTTP/1.1 200 OK\r\n"


SILENT = {
    "nothing": b"",
    "half a head": b"GET /heal",
    "half a body": b"POST /v2/oauth/token HTTP/1.1\r\nContent-Length: 9\r\n\r\n{",
    "half a body that nobody reads": b"POST /nowhere HTTP/1.1\r\nContent-Length: 9\r\n\r\n{",
    "a request": GET,
}
UNREAD = {"requests": LONG * 20, "requests and the last": LONG * 20 + LAST}


@pytest.mark.parametrize("what", SILENT)
def test_silent_connections_shut_nobody_out(crowd: Crowd, what: str) -> None:
    before, _ = crowd.ask(OTHER)
    for _ in range(3 * LIMIT):
        crowd.connect(ONE).sendall(SILENT[what])
    for source in (OTHER, OTHER, ONE):
        assert crowd.ask(source)[1].startswith(OK)
    assert ask(before).startswith(OK)


@pytest.mark.parametrize("what", UNREAD)
def test_connections_that_dont_read_shut_nobody_out(crowd: Crowd, what: str) -> None:
    """Though each comes from an address of its own."""
    before, _ = crowd.ask(PROXY)
    for number in range(LIMIT - 1):
        connection = crowd.connect(f"127.0.1.{number}")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(UNREAD[what])
    # While these are answered, the server writes to each of the others what it takes.
    for _ in range(200):
        ask(before)
    assert crowd.ask(OTHER)[1].startswith(OK)


def test_a_proxys_connections_stay(crowd: Crowd) -> None:
    kept = [crowd.ask(PROXY)[0] for _ in range(LIMIT - 2)]
    for source in (ONE, OTHER) * LIMIT:
        assert crowd.ask(source)[1].startswith(OK)
    for connection in kept:
        assert ask(connection).startswith(OK)


def test_when_nobody_yields(crowd: Crowd) -> None:
    kept = [crowd.ask(PROXY)[0] for _ in range(LIMIT)]
    for source in (PROXY, ONE):
        connection, answer = crowd.ask(source)
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nretry-after: 5" in head
        assert b"\r\nconnection: close" in head
        assert json.loads(body)["error"] == "temporarily_unavailable"
        assert connection.recv(1) == b""
    for connection in kept:
        assert ask(connection).startswith(OK)
    kept.pop().close()
    assert crowd.ask(ONE)[1].startswith(OK)


def test_attempts_that_wait_shut_nobody_out(small: Server, crowd: Crowd) -> None:
    """After too many wrong secrets each answer comes a second late: so long a place is taken."""
    account = Account(small.store, "acme")
    source = seeded_bytes(1)
    for _ in range(60):
        guess = generate_secret("uat", source).get_secret_value()
        body = json.dumps(account.form(client_secret=guess)).encode()
        head = b"POST /v2/oauth/token HTTP/1.1\r\nContent-Type: application/json\r\n"
        crowd.connect(ONE).sendall(head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        connection, answer = crowd.ask(OTHER)
        assert answer.startswith(OK)
        connection.close()


@pytest.mark.parametrize("what", UNREAD)
def test_a_client_that_doesnt_read_is_hung_up_on(
    own_store: Path, tmp_path: Path, what: str
) -> None:
    with serving(own_store, tmp_path / "log", patience=0.5) as server, Crowd(server) as crowd:
        connection = crowd.connect(ONE)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(UNREAD[what])
        wait_for(lambda: is_reset(connection), "the server to hang up")
        # It ended in the midst of the answers.
        received = b""
        with suppress(ConnectionError):
            while part := connection.recv(65536):
                received += part
        assert received.count(OK) < 20


def is_reset(connection: socket.socket) -> bool:
    try:
        connection.sendall(b"\r\n")
    except ConnectionError:
        return True
    return False


@pytest.mark.parametrize(("hard", "allowed"), [(20_000, 4096), (400, 100)])
def test_connections_leave_room_for_the_stores_files(hard: int, allowed: int) -> None:
    """The server asks for as many files as it may open."""
    program = (
        "import resource, sys; from credtui.server.run import _room_for_connections as room;"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (100, int(sys.argv[1]))); print(room())"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(hard)], capture_output=True, text=True, check=False
    )
    if "ValueError" in ran.stderr:
        pytest.skip(f"this process may not open {hard} files")
    assert int(ran.stdout) == allowed
