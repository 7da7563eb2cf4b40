"""Where the server listens, for each way to name a host."""

import shutil
import socket
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from credtui.domain.errors import ServerError
from credtui.server.listening import listening, url_of
from tests.server.serving import PATIENCE, Account, serving, wait_for


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def zone() -> str | None:
    """A link-local address of this computer, with its zone."""
    with suppress(OSError):
        for line in Path("/proc/net/if_inet6").read_text().splitlines():
            digits, *_, name = line.split()
            if digits.startswith("fe80"):
                pairs = ":".join(digits[at : at + 4] for at in range(0, 32, 4))
                return f"{pairs}%{name}"
    return None


ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this computer has no IPv6")
V4, V6 = "127.0.0.1", "::1"


def reaches(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), PATIENCE):
            return True
    except OSError:
        return False


@pytest.mark.parametrize(
    ("host", "reached"),
    [
        ("127.0.0.1", {V4}),
        ("0.0.0.0", {V4}),  # noqa: S104
        ("::ffff:127.0.0.1", {V4}),
        ("[::ffff:7f00:1]", {V4}),
        ("0:0:0:0:0:FFFF:127.0.0.1", {V4}),
        ("::ffff:0.0.0.0", {V4}),
        (" 127.0.0.1\n", {V4}),
        pytest.param("::", {V4, V6}, marks=ipv6),
        pytest.param("[::]", {V4, V6}, marks=ipv6),
        pytest.param("*", {V4, V6}, marks=ipv6),
        pytest.param("::1", {V6}, marks=ipv6),
        pytest.param("[::1]", {V6}, marks=ipv6),
        pytest.param("0:0:0:0:0:0:0:1", {V6}, marks=ipv6),
        pytest.param("0::0", {V4, V6}, marks=ipv6),
    ],
)
def test_who_is_reached(host: str, reached: set[str]) -> None:
    with listening(host, 0) as sockets:
        port = sockets[0].getsockname()[1]
        assert {address for address in (V4, V6) if reaches(address, port)} == reached
    assert not reaches(V4, port)


def test_a_name_stands_for_all_its_addresses() -> None:
    found = {entry[4][0] for entry in socket.getaddrinfo("localhost", 0)}
    with listening("localhost", 0) as sockets:
        port = sockets[0].getsockname()[1]
        usable = {address for address in found if address != V6 or has_ipv6()}
        assert {each.getsockname()[0] for each in sockets} == usable
        assert all(reaches(str(address), port) for address in usable)


def test_no_address_is_left_out_that_is_taken() -> None:
    with (
        listening("127.0.0.1", 0) as sockets,
        pytest.raises(ServerError, match="already in use"),
        listening("localhost", sockets[0].getsockname()[1]),
    ):
        pass


@pytest.mark.parametrize("host", ["", " ", "\t"])
def test_an_empty_host_is_refused(host: str) -> None:
    """A variable of the shell may be empty: that doesn't open the server to everybody."""
    with (
        pytest.raises(ServerError, match=r"such as 127\.0\.0\.1, or \* for all"),
        listening(host, 0),
    ):
        pass


@pytest.mark.parametrize(
    "host",
    ["[::1", "::1]", "[]", "127.0.0.1:80", "http://localhost", "192.0.2.1", "fe80::1%"],
)
def test_what_cant_be_listened_on(host: str) -> None:
    with pytest.raises(ServerError, match="Can't listen on"), listening(host, 8000):
        pass


@pytest.mark.parametrize(
    ("host", "url"),
    [
        (V4, "http://127.0.0.1:"),
        ("0.0.0.0", "http://127.0.0.1:"),  # noqa: S104
        pytest.param("::", "http://127.0.0.1:", marks=ipv6),
        pytest.param("[::1]", "http://[::1]:", marks=ipv6),
        pytest.param(
            zone() or "",
            "http://[fe80::",
            marks=pytest.mark.skipif(not zone(), reason="no address here has a zone"),
        ),
    ],
)
@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_an_address_to_paste(host: str, url: str) -> None:
    with listening(host, 0) as sockets:
        listener = sockets[0]
        assert url_of(listener).startswith(url)
        with subprocess.Popen(["curl", "-sS", url_of(listener)], stdout=subprocess.PIPE) as curl:
            listener.settimeout(PATIENCE)
            connection, _ = listener.accept()
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nreached")
            assert curl.communicate(timeout=PATIENCE)[0] == b"reached"
            connection.close()


@ipv6
def test_ipv4_clients_of_both_have_their_usual_address(own_store: Path, tmp_path: Path) -> None:
    """So a proxy is recognised, too."""
    account = Account(own_store, "acme")
    proxies = {"trusted_proxies": ["127.0.0.1/32"]}
    with serving(own_store, tmp_path / "log", host="::", server=proxies) as server:
        with server.client("192.0.2.7") as http:
            assert http.post("/v2/oauth/token", data=account.form()).status_code == 200
        wait_for(
            lambda: any(line.get("address") == "192.0.2.7" for line in server.lines), "the log"
        )
