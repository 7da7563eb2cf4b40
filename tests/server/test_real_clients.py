"""The OAuth clients that people use get a token, and use it."""

import asyncio
import json
import subprocess
from typing import Any

import httpx
import pytest
import requests
from authlib.integrations.httpx_client import AsyncOAuth2Client, OAuth2Client
from authlib.integrations.requests_client import OAuth2Session
from oauthlib.oauth2 import BackendApplicationClient
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session as RequestsOAuth2Session

from tests.server.serving import PATIENCE, Account, Server


def ensure_it_counts(server: Server, token: dict[str, Any]) -> None:
    assert token["token_type"] == "Bearer"
    assert token["expires_in"] == 3600
    answer = httpx.get(
        f"{server.url}/v2/oauth/token/test",
        headers={"Authorization": f"Bearer {token['access_token']}"},
        timeout=PATIENCE,
    )
    assert answer.status_code == 200
    (said,) = answer.json()
    assert said["message"] == "token_ok"
    assert 3000 < said["seconds_to_expiry"] <= 3600


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_authlib_with_httpx(server: Server, account: Account, method: str) -> None:
    with OAuth2Client(
        account.client_id, account.secret, token_endpoint_auth_method=method, timeout=PATIENCE
    ) as client:
        token = client.fetch_token(
            server.token_url, grant_type="client_credentials", audience=account.audience
        )
        ensure_it_counts(server, token)
        assert client.get(f"{server.url}/v2/oauth/token/test").status_code == 200


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_authlib_with_requests(server: Server, account: Account, method: str) -> None:
    with OAuth2Session(
        account.client_id, account.secret, token_endpoint_auth_method=method
    ) as client:
        token = client.fetch_token(
            server.token_url, grant_type="client_credentials", audience=account.audience
        )
        ensure_it_counts(server, token)
        assert client.revoke_token(f"{server.url}/oauth/revoke", token["access_token"]).ok
        assert client.get(f"{server.url}/v2/oauth/token/test").status_code == 401


async def test_authlib_with_asyncio(server: Server, account: Account) -> None:
    async with AsyncOAuth2Client(account.client_id, account.secret, timeout=PATIENCE) as client:
        tokens = await asyncio.gather(
            *(
                client.fetch_token(
                    server.token_url, grant_type="client_credentials", audience=account.audience
                )
                for _ in range(20)
            )
        )
    assert len({token["access_token"] for token in tokens}) == 20
    ensure_it_counts(server, tokens[0])


@pytest.mark.parametrize("auth", ["basic", "body"])
def test_requests_oauthlib(
    server: Server, account: Account, auth: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without this variable, the library refuses a token address without TLS.
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    client = BackendApplicationClient(client_id=account.client_id)
    session = RequestsOAuth2Session(client=client)
    ways: dict[str, dict[str, Any]] = {
        "basic": {"auth": HTTPBasicAuth(account.client_id, account.secret)},
        "body": {"client_secret": account.secret, "include_client_id": True},
    }
    token = session.fetch_token(
        server.token_url, audience=account.audience, timeout=PATIENCE, **ways[auth]
    )
    ensure_it_counts(server, token)


def test_requests_alone(server: Server, account: Account) -> None:
    answer = requests.post(server.token_url, json=account.form(), timeout=PATIENCE)
    ensure_it_counts(server, answer.json())


def _encoded(form: dict[str, str]) -> list[str]:
    return [part for pair in form.items() for part in ("--data-urlencode", "=".join(pair))]


@pytest.mark.parametrize("path", ["/v2/oauth/token", "/oauth/token"])
@pytest.mark.parametrize("way", ["form", "json", "basic"])
def test_curl(server: Server, account: Account, way: str, path: str) -> None:
    form = account.form()
    ways = {
        "form": _encoded(form),
        "json": ["--json", json.dumps(form)],
        "basic": [
            *("--user", f"{account.client_id}:{account.secret}"),
            *_encoded(account.form(client_id=None, client_secret=None)),
        ],
    }
    done = subprocess.run(
        ["curl", "--silent", "--show-error", "--fail", *ways[way], server.url + path],
        capture_output=True,
        check=True,
        timeout=PATIENCE,
    )
    ensure_it_counts(server, json.loads(done.stdout))


def test_a_client_that_reads_the_metadata(server: Server, account: Account) -> None:
    metadata = httpx.get(
        f"{server.url}/.well-known/oauth-authorization-server", timeout=PATIENCE
    ).json()
    assert metadata["token_endpoint"] == "http://127.0.0.1:8000/v2/oauth/token"
    assert metadata["issuer"] == "http://127.0.0.1:8000"
    assert metadata["grant_types_supported"] == ["client_credentials"]
    for name in ("token_endpoint", "introspection_endpoint", "revocation_endpoint"):
        path = httpx.URL(metadata[name]).path
        # The endpoint is there, and wants parameters.
        assert httpx.post(server.url + path, timeout=PATIENCE).json()["error"] == "invalid_request"


def test_the_portals_own_request(server: Server, account: Account) -> None:
    environment = account.service.environment.model_copy(update={"token_url": server.token_url})
    account.service.environment = environment
    reply = account.service.request_token(account.client_id, account.issued.secret)
    assert (reply.ok, reply.status, reply.expires_in) == (True, 200, 3600)
    account.rotate()
    reply = account.service.request_token(account.client_id, account.issued.secret)
    assert reply.ok
