"""PgBouncer in front of a server, as many installations have it."""

import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.postgres import processes, programs
from tests.postgres.server import Server, free_port, wait
from tests.terminal import need_program


@dataclass(frozen=True)
class PgBouncer:
    """A running PgBouncer."""

    port: int
    settings: Path
    process: subprocess.Popen[bytes]

    def lead_to(self, server: Server) -> None:
        """Lead to another server from soon on. Clients stay connected."""
        text = re.sub(r"(?<=127.0.0.1 port=)\d+", str(server.port), self.settings.read_text())
        self.settings.write_text(text)
        self.process.send_signal(signal.SIGHUP)

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"


@contextmanager
def pgbouncer(server: Server, *, pool_size: int = 20) -> Iterator[PgBouncer]:
    """Run PgBouncer in transaction mode. It lets everybody in, as the server's superuser.

    Args:
        server: Where the databases are.
        pool_size: The most connections to one database of the server.
    """
    program = need_program("pgbouncer")
    folder = programs.new_folder("pgbouncer")
    port, log, settings = free_port(), folder / "log", folder / "pgbouncer.ini"
    settings.write_text(f"""
        [databases]
        * = host=127.0.0.1 port={server.port} user=postgres
        [pgbouncer]
        listen_addr = 127.0.0.1
        listen_port = {port}
        unix_socket_dir =
        auth_type = any
        pool_mode = transaction
        max_client_conn = 1000
        default_pool_size = {pool_size}
    """)
    process = programs.start(program, settings, log=log)

    def answers() -> bool:
        if process.poll() is not None:
            raise RuntimeError(f"PgBouncer ended:\n{log.read_text()}")
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", port)) == 0

    try:
        wait(answers, log.read_text)
        yield PgBouncer(port, settings, process)
    finally:
        processes.demolish(folder)
        process.wait()
