"""Malformed requests: each is refused, and none is the server's fault."""

import base64
import itertools
import random
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
from benchmarks.load import HOST, PATH

from tests.soak.attacked import LENGTH, Attacked, attacked

FORM = "application/x-www-form-urlencoded"
KINDS = (FORM, "application/json", "application/json; charset=utf-16", "text/plain", "\xff", "")
BODIES = (
    b"",
    b"\0" * 100,
    b"\xff\xfe{\0}\0",
    b"\xef\xbb\xbf{}",
    b"grant_type",
    b"grant_type=client_credentials&grant_type=client_credentials",
    b"grant_type=%",
    b"%ff=%ff&=&&==",
    b"&" * 8000,
    b"a=" + b"b" * 100_000,
    b"[" * 8000,
    b'{"a":' * 1600,
    b'{"grant_type": null, "scope": {}, "client_id": 1e999}',
    b'{"grant_type": "\\ud800"}',
    b'{"client_id": "cid_' + b"x" * 16 + b'", "client_secret": ["x"]}',
    b'"client_credentials"',
)
HEADERS = (
    b"",
    b"Authorization: Basic\r\n",
    b"Authorization: Basic " + b"!" * 100 + b"\r\n",
    b"Authorization: Basic Og==\r\nAuthorization: Basic Og==\r\n",
    b"Authorization: Basic " + base64.b64encode(b"\xff:%ff") + b"\r\n",
    b"Expect: 100-continue\r\n",
    b"Content-Encoding: gzip\r\n",
    b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\n",
)
PATHS = (PATH, "/oauth/introspect", "/oauth/revoke")


def malformed() -> Iterator[bytes]:
    """Every combination of these parts: no request among them is right."""
    for path, kind, header, body in itertools.product(PATHS, KINDS, HEADERS, BODIES):
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\n"
        length = f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        yield head.encode("latin-1") + header + length.encode() + body


def damaged(request: bytes, source: random.Random) -> bytes:
    """A request with some bytes changed, left out or repeated."""
    data = bytearray(request)
    for _ in range(source.randint(1, 4)):
        at = source.randrange(len(data))
        length = source.choice((1, 1, 1, 2, 10))
        part = source.choice((b"", source.randbytes(length), data[at : at + length] * 2))
        data[at : at + length] = part
    return bytes(data)


def statuses(target: Attacked, request: bytes) -> list[int]:
    """The statuses of the answers to what was sent, none if the server hung up at once."""
    answer = b""
    with target.connect() as connection:
        try:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                answer += part
        except ConnectionError:
            pass
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


def test_malformed_requests(tmp_path: Path) -> None:
    with attacked(tmp_path) as target:
        for request in malformed():
            answers = statuses(target, request)
            assert all(status == 100 or 400 <= status < 500 for status in answers), request


def test_damaged_requests(tmp_path: Path) -> None:
    source = random.Random(1)
    with attacked(tmp_path) as target:
        account = target.account
        good = httpx.Request("POST", f"http://{HOST}{PATH}", data=account.form()).read()
        right = (
            f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\n"
            f"Content-Length: {len(good)}\r\n\r\n"
        ).encode() + good
        assert statuses(target, right) == [200]
        end = time.monotonic() + LENGTH
        while time.monotonic() < end:
            request = damaged(right, source)
            assert all(status < 500 for status in statuses(target, request)), request
