"""The networks from which an organization's credentials may be used."""

import ipaddress
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache

from credtui.domain.names import quotable
from credtui.domain.refusals import InvalidNetworkError

MAX_NETWORKS = 50


def parse_networks(texts: Iterable[str]) -> tuple[str, ...]:
    """Return networks in CIDR notation, each once, in their order.

    Raises:
        InvalidNetworkError: A text isn't a network, or there are too many.
    """
    networks = tuple(dict.fromkeys(_parse(text.strip()) for text in texts))
    if len(networks) > MAX_NETWORKS:
        raise InvalidNetworkError(f"An organization has at most {MAX_NETWORKS} networks.")
    return networks


def are_networks(texts: Iterable[str]) -> bool:
    """Tell whether texts are networks as `parse_networks` returns them."""
    texts = tuple(texts)
    try:
        return parse_networks(texts) == texts
    except InvalidNetworkError:
        return False


def is_allowed(address: str, networks: Iterable[str]) -> bool:
    """Tell whether an address is in one of the networks. Without networks every address is."""
    allowed = [ipaddress.ip_network(network) for network in networks]
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


def _parse(text: str) -> str:
    shown, network = quotable(text), None
    # A zone, after "%", may hold any character, and means something on one computer only.
    if "%" not in text:
        with suppress(ValueError):
            network = ipaddress.ip_network(text, strict=False)
    if network is None:
        raise InvalidNetworkError(
            f"{shown} is not a network: give one such as 192.0.2.0/24, 2001:db8::/32 or 192.0.2.7."
        )
    if ipaddress.ip_address(text.partition("/")[0]) != network.network_address:
        raise InvalidNetworkError(f"{shown} is not a network: do you mean {network}?")
    return str(network)
