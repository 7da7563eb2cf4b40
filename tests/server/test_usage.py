"""What an operator sees of a credential's use."""

import json
from pathlib import Path

import httpx
import pytest

from credtui.domain.usage import MAX_CALLERS, Usage
from tests.server.serving import Account, Server, serving, wait_for
from tests.support import Watch

TOKEN = "/v2/oauth/token"


def usage_of(account: Account) -> Usage:
    return account.service.page().usage.get(account.client_id, Usage())


def issued(account: Account) -> int:
    return usage_of(account).issued_lately(account.installation.clock())


def test_tokens_are_counted_and_the_last_use_is_told(
    client: httpx.Client, account: Account, address: str
) -> None:
    watch = Watch(account.service.version)
    for _ in range(5):
        assert client.post(TOKEN, data=account.form()).status_code == 200
    wait_for(watch.changed, "the watch to notice")
    wait_for(lambda: issued(account) == 5, "all to be counted")
    usage = usage_of(account)
    assert usage.last_used_from == address
    assert usage.last_used_at is not None
    assert usage.previous_secret is None


def test_uses_of_the_previous_secret_are_counted_until_the_next_rotation(
    client: httpx.Client, account: Account, address: str
) -> None:
    before = account.form()
    assert client.post(TOKEN, data=before).status_code == 200
    account.rotate()
    for _ in range(14):
        assert client.post(TOKEN, data=before).status_code == 401

    def refused() -> int:
        use = usage_of(account).previous_secret
        return use.count if use and use.generation == account.issued.credential.generation else 0

    wait_for(lambda: refused() == 14, "all to be counted")
    use = usage_of(account).previous_secret
    assert use is not None
    assert use.last_from == address
    account.rotate()
    assert refused() == 0
    assert client.post(TOKEN, data=before).status_code == 401
    wait_for(lambda: refused() == 1, "the count to begin anew")


def test_a_process_that_never_saw_it_recognises_the_previous_secret(
    client: httpx.Client, account: Account
) -> None:
    before = account.form()
    account.rotate()
    assert client.post(TOKEN, data=before).status_code == 401
    wait_for(lambda: usage_of(account).previous_secret, "the previous secret to be recognised")


def test_refusals_are_no_use(client: httpx.Client, account: Account) -> None:
    assert client.post(TOKEN, data=account.form(audience="x")).status_code == 400
    assert client.post(TOKEN, data=account.form()).status_code == 200
    wait_for(lambda: issued(account) == 1, "the success to be counted")


def test_two_processes_count_together(own_store: Path, tmp_path: Path) -> None:
    account = Account(own_store, "acme")
    with (
        serving(own_store, tmp_path / "one") as one,
        serving(own_store, tmp_path / "other") as other,
        one.client() as first,
        other.client() as second,
    ):
        for _ in range(20):
            for http in (first, second):
                assert http.post(TOKEN, data=account.form()).status_code == 200
        wait_for(lambda: issued(account) == 40, "all to be counted")


def test_callers_of_two_processes_are_told_together(own_store: Path, tmp_path: Path) -> None:
    account = Account(own_store, "acme")
    addresses = [*("10.0.0.1", "2001:db8:1::1"), *(f"2001:db8::{number}" for number in range(9))]
    trusting = {"trusted_proxies": ["127.0.0.0/8"]}
    with (
        serving(own_store, tmp_path / "one", server=trusting) as one,
        serving(own_store, tmp_path / "other", server=trusting) as other,
        one.client() as first,
        other.client() as second,
    ):

        def call(http: httpx.Client, address: str) -> None:
            came_from = {"X-Forwarded-For": address}
            assert http.post(TOKEN, data=account.form(), headers=came_from).status_code == 200

        for address in addresses:
            for http in (first, second):
                call(http, address)
        wait_for(lambda: issued(account) == 22, "all to be counted")
        account.rotate()
        rotated = account.installation.clock()
        call(first, "10.0.0.1")
        wait_for(lambda: usage_of(account).used_since(2, rotated), "the new secret to be used")
    assert not usage_of(account).used_since(1, rotated)
    last, *others = usage_of(account).callers_lately(account.installation.clock())
    assert (last.address, last.generation) == ("10.0.0.1", 2)
    assert last.issued_lately(account.installation.clock()) == 3
    assert len(others) == MAX_CALLERS - 1
    assert {caller.generation for caller in others} == {1}
    assert "2001:db8:1::1" in {caller.address for caller in others}


