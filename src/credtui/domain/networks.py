"""The networks from which an organization's credentials may be used."""

import ipaddress
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from typing import TypeAlias

from credtui.domain.names import quotable
from credtui.domain.refusals import InvalidNetworkError

MAX_NETWORKS = 50

_Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
"""The IPv6 addresses that stand for IPv4 addresses."""


def parse_networks(texts: Iterable[str]) -> tuple[str, ...]:
    """Return networks in CIDR notation, each once, in their order.

    A network of IPv4 addresses that are mapped into IPv6 becomes the IPv4 network.

    Raises:
        InvalidNetworkError: A text isn't a network, or there are too many.
    """
    networks = tuple(dict.fromkeys(_parse(text.strip()) for text in texts))
    if len(networks) > MAX_NETWORKS:
        raise InvalidNetworkError(f"An organization has at most {MAX_NETWORKS} networks.")
    return networks


def is_allowed(address: str, networks: Iterable[str]) -> bool:
    """Tell whether an address is in one of the networks. Without networks every address is."""
    allowed = [_unmapped(ipaddress.ip_network(network)) for network in networks]
    parsed = parse_address(address)
    if not allowed or parsed is None:
        return not allowed
    caller = ipaddress.ip_address(parsed)
    return any(caller in network for network in allowed)


@lru_cache(maxsize=4096)
def parse_address(text: str) -> str | None:
    """Return an address in its usual form, None if a text isn't an address.

    The zone of an IPv6 address, which may be any text, is left out. A socket for both families
    shows an IPv4 address as ::ffff:192.0.2.1, which is returned as 192.0.2.1.
    """
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return str(getattr(address, "ipv4_mapped", None) or address)


@lru_cache(maxsize=4096)
def neighbourhood(address: str) -> str:
    """Return an IPv4 address itself, and for an IPv6 address its network of 64 bits.

    A person who has one address of such a network has all of them.
    """
    with suppress(ValueError):
        if ipaddress.ip_address(address).version == 6:
            return str(ipaddress.ip_network(f"{address}/64", strict=False))
    return address


def _parse(text: str) -> str:
    shown, network = quotable(text), None
    # A zone, after "%", may hold any character, and means something on one computer only.
    if "%" not in text:
        with suppress(ValueError):
            network = _unmapped(ipaddress.ip_network(text, strict=False))
    if network is None:
        raise InvalidNetworkError(
            f"{shown} is not a network: give one such as 192.0.2.0/24, 2001:db8::/32 or 192.0.2.7."
        )
    if parse_address(text.partition("/")[0]) != str(network.network_address):
        raise InvalidNetworkError(f"{shown} is not a network: do you mean {network}?")
    return str(network)


def _unmapped(network: _Network) -> _Network:
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_MAPPED):
        first = int(network.network_address) - int(_MAPPED.network_address)
        return ipaddress.IPv4Network((first, network.prefixlen - _MAPPED.prefixlen))
    return network
