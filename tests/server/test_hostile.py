"""Whatever bytes arrive, the server answers or hangs up, and goes on serving."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from credtui.server import http
from tests.server.serving import PATIENCE, Account, Server, serving

TOKEN = "/v2/oauth/token"


@pytest.fixture(autouse=True)
def still_serving(server: Server, account: Account, address: str) -> Iterator[None]:
    yield
    with server.client(address) as http:
        assert http.post(TOKEN, data=account.form()).status_code == 200
    assert not any(line.get("exception") for line in server.lines)


def send(server: Server, data: bytes, *, half_close: bool = True) -> bytes:
    """Send data, and return everything that comes back until the server hangs up."""
    port = int(server.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        try:
            connection.sendall(data)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
            answer = b""
            while part := connection.recv(65536):
                answer += part
        except TimeoutError:
            raise
        except OSError:
            return b""
        return answer


def post(headers: bytes, body: bytes = b"") -> bytes:
    head = f"POST {TOKEN} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n".encode()
    return head + headers + b"\r\n" + body


FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"


@pytest.mark.parametrize(
    "data",
    [
        b"\0" * 100,
        b"\r\n" * 1000,
        b"GET",
        b"GET / HTTP/9.9\r\n\r\n",
        b"FOO / HTTP/1.1\r\n\r\n",
        b"POST /v2/oauth/token\xff HTTP/1.1\r\n\r\n",
        b"POST http://[ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        post(FORM + b"Content-Length: -1\r\n"),
        post(FORM + b"Content-Length: 1\r\nContent-Length: 2\r\n", b"x"),
        post(FORM + b"Content-Length: 99999999999999999999999\r\n", b"x"),
        post(FORM + b"Transfer-Encoding: chunked\r\n", b"zz\r\n"),
        post(FORM + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", b"0\r\n\r\n"),
        post(b"Authorization: " + b"\xff" * 100 + b"\r\n"),
        post(b"Content-Type: \xff\r\nContent-Length: 1\r\n", b"x"),
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        b"CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_what_is_not_http_is_no_fault_of_ours(server: Server, data: bytes) -> None:
    answer = send(server, data)
    assert b" 500 " not in answer
    assert b"Traceback" not in answer


def test_headers_that_are_too_long(server: Server) -> None:
    answer = send(server, b"GET /healthz HTTP/1.1\r\n" + b"X: " + b"x" * 1_000_000)
    assert answer == b"" or b" 431 " in answer


def test_headers_without_end(server: Server) -> None:
    answer = send(server, b"GET /healthz HTTP/1.1\r\n" + b"X: x\r\n" * 100_000)
    assert answer == b"" or b" 431 " in answer


@pytest.mark.parametrize("before", [b"", b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"])
def test_headers_that_are_too_long_though_they_come_at_once(server: Server, before: bytes) -> None:
    headers = b"X: " + b"x" * http.MAX_HEAD + b"\r\n\r\n"
    answer = send(server, before + b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + headers)
    assert answer.count(b" 200 ") <= bool(before)
    assert answer.count(b" 431 ") == (not before)


def test_headers_that_are_just_short_enough(server: Server) -> None:
    start = b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: "
    answer = send(server, start + b"x" * (http.MAX_HEAD - 100) + b"\r\n\r\n")
    assert b" 200 " in answer


def test_a_body_without_end(server: Server) -> None:
    chunk = b"1000\r\n" + b"x" * 4096 + b"\r\n"
    answer = send(server, post(FORM + b"Transfer-Encoding: chunked\r\n", chunk * 1000))
    assert answer == b"" or b" 413 " in answer


def test_half_a_body(server: Server) -> None:
    assert b" 500 " not in send(server, post(FORM + b"Content-Length: 100\r\n", b"grant_type="))


def test_many_requests_at_once_on_one_connection(server: Server, account: Account) -> None:
    one = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = send(server, one * http.MAX_WAITING + last, half_close=False)
    assert answer.count(b"HTTP/1.1 200") == http.MAX_WAITING + 1


def test_a_client_that_only_asks_is_hung_up_on(server: Server) -> None:
    """Each waiting request takes memory, and this client never reads an answer."""
    port = int(server.url.rpartition(":")[2])
    with (
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection,
        pytest.raises(ConnectionError),
    ):
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 1_000_000)


async def test_five_hundred_idle_connections(server: Server, account: Account) -> None:
    port = int(server.url.rpartition(":")[2])
    idle = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", port) for _ in range(500)))
    try:
        answer = await asyncio.to_thread(send, server, b"GET /livez HTTP/1.0\r\n\r\n")
        assert b" 200 " in answer
    finally:
        for _, writer in idle:
            writer.close()


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that waits half a second for a request."""
    folder: Path = tmp_path_factory.mktemp("impatient")
    with serving(folder / "store", folder / "log", patience=0.5) as running:
        yield running


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GET /heal",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n",
        post(FORM + b"Content-Length: 9\r\n"),
    ],
)
async def test_a_slow_client_is_hung_up_on(impatient: Server, data: bytes) -> None:
    port = int(impatient.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    async with asyncio.timeout(PATIENCE):
        answer = await reader.read()
    assert b" 408 " in answer
    writer.close()


async def test_a_client_that_drips_is_hung_up_on(impatient: Server) -> None:
    port = int(impatient.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = asyncio.create_task(reader.read())

    async def drip() -> None:
        while not answer.done():
            writer.write(b"X: x\r\n")
            await asyncio.sleep(0.02)

    writer.write(b"GET /healthz HTTP/1.1\r\n")
    async with asyncio.timeout(PATIENCE):
        await drip()
    writer.close()


def test_patience_is_limited() -> None:
    assert http.PATIENCE <= 10
