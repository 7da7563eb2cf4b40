"""Rotations under load: no success with an earlier secret begins after one was acknowledged."""

import random
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import httpx
from benchmarks.load import PATH

from tests.server.serving import Account, Server, wait_for
from tests.soak.attacked import PROXIES, attacked


class Success(NamedTuple):
    """Something was granted.

    Attributes:
        epoch: The number of rotations before the secret that was presented.
        began: When the request was begun.
        what: What was asked.
    """

    epoch: int
    began: float
    what: str


class Load(threading.Thread):
    """Clients that ask without a pause: one with its present secret, and others with older ones."""

    def __init__(self, server: Server, forms: list[dict[str, str]], seed: int) -> None:
        super().__init__(daemon=True)
        self.successes: list[Success] = []
        self.failure: Exception | None = None
        self._server = server
        self._forms = forms
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

    def has_succeeded(self, epoch: int) -> bool:
        assert self.failure is None, self.failure
        return {done.what for done in self.successes if done.epoch == epoch} == {"token", "test"}

    def _ask(self, http: httpx.Client) -> None:
        newest = len(self._forms) - 1
        epoch = max(0, newest - self._random.choice((0, 0, 0, 1, 2)))
        # Wrong secrets are counted by address. This client's own address presents none.
        address = "10.0.0.1" if epoch == newest else f"10.1.{self._random.randrange(250)}.1"
        began = time.monotonic()
        answer = http.post(PATH, data=self._forms[epoch], headers={"X-Forwarded-For": address})
        if answer.status_code == 200:
            self.successes.append(Success(epoch, began, "token"))
            self._tokens[epoch] = answer.json()["access_token"]
        else:
            assert answer.status_code in (401, 429), answer.text
        for issued in range(max(0, epoch - 2), epoch + 1):
            if token := self._tokens.get(issued):
                began = time.monotonic()
                answer = http.get(f"{PATH}/test", headers={"Authorization": f"Bearer {token}"})
                if answer.status_code == 200:
                    self.successes.append(Success(issued, began, "test"))
                else:
                    assert answer.status_code == 401, answer.text


def test_rotations_under_load(tmp_path: Path) -> None:
    account = Account(tmp_path / "store", "acme")
    forms = [account.form()]
    acknowledged: list[float] = []
    with ExitStack() as stack:
        targets = [
            stack.enter_context(attacked(tmp_path, name=f"log{number}", settings=PROXIES))
            for number in range(2)
        ]
        loads = [Load(target.server, forms, seed) for target in targets for seed in range(2)]
        for load in loads:
            load.start()

        def all_succeed() -> None:
            epoch = len(forms) - 1
            wait_for(lambda: all(load.has_succeeded(epoch) for load in loads), "a success")

        for _ in range(82):
            all_succeed()
            account.rotate()
            acknowledged.append(time.monotonic())
            forms.append(account.form())
        all_succeed()
        for load in loads:
            load.stop()
    late = [
        success
        for load in loads
        for success in load.successes
        if success.epoch < len(acknowledged) and success.began > acknowledged[success.epoch]
    ]
    assert late == []
