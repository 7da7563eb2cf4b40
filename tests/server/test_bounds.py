"""Everything that a client can send has a bound, and the server's memory has one."""

import json
import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from credtui.server import http
from credtui.server.parameters import MAX_BODY
from tests.server.serving import PATIENCE, Account, Server, serving, wait_for

MIB = 1024 * 1024
GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /v2/oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
HUGE = b"Content-Length: 1000000000000\r\n\r\n"


@pytest.fixture(scope="module")
def lone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose memory no other test uses."""
    folder = tmp_path_factory.mktemp("lone")
    with serving(folder / "store", folder / "log") as running:
        yield running


def connect(server: Server) -> socket.socket:
    port = int(server.url.rpartition(":")[2])
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)


def ask(server: Server, data: bytes) -> tuple[int, dict[str, str]]:
    """Send data, and return the status and the body of the only answer before the server closes."""
    with connect(server) as connection:
        connection.sendall(data)
        answer = b""
        with suppress(ConnectionError):
            while part := connection.recv(65536):
                answer += part
    assert answer.count(b"HTTP/1.1 ") == 1, answer
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def resident(server: Server) -> int:
    """The most bytes of memory that the server's process had, 0 where the system doesn't tell."""
    status = Path(f"/proc/{server.process.pid}/status")
    if not status.exists():
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
    assert found
    return int(found[1]) * 1024


ENDLESS = {
    "line ends": (b"", b"\r\n"),
    "an address": (b"GET /", b"x"),
    "a header's name": (GET, b"x"),
    "a header's value": (GET + b"X: ", b"x"),
    "headers": (GET, b"a: b\r\n"),
    "headers without a value": (GET, b"a:\r\n"),
    "zeros before a chunk's size": (CHUNKED, b"0"),
    "a chunk's size": (CHUNKED, b"1"),
    "a chunk's extension": (CHUNKED + b"1;", b"x"),
    "extensions of a chunk": (CHUNKED + b"1", b";a=b"),
    "chunks with extensions": (CHUNKED, b"1;a=" + b"b" * 1000 + b"\r\nx\r\n"),
    "tiny chunks": (CHUNKED, b"1\r\nx\r\n"),
    "chunks": (CHUNKED, b"1000\r\n" + b"x" * 4096 + b"\r\n"),
    "trailers": (CHUNKED + b"0\r\n", b"a: b\r\n"),
    "a trailer": (CHUNKED + b"0\r\na: ", b"x"),
    "a body": (POST + HUGE, b"x"),
    "a body that nobody reads": (b"POST /nowhere HTTP/1.1\r\n" + HUGE, b"x"),
    "a body of a request that has none": (b"GET /healthz HTTP/1.1\r\n" + HUGE, b"x"),
    "requests": (b"", GET + b"\r\n"),
    "requests with bodies": (b"", POST + b"Content-Length: 4000\r\n\r\n" + b"x" * 4000),
    "requests with long headers": (b"", GET + b"X: " + b"x" * 16_000 + b"\r\n\r\n"),
    "requests with an offer": (b"", GET + b"Connection: upgrade\r\nUpgrade: h2c\r\n\r\n"),
    "requests that wait for a body": (b"", POST + b"Expect: 100-continue\r\n" + HUGE),
}


@pytest.mark.parametrize("what", ENDLESS)
def test_nothing_is_read_without_end(lone: Server, what: str) -> None:
    start, unit = ENDLESS[what]
    block = unit * (65536 // len(unit))
    before, accepted = resident(lone), 0
    with connect(lone) as connection, suppress(ConnectionError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        connection.sendall(start)
        while accepted < 64 * MIB:
            connection.sendall(block)
            accepted += len(block)
    # What the server hasn't read fills the buffers of both sides. It may answer whole requests as
    # they come, until the answers fill these buffers.
    assert accepted < http.MAX_DISCARDED + MIB or what.startswith("requests")
    assert resident(lone) - before < 8 * MIB
    assert ask(lone, GET + b"Connection: close\r\n\r\n") == (200, {"status": "ok"})
    assert not any(line.get("exception") for line in lone.lines)


def head_of(size: int, start: bytes = GET) -> bytes:
    """A head of which the line's address and the lines of the headers have this size."""
    counted = start.removeprefix(b"GET ").removeprefix(b"POST ").replace(b" HTTP/1.1\r\n", b"")
    rest = size - len(counted) - len(b"X: \r\n")
    return start + b"X: " + b"x" * rest + b"\r\n\r\n"


class TestHead:
    BODY = b"{}"
    START = POST + b"Connection: close\r\nContent-Length: 2\r\n"

    @pytest.mark.parametrize("body", [BODY, BODY + b" " * 5000])
    def test_the_longest_one(self, server: Server, body: bytes) -> None:
        status, answer = ask(server, head_of(http.MAX_HEAD, self.START) + body)
        assert (status, answer["error_description"]) == (400, "grant_type is missing.")

    @pytest.mark.parametrize("body", [b"", BODY, BODY + b" " * 5000])
    @pytest.mark.parametrize("more", [1, http.SLICE, http.MAX_HEAD])
    def test_a_longer_one(self, server: Server, more: int, body: bytes) -> None:
        status, answer = ask(server, head_of(http.MAX_HEAD + more, self.START) + body)
        assert (status, answer["error"]) == (431, "invalid_request")
        assert str(http.MAX_HEAD) in answer["error_description"]

    def test_a_longer_one_after_another_request(self, server: Server) -> None:
        """The first is answered, and then the connection ends."""
        status, answer = ask(server, GET + b"\r\n" + head_of(http.MAX_HEAD + 1))
        assert (status, answer) == (200, {"status": "ok"})

    def test_spaces_count(self, server: Server) -> None:
        status, _ = ask(server, GET + b"X:" + b" " * (http.MAX_HEAD + http.SLICE) + b"x\r\n\r\n")
        assert status == 431

    def test_the_most_headers(self, server: Server) -> None:
        more = b"a: b\r\n" * (http.MAX_HEADERS - 2)
        status, _ = ask(server, GET + b"Connection: close\r\n" + more + b"\r\n")
        assert status == 200

    def test_more_headers(self, server: Server) -> None:
        status, _ = ask(server, GET + b"a: b\r\n" * http.MAX_HEADERS + b"\r\n")
        assert status == 431

    def test_a_header_of_a_megabyte(self, server: Server) -> None:
        status, _ = ask(server, GET + b"X: " + b"x" * 200_000)
        assert status == 431


