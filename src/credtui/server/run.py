"""Running the token endpoint: listening, one process or several, and a graceful stop."""

import os
import resource
import signal
import socket
from functools import partial

import uvicorn
from uvicorn.supervisors import Multiprocess

from credtui.domain.errors import ServerError
from credtui.installation import Installation
from credtui.server.app import build_app
from credtui.server.connections import Connections
from credtui.server.http import Protocol
from credtui.server.log import LOG, logger

STOP_PATIENCE = 10
"""Seconds that open requests may still take when the server stops."""

MAX_CONNECTIONS = 4096
"""Connections of one process."""

_KERNEL_BUFFER = 64 * 1024
"""Bytes that the system keeps of what a client sent, and of what it hasn't yet read."""


def run_server(installation: Installation, host: str, port: int, workers: int = 1) -> int:
    """Run the token endpoint until SIGTERM or SIGINT, and return the exit status.

    Raises:
        ServerError: The server can't listen on the host's port.
        StoreError: The store can't be used.
    """
    # If the store can't be used, say so once, and not once in each process.
    installation.client_service()
    limit = _room_for_connections()
    connections = Connections(limit, installation.settings.server.trusted_proxies)
    with _listen(host, port) as listening:
        config = uvicorn.Config(
            partial(build_app, installation, parent=os.getpid() if workers > 1 else None),
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
        for number in (signal.SIGINT, signal.SIGTERM):
            # uvicorn handles these signals while it runs, and raises them again when it has ended.
            signal.signal(number, lambda *_: None)
        LOG.start()
        bound_host, bound_port = listening.getsockname()[:2]
        logger.info("listening", extra={"facts": {"host": bound_host, "port": bound_port}})
        try:
            if workers > 1:
                Multiprocess(config, sockets=[listening]).run()
                return 0
            server = uvicorn.Server(config)
            server.run(sockets=[listening])
            return 0 if server.started else 1
        finally:
            logger.info("stopped")
            LOG.stop()


def _room_for_connections() -> int:
    """Return how many connections may be open: the store holds up to half of the files open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return max(1, min(MAX_CONNECTIONS, soft // 4))


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        # asyncio sets TCP_NODELAY on accepted connections only if the protocol is named here.
        listening = socket.socket(family, kind, socket.IPPROTO_TCP)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            # Accepted connections inherit these sizes. The system would let each grow to megabytes.
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _KERNEL_BUFFER)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL_BUFFER)
            listening.bind(address)
            listening.listen(2048)
        except OSError:
            listening.close()
            raise
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ServerError(f"Can't listen on {host} port {port}: {reason.lower()}.") from None
    return listening
