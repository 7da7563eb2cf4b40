"""Clients that offer another protocol are answered in this one, as if they had not offered."""

import base64
import shutil
import socket
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from tests.server.serving import PATIENCE, Account, Server

H2C = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"
OFFERS = {
    "h2c": H2C,
    "websocket": "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n",
    "several protocols": "Connection: upgrade\r\nUpgrade: h2c, websocket\r\nupgrade: TLS/1.3\r\n",
    "several tokens": "Connection: keep-alive , Upgrade\r\nConnection: te\r\nUpgrade:h2c\r\n",
    "no Connection": "Upgrade: h2c\r\n",
    "no Upgrade": "Connection: upgrade\r\n",
}


def requests_of(account: Account, gateway: Account, token: str) -> dict[str, tuple[str, str]]:
    """The start of a request for each endpoint, and its body."""
    basic = base64.b64encode(f"{account.client_id}:{account.secret}".encode()).decode()
    client = f"Authorization: Basic {basic}\r\n"
    basic = base64.b64encode(f"{gateway.client_id}:{gateway.secret}".encode()).decode()
    about = urlencode({"token": token})
    return {
        "token": ("POST /v2/oauth/token HTTP/1.1\r\n", urlencode(account.form())),
        "plain token": ("POST /oauth/token HTTP/1.1\r\n", urlencode(account.form())),
        "test": (f"GET /v2/oauth/token/test HTTP/1.1\r\nAuthorization: Bearer {token}\r\n", ""),
        "introspect": (
            f"POST /oauth/introspect HTTP/1.1\r\nAuthorization: Basic {basic}\r\n",
            about,
        ),
        "revoke": (f"POST /oauth/revoke HTTP/1.1\r\n{client}", urlencode({"token": "none"})),
        "metadata": ("GET /.well-known/oauth-authorization-server HTTP/1.1\r\n", ""),
        "openapi": ("GET /openapi.json HTTP/1.1\r\n", ""),
        "health": ("GET /healthz HTTP/1.1\r\n", ""),
    }


def whole(start: str, offer: str, body: str, *, chunked: bool = False) -> bytes:
    """A request of which the offer is a part."""
    head = f"{start}Host: x\r\n{offer}"
    if not body:
        return f"{head}\r\n".encode()
    head += "Content-Type: application/x-www-form-urlencoded\r\n"
    if not chunked:
        return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()
    parts = (body[:5], body[5:])
    chunks = "".join(f"{len(part):x}\r\n{part}\r\n" for part in parts)
    return f"{head}Transfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n".encode()


@pytest.fixture
def requests(
    server: Server, account: Account, gateway: Account, client: httpx.Client
) -> dict[str, tuple[str, str]]:
    token = client.post("/v2/oauth/token", data=account.form()).json()["access_token"]
    return requests_of(account, gateway, token)


@pytest.fixture
def token_request(requests: dict[str, tuple[str, str]]) -> tuple[str, str]:
    return requests["token"]


class Wire:
    """A connection on which bytes go out as they are."""

    def __init__(self, server: Server) -> None:
        port = int(server.url.rpartition(":")[2])
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._stream = self._socket.makefile("rb")

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def answer(self) -> tuple[int, bytes]:
        """The status and the body of the next answer."""
        _, status, _ = self._stream.readline().split(b" ", 2)
        length = 0
        while line := self._stream.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return int(status), self._stream.read(length)

    def health(self) -> None:
        """Ask for something else: nothing may come before its answer."""
        self.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert self.answer() == (200, b'{"status":"ok"}')

    def is_over(self) -> bool:
        return self._stream.read() == b""


@pytest.fixture
def wire(server: Server) -> Iterator[Wire]:
    with Wire(server) as connection:
        yield connection


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("offer", OFFERS)
def test_each_endpoint_ignores_the_offer(
    wire: Wire, requests: dict[str, tuple[str, str]], offer: str, *, chunked: bool
) -> None:
    for name, (start, body) in requests.items():
        wire.send(whole(start, OFFERS[offer], body, chunked=chunked))
        status, answer = wire.answer()
        assert (name, status) == (name, 200), answer
        wire.health()


@pytest.mark.parametrize("offer", OFFERS)
def test_an_older_client_has_no_offer_to_make(
    wire: Wire, token_request: tuple[str, str], offer: str
) -> None:
    start, body = token_request
    wire.send(whole(start.replace("1.1", "1.0"), OFFERS[offer], body))
    assert wire.answer()[0] == 200
    assert wire.is_over()


