"""Where the token endpoint listens, and the address at which it is found there."""

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from credtui.domain.errors import ServerError
from credtui.domain.networks import parse_address

_KERNEL_BUFFER = 64 * 1024
"""Bytes that the system keeps of what a client sent, and of what it hasn't yet taken."""

_UNAVAILABLE = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}


@contextmanager
def listening(host: str, port: int) -> Iterator[list[socket.socket]]:
    """Listen on each address of a host. The context's value is the sockets, which it closes.

    Args:
        host: A name, an address, which may be in brackets, or `*` for all addresses. `::` takes
            IPv4 connections as well.
        port: The port; 0 lets the system choose one.

    Raises:
        ServerError: The port of one of the addresses can't be had.
    """
    sockets = _listen(host, port)
    try:
        yield sockets
    finally:
        for each in sockets:
            each.close()


def url_of(listener: socket.socket) -> str:
    """Return the URL of a listening socket, for a client on this computer."""
    host, port, *more = listener.getsockname()
    if host in {"0.0.0.0", "::"}:  # noqa: S104  # these stand for all addresses
        host = "127.0.0.1"
    if ":" in host:
        _, zone = more
        host = f"[{host}%25{socket.if_indextoname(zone)}]" if zone else f"[{host}]"
    return f"http://{host}:{port}"


def _listen(host: str, port: int) -> list[socket.socket]:
    host = host.strip()
    if not host:
        raise ServerError(
            "There is no host to listen on: give an address, such as 127.0.0.1, or * for all."
        )
    sockets: list[socket.socket] = []
    missing: OSError | None = None
    try:
        for family, address in _addresses(host, port):
            # If the system has chosen a port for the first address, the others take the same.
            same = sockets[0].getsockname()[1] if sockets else port
            try:
                sockets.append(_bind(family, (address[0], same, *address[2:])))
            except OSError as error:
                if error.errno not in _UNAVAILABLE:
                    raise
                # /etc/hosts has ::1 for localhost, also where IPv6 is switched off.
                missing = error
        if missing is not None and not sockets:
            raise missing
    except (OSError, OverflowError, UnicodeError) as error:
        for each in sockets:
            each.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise ServerError(f"Can't listen on {host} port {port}: {reason.lower()}.") from None
    return sockets


def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, tuple[Any, ...]]]:
    if host == "*":
        host = "::" if _has_ipv6() else "0.0.0.0"  # noqa: S104  # what was asked for
    elif host.startswith("[") and host.endswith("]"):
        host = host[1:-1].replace("%25", "%")
    address = parse_address(host)
    if address and ":" not in address:
        host = address  # it may be mapped into IPv6
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys((family, address) for family, _, _, _, address in found))


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def _bind(family: socket.AddressFamily, address: tuple[Any, ...]) -> socket.socket:
    # asyncio sets TCP_NODELAY on accepted connections only if the protocol is named here.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Accepted connections inherit these sizes. The system would let each grow to megabytes.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _KERNEL_BUFFER)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL_BUFFER)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, address[0] != "::")
        listener.bind(address)
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener
