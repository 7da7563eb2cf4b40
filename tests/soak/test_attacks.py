"""Attacks on connections, memory and time: good clients are served, and memory is bounded."""

import json
import math
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from pathlib import Path

import pytest
from benchmarks.attackers import SILENCE, SILENT, UNREAD, UNREAD_REQUESTS, Held, guess, hold
from benchmarks.endpoint import allow_connections, running
from benchmarks.load import PATH, Connection, post

from credtui.service.clients.throttle import AT_CLIENT
from tests.server.serving import PATIENCE, Account, wait_for
from tests.soak.attacked import ELSEWHERE, LENGTH, PROXIES, Attacked, attacked

MOST_SENT = 32 << 20
"""Bytes of a request that no server may read. Kernels keep a few megabytes themselves."""

POST = f"POST {PATH} HTTP/1.1\r\nHost: x\r\n".encode()
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
ENDLESS = {
    "a request line": (b"POST /", b"a"),
    "a header": (POST + b"a: ", b"b"),
    "headers": (POST, b"a: b\r\n"),
    "lines before a request": (b"", b"\r\n"),
    "a body": (POST + b"Content-Length: 1000000000000\r\n\r\n", b"x"),
    "chunks": (CHUNKED, b"1\r\nx\r\n"),
    "a chunk's size": (CHUNKED, b"0"),
    "a chunk's extension": (CHUNKED + b"1;", b"a=b;"),
    "chunks with extensions": (CHUNKED, b"1;" + 500 * b"a=b;" + b"\r\nx\r\n"),
    "a trailer": (CHUNKED + b"0\r\na: ", b"b"),
    "trailers": (CHUNKED + b"0\r\n", b"a: b\r\n"),
}
"""What can go on for ever: how it begins, and how it goes on."""


def flood(target: Attacked, begin: bytes, more: bytes) -> int:
    """Send until the server hangs up, and return how many bytes it took at most."""
    many = more * (1 + 65536 // len(more))
    sent = 0
    with target.connect() as connection:
        try:
            connection.sendall(begin)
            while sent < MOST_SENT:
                connection.sendall(many)
                sent += len(many)
        except ConnectionError:
            pass
    return sent


@pytest.mark.parametrize(
    ("begin", "more"),
    [*ENDLESS.values(), (b"", b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")],
    ids=[*ENDLESS, "requests"],
)
def test_what_has_no_end_is_ended(tmp_path: Path, begin: bytes, more: bytes) -> None:
    with attacked(tmp_path) as target, ThreadPoolExecutor(4) as attackers:
        end = time.monotonic() + LENGTH / 2

        def attack() -> int:
            most = 0
            while time.monotonic() < end:
                most = max(most, flood(target, begin, more))
            return most

        attacks = [attackers.submit(attack) for _ in range(4)]
        target.serve_good_client(LENGTH / 2)
        assert max(each.result() for each in attacks) < MOST_SENT


def test_what_comes_slowly_is_ended(tmp_path: Path) -> None:
    """Each of these sends a few bytes at a time, for as long as it may."""
    ended: set[str] = set()

    def drip(target: Attacked, name: str) -> None:
        begin, more = ENDLESS[name]
        end = time.monotonic() + PATIENCE
        with target.connect() as connection:
            try:
                connection.sendall(begin)
                while time.monotonic() < end:
                    connection.sendall(more)
                    time.sleep(0.2)
            except ConnectionError:
                ended.add(name)

    with attacked(tmp_path) as target:
        attackers = [threading.Thread(target=drip, args=(target, name)) for name in ENDLESS]
        for attacker in attackers:
            attacker.start()
        target.serve_good_client()
        for attacker in attackers:
            attacker.join()
    assert ended == {*ENDLESS}


@pytest.mark.parametrize(
    ("number", "requests"), [(UNREAD, UNREAD_REQUESTS), (SILENT, SILENCE)], ids=["unread", "silent"]
)
def test_connections_that_are_held(tmp_path: Path, number: int, requests: list[bytes]) -> None:
    """The attackers connect again when the server hangs up."""
    with (
        attacked(tmp_path) as target,
        running(hold, target.port, allow_connections(number), requests, ELSEWHERE),
    ):
        target.serve_good_client()


@pytest.mark.parametrize("requests", [UNREAD_REQUESTS, SILENCE], ids=["unread", "silent"])
def test_connections_that_are_not_used_end(tmp_path: Path, requests: list[bytes]) -> None:
    with attacked(tmp_path) as target:
        files = Path(f"/proc/{target.server.process.pid}/fd")
        before = len(list(files.iterdir()))
        held = [Held(target.port, each, ELSEWHERE) for each in islice(cycle(requests), 200)]
        wait_for(lambda: len(list(files.iterdir())) >= before + 100, "the server to accept them")
        for connection in held:
            connection.send()
        target.serve_good_client(1.0)
        wait_for(lambda: len(list(files.iterdir())) <= before, "the server to hang up")
        for connection in held:
            connection.close()


def test_guesses_from_many_addresses(tmp_path: Path) -> None:
    good = "X-Forwarded-For: 10.0.0.1\r\n"
    with attacked(tmp_path, settings=PROXIES) as target:
        victim = Account(target.server.store, "victim")
        with target.server.client("10.0.0.2") as http:
            assert http.post(PATH, data=victim.form()).status_code == 200
            with running(guess, target.port, victim.client_id, 1000):
                target.serve_good_client(LENGTH, good)
                # A client that comes from where it always does isn't kept from its new secret.
                victim.rotate()
                assert http.post(PATH, data=victim.form()).status_code == 200
        answers = Counter(
            line["status"]
            for line in target.server.lines
            if line.get("client_id") == victim.client_id and line["address"] != "10.0.0.2"
        )
        assert 200 not in answers
        minutes = math.ceil((LENGTH + 10) / 60)
        assert 0 < answers[401] <= AT_CLIENT.amount * minutes


def test_revocations_without_a_pause(tmp_path: Path) -> None:
    """Each acknowledged revocation holds, also after a restart, and no other token is revoked."""
    revoked: list[str] = []
    kept: list[str] = []

    def attack(target: Attacked, other: Account, end: float) -> None:
        client = {"client_id": other.client_id, "client_secret": other.secret}
        connection = Connection(target.port, source=ELSEWHERE)
        while time.monotonic() < end:
            connection.send(post(other.form()))
            assert connection.receive() == 200
            token = json.loads(connection.body)["access_token"]
            connection.send(post({**client, "token": token}, path="/oauth/revoke"))
            status = connection.receive()
            assert status in (200, 429)
            (revoked if status == 200 else kept).append(token)
        connection.close()

    def counts(target: Attacked, token: str) -> bool:
        answer = http.get(f"{PATH}/test", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code in (200, 401)
        return answer.status_code == 200

    other = Account(tmp_path / "store", "other")
    with attacked(tmp_path) as target, ThreadPoolExecutor(8) as attackers:
        end = time.monotonic() + LENGTH
        attacks = [attackers.submit(attack, target, other, end) for _ in range(8)]
        target.serve_good_client()
        for each in attacks:
            each.result()
    assert revoked
    with attacked(tmp_path, name="restarted") as target, target.server.client() as http:
        assert not any(counts(target, token) for token in revoked)
        assert all(counts(target, token) for token in kept[-1000:])