@pytest.mark.parametrize("chunked", [False, True])
def test_wherever_the_request_is_cut(
    server: Server, token_request: tuple[str, str], *, chunked: bool
) -> None:
    start, body = token_request
    data = whole(start, H2C, body, chunked=chunked)
    cuts = range(1, len(data))
    for first in range(0, len(cuts), 100):
        group = cuts[first : first + 100]
        with ExitStack() as stack:
            another, *wires = [stack.enter_context(Wire(server)) for _ in (None, *group)]
            for wire, cut in zip(wires, group, strict=True):
                wire.send(data[:cut])
            # When this is answered, the server has read the first parts.
            another.health()
            for wire, cut in zip(wires, group, strict=True):
                wire.send(data[cut:])
            for wire in wires:
                assert wire.answer()[0] == 200
                wire.health()


@pytest.mark.parametrize("chunked", [False, True])
def test_byte_by_byte(wire: Wire, token_request: tuple[str, str], *, chunked: bool) -> None:
    start, body = token_request
    for byte in whole(start, H2C, body, chunked=chunked):
        wire.send(bytes([byte]))
    assert wire.answer()[0] == 200
    wire.health()


def test_a_client_that_waits_to_be_asked_for_its_body(
    wire: Wire, token_request: tuple[str, str]
) -> None:
    start, body = token_request
    head, _, rest = whole(start, H2C + "Expect: 100-continue\r\n", body).partition(b"\r\n\r\n")
    wire.send(head + b"\r\n\r\n")
    assert wire.answer() == (100, b"")
    wire.send(rest)
    assert wire.answer()[0] == 200
    wire.health()


def test_several_requests_at_once(wire: Wire, requests: dict[str, tuple[str, str]]) -> None:
    """Each of them with an offer, with a body and without one."""
    wire.send(b"".join(whole(start, H2C, body) for start, body in requests.values()))
    for _ in requests:
        assert wire.answer()[0] == 200
    wire.health()


def test_the_connection_ends_if_the_client_asks_for_that(
    wire: Wire, token_request: tuple[str, str]
) -> None:
    start, body = token_request
    wire.send(whole(start, "Connection: close, Upgrade\r\nUpgrade: h2c\r\n", body))
    assert wire.answer()[0] == 200
    assert wire.is_over()


@pytest.mark.parametrize(
    "data",
    [
        b"CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT h:1 HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
        b"CONNECT example.org:443 HTTP/1.0\r\nContent-Length: 9\r\n\r\n",
    ],
)
def test_a_tunnel_is_refused(wire: Wire, data: bytes) -> None:
    wire.send(data + b"\x16\x03\x01")
    status, answer = wire.answer()
    assert status == 405
    assert b"method_not_allowed" in answer
    assert wire.is_over()


def test_a_tunnel_is_refused_after_earlier_requests_are_answered(wire: Wire) -> None:
    wire.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nCONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n")
    assert wire.answer()[0] == 200
    assert wire.is_over()


def ran(*command: str | Path) -> str:
    return subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE, check=True
    ).stdout


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
@pytest.mark.parametrize("more", [[], ["-H", "Transfer-Encoding: chunked"]])
def test_curl_offers_http_2(server: Server, account: Account, more: Iterable[str]) -> None:
    if "HTTP2" not in ran("curl", "--version"):
        pytest.skip("this curl was built without HTTP/2")
    body = urlencode(account.form())
    said = ran("curl", "-sS", "--http2", "-w", "%{http_code}", *more, "-d", body, server.token_url)
    assert said.endswith("200")
    assert "access_token" in said


JAVA = """
import java.net.URI;
import java.net.http.*;

public class Ask {
    public static void main(String[] arguments) throws Exception {
        var client = HttpClient.newHttpClient();
        for (var round = 0; round < 2; round++) {
            var request = HttpRequest.newBuilder(URI.create(arguments[0]))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(HttpRequest.BodyPublishers.ofString(arguments[1]))
                .build();
            var answer = client.send(request, HttpResponse.BodyHandlers.ofString());
            System.out.println(answer.statusCode() + " " + answer.body());
        }
    }
}
"""


def has_java() -> bool:
    if not shutil.which("java"):
        return False
    return "jdk.compiler" in ran("java", "--list-modules")


@pytest.mark.skipif(not has_java(), reason="there is no Java with its compiler")
def test_java_offers_http_2(server: Server, account: Account, tmp_path: Path) -> None:
    source = tmp_path / "Ask.java"
    source.write_text(JAVA)
    said = ran("java", source, server.token_url, urlencode(account.form())).splitlines()
    assert len(said) == 2
    for line in said:
        assert line.startswith('200 {"access_token":')
