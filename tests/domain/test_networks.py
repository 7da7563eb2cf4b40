"""Networks from which credentials may be used."""

import pytest

from credtui.domain.networks import MAX_NETWORKS, are_networks, is_allowed, parse_networks
from credtui.domain.refusals import InvalidNetworkError


def test_networks_are_written_one_way() -> None:
    texts = [" 192.0.2.0/24", "192.0.2.7", "2001:DB8:0::/32", "192.0.2.0/255.255.255.0"]
    networks = parse_networks(texts)
    assert networks == ("192.0.2.0/24", "192.0.2.7/32", "2001:db8::/32")
    assert are_networks(networks)


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
    assert not are_networks([text])


def test_an_address_with_a_length_is_probably_a_mistake() -> None:
    with pytest.raises(InvalidNetworkError, match=r"do you mean 192\.0\.2\.0/24\?"):
        parse_networks(["192.0.2.7/24"])


def test_not_too_many() -> None:
    with pytest.raises(InvalidNetworkError, match="at most 50"):
        parse_networks(f"192.0.2.{number}" for number in range(MAX_NETWORKS + 1))


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
