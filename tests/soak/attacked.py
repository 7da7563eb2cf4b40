"""The command `credtui serve` under attack, and a good client beside the attackers."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.endpoint import Server as Watched
from benchmarks.endpoint import allow_connections
from benchmarks.load import HOST, post, wait_for_each

from tests.server.serving import PATIENCE, Account, Server

LENGTH = 20.0
"""Seconds of an attack."""

MEMORY = 512
"""MiB that the server may have resident at most."""

ELSEWHERE = "127.0.0.2"
"""The attackers' address. The good client has another."""

PROXIES = 'trusted_proxies = ["127.0.0.0/8"]'


class Attacked:
    """A server, and a client of it that does no harm."""

    def __init__(self, server: Server, account: Account) -> None:
        self.server = server
        self.account = account
        self.port = int(server.url.rpartition(":")[2])

    def connect(self) -> socket.socket:
        """Connect as an attacker."""
        return socket.create_connection((HOST, self.port), PATIENCE, (ELSEWHERE, 0))

    def serve_good_client(self, seconds: float = LENGTH, headers: str = "") -> None:
        """Ask a hundred times a second, each time on a new connection."""
        request = post(self.account.form(), headers)
        waits = wait_for_each(self.port, request, seconds, keep=False, give_up=PATIENCE)
        assert waits.refused == 0

    def assert_unharmed(self) -> None:
        """The server works as before, had no fault, and didn't use too much memory."""
        assert Watched(self.port, self.server.process.pid).most_memory() < MEMORY
        with self.server.client() as http:
            assert http.post("/v2/oauth/token", data=self.account.form()).status_code == 200
        faults = [
            line for line in self.server.lines if line.get("status") == 500 or "exception" in line
        ]
        assert faults == []


@contextmanager
def served(home: Path, *, name: str = "log", **environ: str) -> Iterator[Server]:
    """Run `credtui serve`.

    Args:
        home: The installation's folder, with its configuration file.
        name: The name of the log's file in that folder.
        environ: More environment variables.
    """
    log = home / name
    command = [sys.executable, "-m", "credtui", "--home", str(home), "serve", "--port", "0"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=output,
            env={**os.environ, "HOME": str(home), **environ},
            start_new_session=True,
        )
    try:
        yield Server(process, home / "store", log)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)


@contextmanager
def attacked(home: Path, *, name: str = "log", settings: str = "") -> Iterator[Attacked]:
    """Run `credtui serve`, and assert that it is unharmed at the end.

    Args:
        home: The installation's folder.
        name: The name of the log's file in that folder.
        settings: The content of the table `[server]` of the configuration file.
    """
    allow_connections()
    account = Account(home / "store", f"good-{name}")
    (home / "credtui.toml").write_text(f"[server]\n{settings}\n")
    with served(home, name=name) as server:
        running = Attacked(server, account)
        running.serve_good_client(0.5)
        yield running
        running.assert_unharmed()
