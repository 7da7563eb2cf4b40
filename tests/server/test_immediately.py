"""After a rotation, a deletion or a revocation, every process refuses at once."""

import itertools
import os
import random
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import httpx
import pytest

from tests.server.serving import Account, Server, serving, wait_for

pytestmark = pytest.mark.each_store
TOKEN = "/v2/oauth/token"


@pytest.fixture
def servers(own_store: Path, tmp_path: Path) -> Iterator[list[Server]]:
    """Three server processes on one store."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(serving(own_store, tmp_path / f"log{number}"))
            for number in range(3)
        ]


class Success(NamedTuple):
    """A request that was granted.

    Attributes:
        epoch: The number of changes that had been acknowledged when the secret was new.
        began: When the request began.
        what: What the client asked for.
    """

    epoch: int
    began: float
    what: str


class Hammer(threading.Thread):
    """A client that asks without a pause, with its present and its previous secrets."""

    def __init__(self, server: Server, secrets: list[dict[str, str]], seed: int) -> None:
        super().__init__(daemon=True)
        self.asked = 0
        self.successes: list[Success] = []
        self.failure: Exception | None = None
        self._server = server
        self._secrets = secrets
        self._random = random.Random(seed)
        self._tokens: dict[int, str] = {}
        self._ended = threading.Event()

    def run(self) -> None:
        try:
            with self._server.client() as http:
                while not self._ended.is_set():
                    self._ask(http)
        except (AssertionError, httpx.HTTPError, ValueError) as error:
            self.failure = error

    def stop(self) -> None:
        self._ended.set()
        self.join()
        if self.failure:
            raise self.failure

    def has_succeeded(self, epoch: int) -> bool:
        assert self.failure is None
        asked = {success.what for success in self.successes if success.epoch == epoch}
        return asked == {"token", "test"}

    def _ask(self, http: httpx.Client) -> None:
        newest = len(self._secrets) - 1
        epoch = max(0, newest - self._random.choice([0, 0, 0, 1, 2]))
        self.asked += 1
        began = time.monotonic()
        answer = http.post(TOKEN, data=self._secrets[epoch])
        if answer.status_code == 200:
            self.successes.append(Success(epoch, began, "token"))
            self._tokens[epoch] = answer.json()["access_token"]
        else:
            assert answer.status_code in (401, 429), answer.text
        if token := self._tokens.get(epoch):
            began = time.monotonic()
            answer = http.get(f"{TOKEN}/test", headers={"Authorization": f"Bearer {token}"})
            if answer.status_code == 200:
                self.successes.append(Success(epoch, began, "test"))
            else:
                assert answer.status_code == 401, answer.text


def test_no_success_begins_after_a_change_was_acknowledged(
    own_store: Path, servers: list[Server]
) -> None:
    account = Account(own_store, "acme")
    secrets = [account.form()]
    acknowledged: list[float] = []
    hammers = [Hammer(server, secrets, seed) for server in servers for seed in range(2)]
    for hammer in hammers:
        hammer.start()

    def everyone_succeeds() -> None:
        epoch = len(secrets) - 1
        wait_for(lambda: all(hammer.has_succeeded(epoch) for hammer in hammers), "a success")

    # With more rotations in a minute, the previous secrets use up the address's guesses.
    for _ in range(7):
        everyone_succeeds()
        account.rotate()
        acknowledged.append(time.monotonic())
        secrets.append(account.form())
    everyone_succeeds()
    heir = account.service.generate("Heir")
    account.service.make_primary(heir.credential.client_id)
    everyone_succeeds()
    account.service.delete(account.client_id)
    acknowledged.append(time.monotonic())
    asked = [hammer.asked for hammer in hammers]
    wait_for(
        lambda: all(
            hammer.asked >= before + 5 for hammer, before in zip(hammers, asked, strict=True)
        ),
        "requests after the deletion",
    )
    for hammer in hammers:
        hammer.stop()
    too_late = [
        success
        for hammer in hammers
        for success in hammer.successes
        if success.began > acknowledged[success.epoch]
    ]
    assert too_late == []


def test_the_first_request_after_a_change_in_each_process(
    own_store: Path, servers: list[Server]
) -> None:
    account = Account(own_store, "acme")
    with ExitStack() as stack:
        clients = [stack.enter_context(server.client()) for server in servers]
        for _ in range(5):
            before = account.form()
            tokens = [http.post(TOKEN, data=before).json()["access_token"] for http in clients]
            account.rotate()
            # Show each process the token of another one.
            for http, token in zip(clients, [*tokens[1:], tokens[0]], strict=True):
                assert http.post(TOKEN, data=before).status_code == 401
                header = {"Authorization": f"Bearer {token}"}
                assert http.get(f"{TOKEN}/test", headers=header).status_code == 401
                assert http.post(TOKEN, data=account.form()).status_code == 200


def test_a_revoked_token_is_refused_everywhere_and_after_a_crash(
    own_store: Path, servers: list[Server], tmp_path: Path
) -> None:
    account = Account(own_store, "acme")
    one, *others = servers
    with one.client() as http:
        token = http.post(TOKEN, data=account.form()).json()["access_token"]
        auth = (account.client_id, account.secret)
        assert http.post("/oauth/revoke", data={"token": token}, auth=auth).status_code == 200
    one.kill()
    header = {"Authorization": f"Bearer {token}"}
    with serving(own_store, tmp_path / "again") as restarted:
        for server in (*others, restarted):
            with server.client() as http:
                assert http.get(f"{TOKEN}/test", headers=header).status_code == 401


def test_tokens_outlive_a_crash(own_store: Path, tmp_path: Path) -> None:
    account = Account(own_store, "acme")
    with serving(own_store, tmp_path / "log") as server, server.client() as http:
        token = http.post(TOKEN, data=account.form()).json()["access_token"]
        server.kill()
    account.service.rename(account.client_id, "Renamed")
    with serving(own_store, tmp_path / "again") as server, server.client() as http:
        header = {"Authorization": f"Bearer {token}"}
        assert http.get(f"{TOKEN}/test", headers=header).status_code == 200
        account.rotate()
        assert http.get(f"{TOKEN}/test", headers=header).status_code == 401


@pytest.mark.files
def test_a_restored_store_without_its_index(own_store: Path, tmp_path: Path) -> None:
    account = Account(own_store, "acme")
    (own_store / "uat" / ".clients" / account.client_id).unlink()
    with serving(own_store, tmp_path / "log") as server, server.client() as http:
        wait_for(
            lambda: http.post(TOKEN, data=account.form()).status_code == 200,
            "the index to be repaired",
        )


class TestWorkers:
    def test_several_processes_answer_and_end_together(
        self, own_store: Path, tmp_path: Path
    ) -> None:
        account = Account(own_store, "acme")
        with serving(own_store, tmp_path / "log", workers=2) as server:
            processes = self._ask_until_all_answered(server, account, 2)
            killed = processes.pop()
            os.kill(killed, signal.SIGKILL)
            before = account.form()
            account.rotate()
            # Another process takes the place of the killed one.
            processes = self._ask_until_all_answered(server, account, 2, besides=killed)
            for _ in range(10):
                with suppress(httpx.TransportError), server.client() as http:
                    assert http.post(TOKEN, data=before).status_code in (401, 429)
            assert server.stop() == 0
            wait_for(lambda: not any(map(_is_alive, processes)), "the workers to end")

    def test_workers_end_when_their_parent_was_killed(
        self, own_store: Path, tmp_path: Path
    ) -> None:
        account = Account(own_store, "acme")
        with serving(own_store, tmp_path / "log", workers=2) as server:
            processes = self._ask_until_all_answered(server, account, 2)
            server.kill()
            wait_for(lambda: not any(map(_is_alive, processes)), "the orphans to end")

    def _ask_until_all_answered(
        self, server: Server, account: Account, count: int, besides: int = 0
    ) -> set[int]:
        answered: set[int] = set()
        for _ in itertools.count():
            with suppress(httpx.TransportError), server.client() as http:
                assert http.post(TOKEN, data=account.form()).status_code == 200
            answered = {
                line["process"]
                for line in server.lines
                if line["event"] == "request" and line["process"] != besides
            }
            if len(answered) >= count:
                break
            assert server.process.poll() is None
        return answered


def _is_alive(process: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(process, 0)
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        return state != "Z"
    return False


def test_a_graceful_stop_answers_what_was_asked(own_store: Path, tmp_path: Path) -> None:
    account = Account(own_store, "acme")
    with serving(own_store, tmp_path / "log") as server, server.client() as http:
        slow = SlowBody(server, account)
        assert http.post(TOKEN, data=account.form()).status_code == 200
        server.process.send_signal(signal.SIGTERM)
        wait_for(lambda: any(line["event"] == "Shutting down" for line in server.lines), "the stop")
        assert slow.finish().startswith(b"HTTP/1.1 200")
        assert server.process.wait(60) == 0
        events = [line["event"] for line in server.lines]
        assert events[-1] == "stopped"
        usage = account.service.page().usage[account.client_id]
        assert sum(usage.issued.values()) == 2


class SlowBody:
    """A request whose body comes in two parts."""

    def __init__(self, server: Server, account: Account) -> None:
        self._body = urlencode(account.form()).encode()
        port = int(server.url.rpartition(":")[2])
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        head = (
            f"POST {TOKEN} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(self._body)}\r\n\r\n"
        )
        self._socket.sendall(head.encode() + self._body[:10])

    def finish(self) -> bytes:
        with self._socket:
            self._socket.sendall(self._body[10:])
            answer = b""
            while part := self._socket.recv(65536):
                answer += part
            return answer
