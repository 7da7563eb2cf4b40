"""Running the token endpoint: listening, one process or several, and a graceful stop."""

import os
import resource
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

import uvicorn
from uvicorn.supervisors import Multiprocess

from credtui.installation import Installation
from credtui.server.app import build_app
from credtui.server.connections import Connections
from credtui.server.http import Protocol
from credtui.server.listening import listening, url_of
from credtui.server.log import LOG, logger

STOP_PATIENCE = 10
"""Seconds that open requests may still take when the server stops."""

MAX_CONNECTIONS = 4096
"""Connections of one process."""


class _Workers(Multiprocess):
    """Several processes. While they stop, new clients are refused at once.

    uvicorn keeps listening in this process until the last worker has ended. Clients would wait for
    an answer that nobody gives.
    """

    def terminate_all(self) -> None:
        for each in self.sockets:
            each.close()
        super().terminate_all()


def run_server(
    installation: Installation,
    host: str,
    port: int,
    workers: int = 1,
    *,
    greet: Callable[[Sequence[str]], None] | None = None,
) -> int:
    """Run the token endpoint until SIGTERM or SIGINT, and return the exit status.

    Args:
        installation: The installation.
        host: Where to listen, as `listening` takes it.
        port: The port; 0 lets the system choose one.
        workers: How many processes answer.
        greet: Called with the URLs where the server listens, in place of logging them.

    Raises:
        ServerError: The server can't listen on the host's port.
        StoreError: The store can't be used.
    """
    # If the store can't be used, say so once, and not once in each process.
    hazards = installation.client_service().hazards()
    with listening(host, port) as sockets:
        config = _configure(installation, workers, os.getpid() if workers > 1 else None)
        if greet:
            greet([url_of(each) for each in sockets])
        LOG.start()
        for each in [] if greet else sockets:
            bound_host, bound_port = each.getsockname()[:2]
            facts = {"url": url_of(each), "host": bound_host, "port": bound_port}
            logger.info("listening", extra={"facts": facts})
        for hazard in hazards:
            logger.warning("hazard", extra={"facts": {"reason": hazard}})
        try:
            if workers > 1:
                _Workers(config, sockets=sockets).run()
                return 0
            server = uvicorn.Server(config)
            server.run(sockets=sockets)
            return 0 if server.started else 1
        finally:
            logger.info("stopped")
            LOG.stop()


def serve_beside(installation: Installation, sockets: list[socket.socket], parent: int) -> None:
    """Run the token endpoint on listening sockets until SIGTERM, or until a process ends.

    Args:
        installation: The installation.
        sockets: Where to listen.
        parent: The ID of the process that started this one.
    """
    uvicorn.Server(_configure(installation, 1, parent)).run(sockets=sockets)


def _configure(installation: Installation, workers: int, parent: int | None) -> uvicorn.Config:
    for number in (signal.SIGINT, signal.SIGTERM):
        # uvicorn handles these signals while it runs, and raises them again when it has ended.
        signal.signal(number, lambda *_: None)
    limit = _room_for_connections()
    connections = Connections(limit, installation.settings.server.trusted_proxies)
    return uvicorn.Config(
        partial(build_app, installation, parent=parent),
        factory=True,
        http=partial(Protocol, connections=connections),  # type: ignore[arg-type]
        loop="asyncio",
        ws="none",
        lifespan="on",
        workers=workers,
        access_log=False,
        log_config=None,
        server_header=False,
        # The configuration says whose headers to believe; uvicorn would ask the environment.
        proxy_headers=False,
        timeout_keep_alive=installation.settings.server.keep_alive,
        # This many connections may be accepted before the first of them is counted.
        backlog=max(128, limit // 2),
        timeout_graceful_shutdown=STOP_PATIENCE,
    )


def _room_for_connections() -> int:
    """Return how many connections may be open, after asking for as many files as they need.

    The store holds up to half of the files open, and new connections are open before they count.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS * 4
    if soft < wanted and soft != resource.RLIM_INFINITY:
        if hard != resource.RLIM_INFINITY:
            wanted = min(wanted, hard)
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return max(1, min(MAX_CONNECTIONS, soft // 4))
