"""Guessing is slow, and doesn't trouble good clients."""

import threading
import time
from pathlib import Path

import httpx
import pytest

from credtui.domain.networks import parse_address
from credtui.domain.secrets import generate_secret
from credtui.service.clients.throttle import AT_CLIENT
from tests.server.serving import Account, Server, serving, wait_for
from tests.support import seeded_bytes

TOKEN = "/v2/oauth/token"


def guesses(seed: int = 1) -> list[str]:
    source = seeded_bytes(seed)
    return [generate_secret("uat", source).get_secret_value() for _ in range(200)]


def guess_until_throttled(http: httpx.Client, account: Account, **changes: str) -> httpx.Response:
    for guess in guesses():
        answer = http.post(TOKEN, data=account.form(client_secret=guess, **changes))
        if answer.status_code == 429:
            return answer
        assert answer.status_code == 401
    raise AssertionError("never throttled")


def guess_from_everywhere(
    server: Server, account: Account, digest: bytes = b"\2\2"
) -> list[httpx.Response]:
    """Guess a client's secret once more than is allowed, from many addresses."""
    with server.client() as http:
        return [
            http.post(
                TOKEN,
                data=account.form(client_secret=guess),
                headers={"X-Forwarded-For": f"10.{number}.{digest[0]}.{digest[1]}"},
            )
            for number, guess in enumerate(guesses()[: AT_CLIENT.amount + 1])
        ]


def test_an_address_that_guesses_is_told_to_wait(client: httpx.Client, account: Account) -> None:
    answer = guess_until_throttled(client, account, client_id="cid_" + "x" * 16)
    assert answer.json()["error"] == "temporarily_unavailable"
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    # The address may not guess at other clients either, once all its attempts are counted.
    for guess in guesses(2)[:3]:
        answer = client.post(TOKEN, data=account.form(client_secret=guess))
    assert answer.status_code == 429


def test_a_client_at_which_others_guess_is_throttled_for_strangers(
    server: Server, account: Account, digest: bytes
) -> None:
    answers = guess_from_everywhere(server, account, digest)
    assert [answer.status_code for answer in answers] == [401] * AT_CLIENT.amount + [429]


def test_an_address_that_guesses_locks_no_client_out(
    server: Server, client: httpx.Client, account: Account, digest: bytes
) -> None:
    """The client comes from an address that is new to the server."""
    guess_until_throttled(client, account)
    with server.client(f"10.0.{digest[6]}.{digest[7]}") as http:
        assert http.post(TOKEN, data=account.form()).status_code == 200


def test_a_known_secret_is_never_throttled(
    server: Server, client: httpx.Client, account: Account
) -> None:
    assert client.post(TOKEN, data=account.form()).status_code == 200
    guess_until_throttled(client, account)
    assert client.post(TOKEN, data=account.form()).status_code == 200
    # A mistyped secret isn't throttled either: to refuse it costs nothing.
    answer = client.post(TOKEN, data=account.form(client_secret="x"))
    assert answer.status_code == 401


def test_a_client_that_comes_from_where_it_always_does_is_not_locked_out(
    server: Server, account: Account, address: str, digest: bytes
) -> None:
    """Others have used up the guesses at the client, and its secret is new."""
    with server.client(address) as http:
        assert http.post(TOKEN, data=account.form()).status_code == 200
        guess_from_everywhere(server, account, digest)
        account.rotate()
        assert http.post(TOKEN, data=account.form()).status_code == 200


def test_a_restart_forgets_no_familiar_address(own_store: Path, tmp_path: Path) -> None:
    account = Account(own_store, "acme")
    proxies = {"trusted_proxies": ["127.0.0.0/8"]}
    with (
        serving(own_store, tmp_path / "log", server=proxies) as server,
        server.client("10.1.1.1") as http,
    ):
        assert http.post(TOKEN, data=account.form()).status_code == 200
        wait_for(lambda: account.service.page().usage, "usage to be written")
    with serving(own_store, tmp_path / "again", server=proxies) as server:
        assert guess_from_everywhere(server, account)[-1].status_code == 429
        with server.client("10.1.1.1") as http:
            assert http.post(TOKEN, data=account.form()).status_code == 200


def test_good_clients_are_served_during_an_attack(
    server: Server, account: Account, address: str, digest: bytes
) -> None:
    """Several attackers guess. A benchmark measures how fast the answers are."""
    over = threading.Event()

    def attack(number: int) -> None:
        for guess in guesses(number):
            with server.client(f"10.{number}.{digest[4]}.{digest[5]}") as http:
                http.post(TOKEN, data=account.form(client_secret=guess))
            if over.is_set():
                return

    attackers = [threading.Thread(target=attack, args=(n,), daemon=True) for n in range(8)]
    with server.client(address) as http:
        assert http.post(TOKEN, data=account.form()).status_code == 200
        for attacker in attackers:
            attacker.start()
        statuses = [http.post(TOKEN, data=account.form()).status_code for _ in range(200)]
    over.set()
    for attacker in attackers:
        attacker.join()
    assert statuses == [200] * 200


def test_unknown_client_and_wrong_secret_take_the_same_time(
    own_store: Path, tmp_path: Path
) -> None:
    account = Account(own_store, "acme")
    times: dict[str, list[float]] = {account.client_id: [], "cid_" + "x" * 16: []}
    with serving(
        own_store, tmp_path / "log", server={"trusted_proxies": ["127.0.0.0/8"]}
    ) as server:
        for turn, guess in enumerate(guesses()[:15]):
            for client_id, taken in times.items():
                with server.client(f"10.0.0.{turn}") as http:
                    http.get("/healthz")
                    started = time.perf_counter()
                    answer = http.post(
                        TOKEN, data=account.form(client_id=client_id, client_secret=guess)
                    )
                    taken.append(time.perf_counter() - started)
                    assert answer.status_code == 401
    # Other work on the machine only adds to a time, so compare the shortest.
    known, unknown = (min(taken) for taken in times.values())
    # One hash more would double the time.
    assert 0.6 < known / unknown < 1.67


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("", None),
        ("example.org", None),
        ("\x1b[31m", None),
    ],
)
def test_an_address_is_shown_in_one_form(text: str, address: str | None) -> None:
    assert parse_address(text) == address


class TestProxies:
    def test_none_is_believed_by_default(self, own_store: Path, tmp_path: Path) -> None:
        account = Account(own_store, "acme")
        with serving(own_store, tmp_path / "log") as server, server.client("10.9.9.9") as http:
            assert http.post(TOKEN, data=account.form()).status_code == 200
            wait_for(lambda: account.service.page().usage, "usage to be written")
        assert account.service.page().usage[account.client_id].last_used_from == "127.0.0.1"

    def test_the_last_address_that_is_not_a_proxys_counts(
        self, server: Server, account: Account, address: str
    ) -> None:
        with server.client(f"1.2.3.4, {address}, 127.0.0.9") as http:
            assert http.post(TOKEN, data=account.form()).status_code == 200
        usage = wait_for(lambda: account.service.page().usage, "usage to be written")
        assert usage[account.client_id].last_used_from == address

    def test_what_is_no_address_is_none(self, server: Server, account: Account) -> None:
        with server.client("somebody's computer") as http:
            assert http.post(TOKEN, data=account.form()).status_code == 200
        usage = wait_for(lambda: account.service.page().usage, "usage to be written")
        assert usage[account.client_id].last_used_from == "unknown"
