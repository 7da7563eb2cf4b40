"""A server that clients reach under a prefix, whether or not the proxy in front strips it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.server.serving import Account, Server, serving
from tests.server.test_errors import refused

METADATA = "/.well-known/oauth-authorization-server"


def settings_with(token_url: str, **server: Any) -> dict[str, Any]:
    return {
        "environments": {
            "uat": {"token_url": token_url},
            "production": {"token_url": "https://elsewhere.example/other/oauth/token"},
        },
        "server": server,
    }


@pytest.fixture(scope="module")
def prefixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Account]]:
    store = tmp_path_factory.mktemp("prefixed") / "store"
    account = Account(store, "acme")
    settings = settings_with(
        "https://api.example/payments%20v1/v2/oauth/token",
        introspection_clients=[account.client_id],
    )
    with serving(store, store.with_name("log"), **settings) as server:
        yield server, account


PREFIX = "/payments%20v1"


@pytest.mark.parametrize("path", [METADATA, f"{METADATA}{PREFIX}", f"{PREFIX}{METADATA}"])
def test_the_metadata(prefixed: tuple[Server, Account], path: str) -> None:
    server, _ = prefixed
    with server.client() as http:
        metadata = http.get(path).json()
    issuer = "https://api.example/payments%20v1"
    assert metadata["issuer"] == issuer
    assert metadata["token_endpoint"] == f"{issuer}/v2/oauth/token"
    assert metadata["introspection_endpoint"] == f"{issuer}/oauth/introspect"
    assert metadata["revocation_endpoint"] == f"{issuer}/oauth/revoke"


@pytest.mark.parametrize("prefix", ["", PREFIX])
def test_all_that_a_client_does(prefixed: tuple[Server, Account], prefix: str) -> None:
    server, account = prefixed
    with server.client() as http:
        for path in ("/v2/oauth/token", "/oauth/token"):
            answer = http.post(f"{prefix}{path}", data=account.form())
            assert answer.status_code == 200
        token = answer.json()["access_token"]
        bearer = {"Authorization": f"Bearer {token}"}
        assert http.get(f"{prefix}/v2/oauth/token/test", headers=bearer).status_code == 200
        form = {
            "token": token,
            "client_id": account.client_id,
            "client_secret": account.secret,
        }
        said = http.post(f"{prefix}/oauth/introspect", data=form).json()
        assert said["iss"] == "https://api.example/payments%20v1"
        assert http.post(f"{prefix}/oauth/revoke", data=form).status_code == 200
        assert http.get(f"{prefix}/healthz").status_code == 200
        described = http.get(f"{prefix}/openapi.json").json()
        assert described["servers"] == [{"url": "https://api.example/payments%20v1"}]
    paths = {line["path"] for line in server.lines if line["event"] == "request"}
    assert not any("payments" in path for path in paths)


@pytest.mark.parametrize(
    "path",
    [
        *("/payments/oauth/token", f"{PREFIX}{PREFIX}/oauth/token", f"{PREFIX}//oauth/token"),
        *(f"{PREFIX}oauth/token", f"{METADATA}/payments", f"{METADATA}/other", PREFIX),
    ],
)
def test_what_is_not_there(prefixed: tuple[Server, Account], path: str) -> None:
    server, account = prefixed
    with server.client() as http:
        refused(http.post(path, data=account.form()), 404, "not_found")


@pytest.mark.parametrize(
    ("token_url", "issuer"),
    [
        # "/v2" is the prefix, and the beginning of credtui's own path.
        ("https://api.example/v2/v2/oauth/token", "https://api.example/v2"),
        ("https://api.example/oauth/oauth/token", "https://api.example/oauth"),
        ("https://api.example/%7Bx%7D/oauth/token", "https://api.example/%7Bx%7D"),
        # A proxy maps this to credtui's own path.
        ("https://api.example/payments/token", "https://api.example"),
    ],
)
def test_other_prefixes(own_store: Path, tmp_path: Path, token_url: str, issuer: str) -> None:
    account = Account(own_store, "acme")
    with (
        serving(own_store, tmp_path / "log", **settings_with(token_url)) as server,
        server.client() as http,
    ):
        metadata = http.get(METADATA).json()
        assert (metadata["issuer"], metadata["token_endpoint"]) == (issuer, token_url)
        assert metadata["revocation_endpoint"] == f"{issuer}/oauth/revoke"
        assert http.get("/openapi.json").json()["servers"] == [{"url": issuer}]
        prefix = issuer.removeprefix("https://api.example")
        assert http.get(METADATA + prefix).json() == metadata
        for path in ("/oauth/token", f"{prefix}/oauth/token", f"{prefix}/v2/oauth/token"):
            assert httpx.post(server.url + path, data=account.form()).status_code == 200
        refused(http.post("/y/oauth/token", data=account.form()), 404, "not_found")
