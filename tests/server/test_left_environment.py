"""An environment that left the configuration: its tokens and clients count no more."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.server.serving import Account, Server, serving
from tests.server.test_errors import TOKEN, refused

UAT = {"audience": "urn:uat:{organization}", "tag": "uat", "token_url": "https://h/oauth/token"}
PRODUCTION = {**UAT, "audience": "urn:prod:{organization}", "tag": "prod"}
# The environment "uat" was given another name, and its secrets still have its tag.
LATER: dict[str, dict[str, Any]] = {
    "removed": {"production": PRODUCTION},
    "renamed": {"production": PRODUCTION, "staging": UAT},
}


class Left:
    """A server that served both environments once, and what it issued then."""

    def __init__(self, server: Server, leaving: Account, staying: Account, token: str) -> None:
        self.server = server
        self.leaving = leaving
        self.staying = staying
        self.token = token


@pytest.fixture(params=LATER.values(), ids=list(LATER))
def left(request: pytest.FixtureRequest, own_store: Path, tmp_path: Path) -> Iterator[Left]:
    leaving = Account(own_store, "acme")
    staying = Account(own_store, "acme", environment="production")
    gateways = {"introspection_clients": [leaving.client_id, staying.client_id]}
    with serving(own_store, tmp_path / "before", server=gateways) as server:
        answer = httpx.post(server.token_url, data=leaving.form())
        token = answer.json()["access_token"]
    settings = {"environment": "production", "environments": request.param, "server": gateways}
    with serving(own_store, tmp_path / "after", **settings) as server:
        yield Left(server, leaving, staying, token)
        assert not any(line.get("exception") for line in server.lines)


def test_its_tokens_are_not_active(left: Left) -> None:
    auth = (left.staying.client_id, left.staying.secret)
    with left.server.client() as http:
        bearer = {"Authorization": f"Bearer {left.token}"}
        refused(http.get(f"{TOKEN}/test", headers=bearer), 401, "invalid_token")
        answer = http.post("/oauth/introspect", data={"token": left.token}, auth=auth)
        assert (answer.status_code, answer.json()) == (200, {"active": False})
        # As of any text that is no token: nothing is left to revoke.
        answer = http.post("/oauth/revoke", data={"token": left.token}, auth=auth)
        assert (answer.status_code, answer.json()) == (200, {})


def test_its_clients_are_unknown(left: Left) -> None:
    auth = (left.leaving.client_id, left.leaving.secret)
    with left.server.client() as http:
        refused(http.post(TOKEN, data=left.leaving.form()), 401, "invalid_client")
        for path in ("/oauth/introspect", "/oauth/revoke"):
            answer = http.post(path, data={"token": left.token}, auth=auth)
            refused(answer, 401, "invalid_client")
        form = left.staying.form(audience="urn:prod:acme")
        assert http.post(TOKEN, data=form).status_code == 200
