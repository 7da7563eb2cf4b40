"""What a server takes from the proxies that it believes."""

import httpx
import pytest

from credtui.domain.audit import Action
from credtui.server.proxies import BehindProxies
from tests.server.serving import Account, Server

TRUSTED = ["10.0.0.0/24", "::ffff:10.0.1.0/120", "2001:db8:0:1::/64"]


async def address_of(peer: str, *headers: str) -> str:
    """Return the address that the application takes for the caller's."""
    seen: list[str] = []

    async def app(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        seen.append(scope["client"][0])

    scope = {
        "type": "http",
        "client": (peer, 1234),
        "headers": [(b"x-forwarded-for", header.encode("latin-1")) for header in headers],
    }
    await BehindProxies(app, TRUSTED)(scope, None, None)  # type: ignore[arg-type]
    return seen[0]


@pytest.mark.parametrize(
    ("headers", "address"),
    [
        (["192.0.2.7"], "192.0.2.7"),
        (["192.0.2.7,"], "192.0.2.7"),
        ([",192.0.2.7, ,"], "192.0.2.7"),
        (["192.0.2.7", ""], "192.0.2.7"),
        (["", "192.0.2.7"], "192.0.2.7"),
        (["198.51.100.1", "192.0.2.7"], "192.0.2.7"),
        (["198.51.100.1,192.0.2.7", "10.0.0.3"], "192.0.2.7"),
        (["\t192.0.2.7\t"], "192.0.2.7"),
        (["192.0.2.7:1234"], "192.0.2.7"),
        (["192.0.2.7:"], "192.0.2.7"),
        (["[2001:db8::1]:443"], "2001:db8::1"),
        (["[2001:db8::1]"], "2001:db8::1"),
        (["2001:DB8:0::1"], "2001:db8::1"),
        (["::ffff:192.0.2.7"], "192.0.2.7"),
        (["[::ffff:192.0.2.7]:443"], "192.0.2.7"),
        (["fe80::1%eth0"], "fe80::1"),
        (['"192.0.2.7"'], "192.0.2.7"),
        (["192.0.2.7, ::ffff:10.0.0.3"], "192.0.2.7"),
        (["192.0.2.7, 10.0.0.3:80, 10.0.1.9"], "192.0.2.7"),
        (["192.0.2.7, [2001:db8:0:1::5]:80"], "192.0.2.7"),
        # All are proxies: one of them asks.
        (["10.0.0.4, 10.0.0.3"], "10.0.0.4"),
        # Nothing is said.
        ([], None),
        ([""], None),
        ([" , ,"], None),
        # Whoever connected to the proxy isn't known; what stands before it may be made up.
        (["192.0.2.7, unknown"], "unknown"),
        (["192.0.2.7, _hidden"], "unknown"),
        (["192.0.2.7, example.org"], "unknown"),
        (["192.0.2.7:x"], "unknown"),
        (["[192.0.2.7"], "unknown"),
        (["[]:80"], "unknown"),
        ([":80"], "unknown"),
        (["2001:db8::1]:443"], "unknown"),
        (["192.0.2.7, " + "1" * 10_000], "unknown"),
        (["\xff\x00"], "unknown"),
        (["192.0.2.7, unknown, 10.0.0.3"], "unknown"),
    ],
)
@pytest.mark.parametrize("peer", ["10.0.0.2", "::ffff:10.0.0.2"])
async def test_the_last_address_that_is_no_proxys(
    peer: str, headers: list[str], address: str | None
) -> None:
    assert await address_of(peer, *headers) == (address or peer)


@pytest.mark.parametrize("peer", ["10.0.2.1", "::1", "::ffff:10.0.2.1", "2001:db8:0:2::1"])
async def test_nobody_else_is_believed(peer: str) -> None:
    assert await address_of(peer, "192.0.2.7") == peer


@pytest.mark.parametrize(
    ("header", "caller"),
    [
        ("{},", "{}"),
        ("1.2.3.4, {}:1234,", "{}"),
        ("[::ffff:{}]:443, ::ffff:127.0.0.9", "{}"),
        ("{}, unknown", "unknown"),
    ],
)
def test_networks_are_compared_with_the_address_behind_the_proxy(
    server: Server, account: Account, address: str, header: str, caller: str
) -> None:
    place = account.service._place
    with account.installation.store.transaction(place) as transaction:
        transaction.organization = transaction.organization.set_networks(["::ffff:192.0.2.0/120"])
        now = account.installation.clock()
        transaction.record(now, account.service.actor, Action.SET_NETWORKS)

    def ask(forwarded: str) -> httpx.Response:
        with server.client(forwarded) as http:
            return http.post("/v2/oauth/token", data=account.form())

    assert ask("192.0.2.7,").status_code == 200
    refused = ask(header.format(address))
    assert refused.status_code == 403
    assert refused.json()["error_description"].endswith(f"from {caller.format(address)}.")
