"""A real PostgreSQL server of the tests' own.

    with Server.create() as primary, primary.standby("second", synchronous=True) as standby:
        primary.execute("CREATE TABLE numbers (number int)")
        primary.kill()
        standby.promote()

It listens on 127.0.0.1 alone and trusts everybody there. It is a child of this process, and its
data is in a temporary folder. Both go when this process ends, whatever ends it.
"""

import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg import sql

from tests.postgres import processes, programs
from tests.postgres.certificates import Certificate
from tests.terminal import TIMEOUT

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "dynamic_shared_memory_type": "mmap",  # so that a killed server leaves nothing in /dev/shm
    "wal_log_hints": "on",  # pg_rewind needs it
    "wal_retrieve_retry_interval": "100ms",  # a standby finds its primary soon after a restart
}


class Server:
    """A PostgreSQL server. Its port stays the same when it starts again."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self._binaries = binaries
        self._folder = folder
        self._data = folder / "data"
        self._log = folder / "log"
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def create(
        cls,
        *,
        binaries: Path | None = None,
        settings: Mapping[str, str] | None = None,
        tls: Certificate | None = None,
    ) -> Self:
        """Make a server and start it.

        Args:
            binaries: The folder of PostgreSQL's programs; `programs.embedded()` without it.
            settings: Parameters that replace those in SETTINGS, or add to them.
            tls: Offer TLS with this certificate. `programs.debian_15()` can do so.
        """
        binaries = binaries or programs.embedded()
        server = cls(binaries, programs.new_folder("server"))
        programs.run("cp", "-a", _new_cluster(binaries), server._data)
        lines = {**SETTINGS, **(settings or {})}
        if tls is not None:
            certificate, key = tls.write(server._folder)
            lines |= {"ssl": "on", "ssl_cert_file": str(certificate), "ssl_key_file": str(key)}
        with (server._data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in lines.items())
        server.start()
        return server

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.remove()

    @property
    def port(self) -> int:
        return self._port

    @property
    def log(self) -> str:
        """What the server has logged so far."""
        return self._log.read_text(errors="replace")

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        return f"postgresql://{user}@127.0.0.1:{self._port}/{database}"

    def execute(
        self,
        statement: str | sql.SQL | sql.Composed,
        parameters: Sequence[object] | None = None,
        *,
        database: str = "postgres",
    ) -> list[tuple[Any, ...]]:
        """Execute a statement in a connection of its own. Return its rows."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def configure(self, **settings: str) -> None:
        """Change settings that need no restart, and wait until they hold.

        An open connection may use the old ones a moment longer.
        """
        before = self.execute("SELECT pg_conf_load_time()")
        for name, value in settings.items():
            self.execute(
                sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), sql.Literal(value))
            )
        self.execute("SELECT pg_reload_conf()")
        wait(lambda: self.execute("SELECT pg_conf_load_time()") != before, self._explain)
        # Commits wait for a standby from when the checkpointer has read synchronous_standby_names.
        self.execute("CHECKPOINT")

    def start(self) -> None:
        """Start, and wait until clients can connect.

        Raises:
            RuntimeError: the server didn't start. The message holds its log.
        """
        attempts = 1 if self._port else 5
        for attempt in range(1, attempts + 1):
            port = self._port or free_port()
            self._process = programs.start(
                self._binaries / "postgres", "-D", self._data, "-p", str(port), log=self._log
            )
            wait(lambda: self._ready() or self._ended(), self._explain)
            if not self._ended():
                self._port = port
                return
            if attempt == attempts or "Address already in use" not in self.log:
                raise RuntimeError(self._explain())

    def stop(self) -> None:
        """Stop as an administrator does: end the connections, write everything, end."""
        self._end(lambda process: process.send_signal(signal.SIGINT))

    def kill(self) -> None:
        """Kill all of the server's processes at once, as a power failure would."""
        killed: list[int] = []
        self._end(lambda process: killed.extend(processes.kill_tree(process.pid)))
        # The server can't start again while one of them still has its shared memory.
        wait(lambda: not any(map(processes.is_alive, killed)), self._explain)

    def pause(self) -> None:
        """Stop all of the server's processes, as a machine that hangs would."""
        pid = self._running().pid
        processes.signal_all([pid], signal.SIGSTOP)
        processes.signal_all(processes.children(pid), signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused server go on."""
        pid = self._running().pid
        processes.signal_all([*processes.children(pid), pid], signal.SIGCONT)

    def standby(self, name: str, *, synchronous: bool = False, port: int = 0) -> Self:
        """Return a started standby that has this server's changes streamed to it.

        Args:
            name: The standby's name for this server. Lower-case letters and digits.
            synchronous: Make commits here wait for this standby alone.
            port: Where it listens. It has a free port without it.
        """
        standby = type(self)(self._binaries, programs.new_folder(name))
        standby._port = port
        programs.run(
            *(self._binaries / "pg_basebackup", "-D", standby._data, "-d", self._source(name)),
            *("--write-recovery-conf", "--checkpoint=fast", "--no-sync"),
        )
        standby.start()
        self.wait_for_standby(name)
        if synchronous:
            self.configure(synchronous_standby_names=name)
            self.wait_for_standby(name, synchronous=True)
        return standby

    def wait_for_standby(self, name: str, *, synchronous: bool = False) -> None:
        """Wait until a standby has all changes and gets each new one."""
        states = [("streaming", "sync")] if synchronous else [("streaming", s) for s in _STATES]
        question = "SELECT state, sync_state FROM pg_stat_replication WHERE application_name = %s"
        wait(lambda: any(row in states for row in self.execute(question, [name])), self._explain)

    def promote(self) -> None:
        """Make this standby a primary, and wait until it takes changes."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute("SELECT pg_promote(wait => false)")

            def is_primary() -> bool:
                return connection.execute("SELECT pg_is_in_recovery()").fetchone() == (False,)

            wait(is_primary, self._explain)

    def rewind_from(self, primary: "Server", name: str = "rewound") -> bool:
        """Make this ended server a standby of another one, with pg_rewind. Don't start it.

        Returns:
            Whether pg_rewind succeeded. If it failed, this server would start as a primary.
        """
        try:
            programs.run(
                *(self._binaries / "pg_rewind", "-D", self._data),
                *("--source-server", primary._source(name), "--write-recovery-conf", "--no-sync"),
            )
        except RuntimeError as error:
            with self._log.open("a") as log:
                log.write(f"{error}\n")
            return False
        return True

    def remove(self) -> None:
        """Kill the server, and remove its data."""
        processes.demolish(self._folder)
        if self._process is not None:
            self._process.wait()

    def _source(self, name: str) -> str:
        return f"{self.url()}?application_name={name}"

    def _ready(self) -> bool:
        # From version 10 on, line 8 of this file says how far the server is.
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        ours = lines[:1] == [str(self._running().pid)]
        return ours and len(lines) > 7 and lines[7].strip() == "ready"

    def _ended(self) -> bool:
        return self._running().poll() is not None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("the server was not started")
        return self._process

    def _end(self, ask: Callable[[subprocess.Popen[bytes]], None]) -> None:
        process = self._running()
        ask(process)
        try:
            process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            raise RuntimeError(self._explain()) from None

    def _explain(self) -> str:
        return f"PostgreSQL on port {self._port} logged:\n{self.log}"


_STATES = ("async", "potential", "sync", "quorum")


@cache
def _new_cluster(binaries: Path) -> Path:
    # A copy takes a tenth of the time of initdb.
    cluster = programs.new_folder("cluster") / "data"
    programs.run(
        *(binaries / "initdb", "-D", cluster, "--username=postgres", "--auth=trust"),
        *("--encoding=UTF8", "--locale=C", "--wal-segsize=1", "--no-sync", "--no-instructions"),
    )
    return cluster


def free_port() -> int:
    """Return a port for a server.

    The system gives clients the ports from 32768 on. This one is below, so that no client takes it
    while the server is down for a moment.
    """
    while True:
        port = random.SystemRandom().randrange(20_000, 32_768)
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def wait(condition: Callable[[], bool], explain: Callable[[], str]) -> None:
    """Wait until a condition holds. If it takes too long, raise RuntimeError and explain."""
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {TIMEOUT:.0f} s in vain\n{explain()}")
        time.sleep(0.005)
