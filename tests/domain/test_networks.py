"""Networks from which credentials may be used."""

import pytest

from credtui.domain.networks import MAX_NETWORKS, is_allowed, neighbourhood, parse_networks
from credtui.domain.refusals import InvalidNetworkError


def test_networks_are_written_one_way() -> None:
    texts = [" 192.0.2.0/24", "192.0.2.7", "2001:DB8:0::/32", "192.0.2.0/255.255.255.0"]
    networks = parse_networks(texts)
    assert networks == ("192.0.2.0/24", "192.0.2.7/32", "2001:db8::/32")
    assert parse_networks(networks) == networks


@pytest.mark.parametrize(
    "text",
    [
        *("", "host", "192.0.2.0/33", "192.0.2", "*", "\x1b[31m", "1"),
        *("fe80::1%eth0", "fe80::1%\x1b[31m/128", "fe80::1%\n[red]/128", "fe80::1%\udcff"),
    ],
)
def test_what_is_no_network(text: str) -> None:
    with pytest.raises(InvalidNetworkError, match="is not a network: give one such as") as caught:
        parse_networks([text])
    assert "\x1b" not in str(caught.value)


def test_an_address_with_a_length_is_probably_a_mistake() -> None:
    with pytest.raises(InvalidNetworkError, match=r"do you mean 192\.0\.2\.0/24\?"):
        parse_networks(["192.0.2.7/24"])


def test_not_too_many() -> None:
    with pytest.raises(InvalidNetworkError, match="at most 50"):
        parse_networks(f"192.0.2.{number}" for number in range(MAX_NETWORKS + 1))


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("::ffff:127.0.0.1", "127.0.0.1/32"),
        ("::FFFF:7f00:1/128", "127.0.0.1/32"),
        ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        ("::/0", "::/0"),  # every IPv6 address, and no IPv4 address
        ("::192.0.2.0/120", "::c000:200/120"),  # the old IPv4-compatible addresses
    ],
)
def test_ipv4_addresses_that_are_mapped_into_ipv6(text: str, network: str) -> None:
    assert parse_networks([text]) == (network,)
    assert parse_networks([network]) == (network,)


def test_a_mapped_network_is_named_as_it_will_be_kept() -> None:
    with pytest.raises(InvalidNetworkError, match=r"do you mean 192\.0\.2\.0/24\?"):
        parse_networks(["::ffff:192.0.2.7/120"])
    assert parse_networks(["::ffff:192.0.2.7", "192.0.2.7"]) == ("192.0.2.7/32",)


@pytest.mark.parametrize(
    ("address", "network", "allowed"),
    [
        ("192.0.2.7", "::ffff:192.0.2.0/120", True),
        ("::ffff:192.0.2.7", "::ffff:192.0.2.0/120", True),
        ("::ffff:c000:207", "192.0.2.0/24", True),
        ("192.0.3.7", "::ffff:192.0.2.0/120", False),
        ("192.0.2.7", "::/0", False),
        ("2001:db8::1", "::ffff:0:0/96", False),
    ],
)
def test_both_sides_are_compared_as_ipv4(address: str, network: str, allowed: bool) -> None:
    """Earlier versions kept a mapped network as it was typed, which let nobody in."""
    assert is_allowed(address, [network]) is allowed


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("192.0.2.9", True),
        ("::ffff:192.0.2.9", True),
        ("198.51.100.1", False),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("not an address", False),
        ("", False),
    ],
)
def test_who_is_inside(address: str, allowed: bool) -> None:
    assert is_allowed(address, ["192.0.2.0/24", "2001:db8::/32"]) is allowed
    assert is_allowed(address, [])


def test_an_ipv6_caller_has_a_whole_network() -> None:
    assert neighbourhood("2001:db8::1") == neighbourhood("2001:db8::ffff:1") == "2001:db8::/64"
    assert neighbourhood("2001:db8::1") != neighbourhood("2001:db8:0:1::1")
    assert neighbourhood("192.0.2.1") == "192.0.2.1"
    assert neighbourhood("unknown") == "unknown"
