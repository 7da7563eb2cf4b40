"""How long an idle connection stays."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from credtui.configuration import ServerSettings
from tests.server.serving import PATIENCE, Server, serving

GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(params=[1, 4])
def keep_alive(request: pytest.FixtureRequest) -> int:
    seconds: int = request.param
    return seconds


@pytest.fixture
def brief(own_store: Path, tmp_path: Path, keep_alive: int) -> Iterator[Server]:
    with serving(own_store, tmp_path / "log", server={"keep_alive": keep_alive}) as running:
        yield running


@pytest.mark.parametrize("after", [b"", b"\r\n"])
def test_an_idle_connection_ends(brief: Server, keep_alive: int, after: bytes) -> None:
    port = int(brief.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(GET + after)
        started = time.monotonic()
        answer = b""
        while part := connection.recv(65536):
            answer += part
    # The answer comes after `started`, and the time is counted from the answer.
    assert time.monotonic() - started >= keep_alive
    assert answer.count(b"HTTP/1.1 ") == 1


def test_by_default_it_outlasts_those_in_a_proxys_pool() -> None:
    """nginx keeps a connection to a server for 60 seconds, and so do most load balancers."""
    assert ServerSettings().keep_alive == 75
