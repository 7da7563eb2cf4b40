"""Token endpoints in processes of their own."""

import multiprocessing
import os
import resource
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.load import HOST, PATH
from credtui.configuration import Settings
from credtui.domain.models import IssuedSecret
from credtui.domain.permissions import Actor
from credtui.installation import Installation
from credtui.store.tinydb.store import TinyDBStore

DEFAULTS: Mapping[str, Any] = {}
PROXIES: Mapping[str, Any] = {"server": {"trusted_proxies": ["127.0.0.0/8"]}}

_OTHER_FILES = 500
"""Files that a process needs besides connections."""


def generate(folder: Path, organization: str = "acme") -> IssuedSecret:
    """Generate a credential in a store, and return what its client needs."""
    service = _open(folder).service(Actor(operator="benchmark"), organization=organization)
    return service.generate("Payout gateway")


def serve(port: int, folder: Path, settings: Mapping[str, Any] = DEFAULTS) -> None:
    """Serve a store."""
    from credtui.server.run import run_server

    sys.stderr = log_of(folder, port).open("w")
    allow_connections()
    run_server(_open(folder, settings), HOST, port)


def serve_constant(port: int, folder: Path) -> None:
    """Serve a constant answer of a token's size, with the same server, protocol and framework."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    from credtui.server.connections import Connections
    from credtui.server.http import Protocol

    answer = {"access_token": "x" * 300, "token_type": "Bearer", "expires_in": 3600}

    async def constant(_: Request) -> JSONResponse:
        return JSONResponse(answer)

    sys.stderr = log_of(folder, port).open("w")
    uvicorn.run(
        Starlette(routes=[Route(PATH, constant, methods=["POST"])]),
        port=port,
        http=partial(Protocol, connections=Connections(4096)),  # type: ignore[arg-type]
        loop="asyncio",
        access_log=False,
        server_header=False,
    )


def log_of(folder: Path, port: int) -> Path:
    """Return the path of the log of the server on a port, which serves this store."""
    return folder.with_suffix(f".{port}.log")


def allow_connections(number: int = 0) -> int:
    """Raise the limit of open files for this process.

    Returns:
        The number of connections, or as many of them as the limit allows.
    """
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return min(number, most - _OTHER_FILES)


class Server(NamedTuple):
    """A process that listens on a port.

    Attributes:
        port: The port.
        process: The process's ID.
    """

    port: int
    process: int

    def processor_time(self) -> float:
        """Return the seconds of processor time that it has used."""
        fields = Path(f"/proc/{self.process}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def most_memory(self) -> float:
        """Return the most MiB that were resident at any time so far."""
        status = Path(f"/proc/{self.process}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024


@contextmanager
def running(work: Callable[..., None], *arguments: Any) -> Iterator[Server]:
    """Run a function in a process of its own, and wait until it listens on its port.

    Args:
        work: The function. Its first argument is the port.
        arguments: The function's other arguments.
    """
    port = free_port()
    process = multiprocessing.get_context("spawn").Process(
        target=work, args=(port, *arguments), daemon=True
    )
    process.start()
    try:
        wait_for_port(port, process.is_alive)
        assert process.pid
        yield Server(port, process.pid)
    finally:
        process.kill()
        process.join()


def free_port() -> int:
    """Return the number of a port on which nothing listens."""
    with socket.create_server((HOST, 0)) as free:
        port: int = free.getsockname()[1]
    return port


def wait_for_port(port: int, is_alive: Callable[[], bool]) -> None:
    """Wait until a process listens on a port.

    Raises:
        RuntimeError: The process has ended.
    """
    while True:
        try:
            socket.create_connection((HOST, port)).close()
        except ConnectionRefusedError:
            if not is_alive():
                raise RuntimeError("the process has ended") from None
            time.sleep(0.05)
        else:
            return


def _open(folder: Path, settings: Mapping[str, Any] = DEFAULTS) -> Installation:
    return Installation(Settings.model_validate(settings), TinyDBStore(folder))
