"""How a connection ends: a client that is still sending, or sends no more, gets its answers."""

import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlencode

import pytest

from credtui.server import http
from tests.server.serving import PATIENCE, Account, Server, serving, wait_for

LIVEZ = b"GET /livez HTTP/1.1\r\nHost: x\r\n"
LONG = 300_000
"""Bytes that neither the server's bounds nor the system's buffers hold."""


def connect(server: Server) -> socket.socket:
    port = int(server.url.rpartition(":")[2])
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)


def statuses(answers: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+)", answers)]


def post(account: Account, secret: str, *, path: str = "/v2/oauth/token") -> bytes:
    body = urlencode(account.form(client_secret=secret))
    return (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.7\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


class TestAClientThatSendsNoMore:
    """It has closed its side of the connection, and still reads."""

    def answers(self, server: Server, data: bytes) -> bytes:
        with connect(server) as connection, connection.makefile("rb") as answers:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            return answers.read()

    def test_an_answer_that_takes_time(
        self, server: Server, account: Account, gateway: Account
    ) -> None:
        # Another client's secret takes bcrypt, and so a thread.
        answers = self.answers(server, post(account, gateway.secret))
        assert statuses(answers) == [401]
        assert answers.endswith(b"}")

    def test_requests_that_wait(self, server: Server, account: Account, gateway: Account) -> None:
        wrong = post(account, gateway.secret)
        answers = self.answers(server, LIVEZ + b"\r\n" + wrong + wrong + LIVEZ + b"\r\n")
        assert statuses(answers) == [200, 401, 401, 200]

    def test_half_a_request_behind_others(
        self, server: Server, account: Account, gateway: Account
    ) -> None:
        answers = self.answers(server, post(account, gateway.secret) + b"GET /liv")
        assert statuses(answers) == [401]

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"GET /li",
            b"POST /v2/oauth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx",
        ],
    )
    def test_nothing_is_due(self, server: Server, data: bytes) -> None:
        assert self.answers(server, data) == b""


def long_body(start: bytes = b"POST /v2/oauth/token HTTP/1.1\r\n", more: bytes = b"") -> bytes:
    return start + b"Host: x\r\n%bContent-Length: %d\r\n\r\n" % (more, LONG) + b"x" * LONG


CHUNK = b"1000\r\n" + b"x" * 4096 + b"\r\n"
CHUNKED = b"POST /v2/oauth/token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


def long_run(start: bytes, unit: bytes) -> bytes:
    return start + unit * (LONG // len(unit))


class TestAClientThatIsStillSending:
    """A connection that is reset would take the answer with it."""

    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            pytest.param(long_body(), [413], id="body"),
            pytest.param(long_run(CHUNKED, CHUNK), [413], id="chunks"),
            pytest.param(long_run(CHUNKED, b"1;a=b\r\nx\r\n"), [413], id="extensions"),
            pytest.param(long_run(CHUNKED + b"0\r\n", b"a: b\r\n"), [413], id="trailers"),
            pytest.param(
                long_body(more=b"Connection: Upgrade\r\nUpgrade: h2c\r\n"), [413], id="offer"
            ),
            pytest.param(long_body(b"POST /nowhere HTTP/1.1\r\n"), [404], id="unread body"),
            pytest.param(
                long_body(b"POST /nowhere HTTP/1.1\r\n", b"Connection: close\r\n"),
                [404],
                id="unread body of the last request",
            ),
            pytest.param(long_body(b"POST /nowhere HTTP/1.0\r\n"), [404], id="HTTP/1.0"),
            pytest.param(LIVEZ + b"X: " + b"x" * LONG, [431], id="header"),
            pytest.param(long_run(LIVEZ, b"a: b\r\n"), [431], id="headers"),
            pytest.param(b"\0" * LONG, [400], id="no HTTP"),
            pytest.param(b"CONNECT x:1 HTTP/1.1\r\n\r\n" + b"x" * LONG, [405], id="tunnel"),
            pytest.param(
                long_run(b"", LIVEZ + b"\r\n"),
                [200] * (http.MAX_WAITING + 1),
                id="requests",
            ),
            pytest.param(
                long_run(LIVEZ + b"Connection: close\r\n\r\n", LIVEZ),
                [200],
                id="requests after the last",
            ),
        ],
    )
    def test_it_gets_the_whole_answer(
        self, server: Server, data: bytes, expected: list[int]
    ) -> None:
        with connect(server) as connection, connection.makefile("rb") as answers:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            answer = answers.read()
        assert statuses(answer) == expected
        assert answer.endswith(b"}")

    def test_it_learns_that_it_is_the_end(self, server: Server) -> None:
        """The end of the answer comes before the client has ended."""
        with connect(server) as connection, connection.makefile("rb") as answers:
            connection.sendall(long_body())
            assert statuses(answers.read()) == [413]

    @pytest.fixture(scope="class")
    def impatient(self, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
        folder = tmp_path_factory.mktemp("impatient")
        with serving(folder / "store", folder / "log", patience=0.5) as running:
            yield running

    def test_it_cannot_send_for_ever(self, impatient: Server) -> None:
        with connect(impatient) as connection:
            connection.sendall(LIVEZ + b"X: " + b"x" * http.MAX_HEAD + b"\r\n\r\n")

            def refused() -> bool:
                with suppress(ConnectionError):
                    connection.send(b"x")
                    return False
                return True

            wait_for(refused, "the connection to end")

    def test_nothing_more_is_done_for_it(self, server: Server, account: Account) -> None:
        with connect(server) as connection, connection.makefile("rb") as answers:
            connection.sendall(LIVEZ + b"\0\r\n\r\n")
            assert statuses(answers.read()) == [400]
            connection.sendall(post(account, account.secret))
            assert answers.read() == b""
        assert not any(line.get("exception") for line in server.lines)
        assert not any(line.get("organization") == account.organization for line in server.lines)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_server_that_stops_refuses_new_connections_at_once(tmp_path: Path, workers: int) -> None:
    """Requests that are under way are answered. Nobody waits for a server that accepts no more."""
    with serving(tmp_path / "store", tmp_path / "log", workers=workers) as running:
        with connect(running) as connection, connection.makefile("rb") as answers:
            head = b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
            connection.sendall(head + b"Content-Length: 2\r\n\r\n")
            assert answers.readline() == b"HTTP/1.1 100 Continue\r\n"
            connection.sendall(b"{")
            running.process.send_signal(signal.SIGTERM)

            def refused() -> bool:
                with suppress(ConnectionRefusedError):
                    connect(running).close()
                    return False
                return True

            wait_for(refused, "new connections to be refused")
            assert running.process.poll() is None
            connection.sendall(b"}")
            assert statuses(answers.read()) == [400]
        assert running.process.wait(PATIENCE) == 0


JAVA = """
import java.net.URI;
import java.net.http.*;
class Send {
  public static void main(String[] given) throws Exception {
    var body = HttpRequest.BodyPublishers.ofString("x".repeat(Integer.parseInt(given[1])));
    var request = HttpRequest.newBuilder(URI.create(given[0])).POST(body).build();
    var client = HttpClient.newHttpClient();
    System.out.println(client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode());
  }
}
"""


@pytest.mark.skipif(not shutil.which("javac"), reason="there is no Java with its compiler")
def test_java_reads_the_answer_after_it_has_sent_all(server: Server, tmp_path: Path) -> None:
    source = tmp_path / "Send.java"
    source.write_text(JAVA)
    command = ["java", str(source), server.token_url, str(3 * LONG)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.stdout, done.stderr) == ("413\n", "")
