"""A token endpoint under test: a real process that listens on the loopback address."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from credtui.domain.models import IssuedSecret
from credtui.domain.permissions import Actor
from credtui.installation import Installation
from credtui.service.credentials import CredentialService
from tests.server.serve import CHEAP, open_installation

PATIENCE = 60.0
ALICE = Actor(operator="alice")


def wait_for(condition: Callable[[], Any], what: str) -> Any:
    """Return the first truthy value of a condition."""
    deadline = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)
    return value


def whole_lines(log: Path) -> list[dict[str, Any]]:
    """The lines of a log, without the one that is being written."""
    *lines, _ = log.read_bytes().split(b"\n")
    return [json.loads(line) for line in lines]


class Server:
    """A running token endpoint."""

    def __init__(self, process: subprocess.Popen[bytes], store: Path, log: Path) -> None:
        self.process = process
        self.store = store
        self.log = log
        listening = wait_for(self._listening, "the server to listen")
        self.url = listening["url"]
        wait_for(self._answers, "the server to answer")

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The lines that the server has logged so far."""
        return whole_lines(self.log)

    @property
    def token_url(self) -> str:
        return f"{self.url}/v2/oauth/token"

    def client(self, address: str | None = None, **options: Any) -> httpx.Client:
        """An HTTP client. To a server that trusts its header, it comes from the address."""
        headers = {"X-Forwarded-For": address} if address else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=PATIENCE, **options)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)

    def _listening(self) -> dict[str, Any] | None:
        assert self.process.poll() is None, self.log.read_text()
        with suppress(ValueError):
            return next((line for line in self.lines if line["event"] == "listening"), None)
        return None

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        with suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/healthz", timeout=PATIENCE).status_code == 200
        return False


@contextmanager
def serving(
    store: Path,
    log: Path,
    *,
    workers: int = 1,
    host: str = "127.0.0.1",
    port: int = 0,
    patience: float = 10.0,
    connections: int = 4096,
    start: Sequence[str] = (),
    bcrypt_cost: int = CHEAP,
    url: str = "",
    **settings: Any,
) -> Iterator[Server]:
    """Run a server on a store, or on the database at the URL, until the context is left."""
    asked = {
        "store": str(store),
        "host": host,
        "port": port,
        "workers": workers,
        "patience": patience,
        "connections": connections,
        "bcrypt_cost": bcrypt_cost,
        "url": url,
        "settings": settings,
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*start, sys.executable, "-m", "tests.server.serve", json.dumps(asked)],
            stdout=output,
            stderr=output,
            cwd=Path(__file__).parents[2],
            start_new_session=True,
        )
    try:
        yield Server(process, store, log)
    finally:
        # End the workers too, even if the process has ended already.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)


class Account:
    """An organization with a credential, and how its client asks for tokens."""

    def __init__(
        self,
        store: Path,
        organization: str,
        *,
        environment: str = "uat",
        bcrypt_cost: int = CHEAP,
    ) -> None:
        self.installation: Installation = open_installation(
            store, bcrypt_cost, environment=environment
        )
        self.organization = organization
        self.service: CredentialService = self.installation.service(
            ALICE, organization=organization
        )
        self.issued: IssuedSecret = self.service.generate("Payout gateway")

    @property
    def client_id(self) -> str:
        return self.issued.credential.client_id

    @property
    def secret(self) -> str:
        return self.issued.secret.get_secret_value()

    @property
    def audience(self) -> str:
        return self.issued.audience

    def form(self, **changes: str | None) -> dict[str, str]:
        """The parameters of a request for an access token; None leaves one out."""
        parameters = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.secret,
            "audience": self.audience,
            **changes,
        }
        return {name: value for name, value in parameters.items() if value is not None}

    def rotate(self) -> None:
        self.issued = self.service.rotate(self.client_id)