class TestBody:
    def test_a_body_in_the_smallest_chunks(self, server: Server, account: Account) -> None:
        body = json.dumps(account.form()).encode()
        chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body)
        head = CHUNKED.replace(b"Host", b"Connection: close\r\nHost")
        status, _ = ask(server, head + chunks + b"0\r\na: b\r\nc: d\r\n\r\n")
        assert status == 200

    @pytest.mark.parametrize("end", [b"0\r\n\r\n", b""])
    def test_framing_counts(self, server: Server, end: bytes) -> None:
        chunk = b"1;" + b"x" * 1000 + b"\r\n \r\n"
        count = (http.MAX_FRAMED_BODY + 3 * http.SLICE) // len(chunk)
        assert count < MAX_BODY
        status, answer = ask(server, CHUNKED + chunk * count + end)
        assert (status, answer["error"]) == (413, "invalid_request")
        assert str(MAX_BODY) in answer["error_description"]

    def test_trailers_are_no_headers(self, server: Server, account: Account) -> None:
        """A trailer could otherwise take the place of a header that a proxy has checked."""
        body = json.dumps(account.form()).encode()
        head = CHUNKED.replace(b"Host", b"Connection: close\r\nHost")
        trailers = b"Authorization: Basic eDp5\r\nContent-Type: text/plain\r\n"
        status, _ = ask(server, head + b"%x\r\n%b\r\n0\r\n%b\r\n" % (len(body), body, trailers))
        assert status == 200


def test_what_is_no_request_is_answered_like_an_error(server: Server) -> None:
    status, answer = ask(server, b"\x16\x03\x01\x02\x00\x01")
    assert (status, answer["error"]) == (400, "invalid_request")
    assert "HTTP" in answer["error_description"]
    wait_for(
        lambda: any(line.get("status") == 400 and "path" not in line for line in server.lines),
        "the refusal to be logged",
    )


def test_what_is_no_request_leaves_earlier_answers_alone(server: Server) -> None:
    with connect(server) as connection:
        connection.sendall((GET + b"\r\n") * 3 + b"\0")
        answers = b""
        while part := connection.recv(65536):
            answers += part
    assert answers.count(b'{"status":"ok"}') == 3
    assert answers.count(b"HTTP/1.1 ") == 3


def test_requests_that_wait(server: Server) -> None:
    """One is being answered, some wait, and after them the connection ends."""
    with connect(server) as connection:
        connection.sendall((GET + b"\r\n") * (http.MAX_WAITING + 5))
        answers = b""
        with suppress(ConnectionError):
            while part := connection.recv(65536):
                answers += part
    assert answers.count(b'{"status":"ok"}') == http.MAX_WAITING + 1


def test_a_body_that_comes_after_its_answer(server: Server) -> None:
    """It is read, and what follows is the next request."""
    with connect(server) as connection, connection.makefile("rb") as answers:
        connection.sendall(b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")
        assert answers.readline().startswith(b"HTTP/1.1 404")
        connection.sendall(b"x" * 9 + GET + b"Connection: close\r\n\r\n")
        assert b"}HTTP/1.1 200 OK\r\n" in answers.read()


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that waits for half a second."""
    folder = tmp_path_factory.mktemp("impatient")
    with serving(folder / "store", folder / "log", patience=0.5) as running:
        yield running


DRIPPING = [
    (b"", b"\r\n"),
    (b"GET /", b"x"),
    (GET, b"X: x\r\n"),
    (POST + HUGE, b"x"),
    (CHUNKED, b"0"),
    (CHUNKED + b"1;", b"x"),
    (CHUNKED, b"1\r\nx\r\n"),
    (CHUNKED + b"0\r\n", b"a: b\r\n"),
]


@pytest.mark.parametrize(
    ("before", "start", "drop"),
    [
        (b"", b"", b""),
        *((b"", *dripping) for dripping in DRIPPING),
        *((GET + b"\r\n", *dripping) for dripping in DRIPPING),
        *((GET + b"\r\n\r\n", *dripping) for dripping in DRIPPING),
    ],
)
def test_a_request_must_arrive_in_time(
    impatient: Server, before: bytes, start: bytes, drop: bytes
) -> None:
    with connect(impatient) as connection:
        connection.settimeout(0.05)
        connection.sendall(before + start)
        answers = b""
        with suppress(ConnectionError):
            while True:
                try:
                    if not (part := connection.recv(65536)):
                        break
                    answers += part
                except TimeoutError:
                    connection.sendall(drop)
    assert answers.count(b" 408 ") == 1
    assert answers.count(b" 200 ") == bool(before)


def test_a_body_must_arrive_in_time_after_its_answer_too(impatient: Server) -> None:
    with connect(impatient) as connection:
        connection.sendall(b"POST /nowhere HTTP/1.1\r\nHost: x\r\n" + HUGE)
        answers = b""
        while part := connection.recv(65536):
            answers += part
    assert answers.count(b"HTTP/1.1 ") == 1
    assert answers.startswith(b"HTTP/1.1 404")