def test_a_crash_loses_seconds_of_usage_and_no_credential(own_store: Path, tmp_path: Path) -> None:
    account = Account(own_store, "acme")
    with serving(own_store, tmp_path / "log") as server, server.client() as http:
        assert http.post(TOKEN, data=account.form()).status_code == 200
        wait_for(lambda: issued(account) == 1, "the first to be counted")
        for _ in range(50):
            assert http.post(TOKEN, data=account.form()).status_code == 200
        server.kill()
    assert 1 <= issued(account) <= 51
    account.rotate()
    with serving(own_store, tmp_path / "again") as server, server.client() as http:
        kept = issued(account)
        assert http.post(TOKEN, data=account.form()).status_code == 200
        wait_for(lambda: issued(account) == kept + 1, "the next to be counted")


def test_an_operator_is_never_kept_waiting(server: Server, account: Account) -> None:
    """Usage is written while a change holds the organization."""
    with server.client("10.200.200.200") as http:
        place = account.service._place
        with account.installation.store.transaction(place):
            assert http.post(TOKEN, data=account.form()).status_code == 200
            wait_for(lambda: issued(account) == 1, "usage to be written")


@pytest.mark.files
def test_usage_that_can_not_be_written_waits(own_store: Path, tmp_path: Path) -> None:
    account = Account(own_store, "acme")
    (own_store / "uat" / ".usage").write_text("in the way")
    with serving(own_store, tmp_path / "log") as server, server.client() as http:
        assert http.post(TOKEN, data=account.form()).status_code == 200
        wait_for(
            lambda: any("Usage is kept" in line["event"] for line in server.lines), "a complaint"
        )
        assert http.post(TOKEN, data=account.form()).status_code == 200
        (own_store / "uat" / ".usage").unlink()
        wait_for(lambda: issued(account) == 2, "usage to be written after all")


def test_what_is_kept_names_no_secret(
    client: httpx.Client, account: Account, server: Server
) -> None:
    before = account.secret
    token = client.post(TOKEN, data=account.form()).json()["access_token"]
    account.rotate()
    client.post(TOKEN, data=account.form(client_secret=before))
    client.post(TOKEN, json=account.form())
    client.post(TOKEN, params=account.form())
    client.post(f"/{account.secret}", data={})
    client.get("/v2/oauth/token/test", headers={"Authorization": f"Bearer {token}"})
    # Clients may send a secret in place of another parameter.
    client.post(TOKEN, data=account.form(client_id=account.secret))
    client.post(TOKEN, data=account.form(audience=account.secret, client_secret="x"))
    wait_for(lambda: usage_of(account).previous_secret, "usage to be written")
    files = [server.log, *(path for path in server.store.rglob("*") if path.is_file())]
    assert server.log in files
    for path in files:
        content = path.read_bytes()
        for secret in (before, account.secret, token, token.rpartition(".")[2]):
            assert secret.encode() not in content, path


def test_each_request_is_a_line_of_json(
    client: httpx.Client, account: Account, server: Server, address: str
) -> None:
    client.post(TOKEN, data=account.form())
    client.post("/nowhere?secret=x", data=account.form(client_secret="x"))

    def lines() -> list[dict[str, object]]:
        return [line for line in server.lines if line.get("address") == address]

    wait_for(lambda: len(lines()) == 2, "both to be logged")
    issued_line, lost_line = lines()
    assert issued_line.keys() == {
        *("at", "level", "process", "event", "method", "path", "status"),
        *("address", "client_id", "organization", "ms"),
    }
    assert issued_line["client_id"] == account.client_id
    assert issued_line["organization"] == account.organization
    assert (issued_line["path"], issued_line["status"]) == (TOKEN, 200)
    assert (lost_line["path"], lost_line["status"]) == ("other", 404)
    assert lost_line["error"] == "not_found"
    assert "secret" not in json.dumps(lost_line)
