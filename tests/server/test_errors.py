"""What a client is told, as RFC 6749, 6750, 7009, 7662 and 8707 describe it."""

import base64
import json
import re
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from credtui.domain.audit import Action
from credtui.server.parameters import MAX_BODY
from credtui.service.clients.throttle import REVOCATIONS
from tests.server.serving import Account, Server
from tests.support import SECRET

TOKEN = "/v2/oauth/token"


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def urlsafe_b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def refused(answer: httpx.Response, status: int, error: str) -> str:
    """Check what all refusals have in common, and return the description."""
    assert (answer.status_code, answer.json().get("error")) == (status, error), answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"
    description: str = answer.json()["error_description"]
    assert re.fullmatch(r"[ !#-\[\]-~]+", description)
    if status == 401:
        assert answer.headers["www-authenticate"]
    return description


class TestToken:
    def test_a_success_is_not_stored(self, client: httpx.Client, account: Account) -> None:
        answer = client.post(TOKEN, data=account.form())
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        assert set(answer.json()) == {"access_token", "token_type", "expires_in", "scope"}

    @pytest.mark.parametrize("name", ["client_id", "client_secret", "audience", "grant_type"])
    @pytest.mark.parametrize("value", [None, ""])
    def test_what_is_missing(
        self, client: httpx.Client, account: Account, name: str, value: str | None
    ) -> None:
        form = account.form(**{name: value})
        assert name in refused(client.post(TOKEN, data=form), 400, "invalid_request")
        assert name in refused(client.post(TOKEN, json=form), 400, "invalid_request")

    def test_nothing_at_all(self, client: httpx.Client) -> None:
        refused(client.post(TOKEN), 400, "invalid_request")

    @pytest.mark.parametrize("name", ["client_id", "client_secret", "audience", "grant_type"])
    def test_what_is_given_twice(self, client: httpx.Client, account: Account, name: str) -> None:
        form = [*account.form().items(), (name, account.form()[name])]
        twice = urlencode(form)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        description = refused(
            client.post(TOKEN, content=twice, headers=headers), 400, "invalid_request"
        )
        assert description == f"{name} is given twice."
        twice = "{" + ",".join(f"{json.dumps(n)}:{json.dumps(v)}" for n, v in form) + "}"
        headers = {"Content-Type": "application/json"}
        assert description == refused(
            client.post(TOKEN, content=twice, headers=headers), 400, "invalid_request"
        )

    @pytest.mark.parametrize(
        "name",
        [
            *(SECRET.get_secret_value(), "x" * 41, "a b", "a\x1b[31m", 'a"', "\u00e9", "7", ""),
            *("scope", "resource", "token_type_hint", "client_assertion"),
        ],
    )
    def test_a_name_that_is_not_read_does_not_matter(
        self, client: httpx.Client, account: Account, name: str
    ) -> None:
        """RFC 6749 asks for that, and RFC 8707 allows `resource` several times."""
        known = account.form()
        for extra in ([(name, "x"), (name, "y")], [(name, "x" * 9000)], [(name, "")]):
            form = urlencode([*known.items(), *extra])
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            assert client.post(TOKEN, content=form, headers=kind).status_code == 200
        values: list[object] = [None, 3, 1.5, True, [], ["a", "b"], {"a": {"a": 1}}, "x" * 9000, ""]
        for value in values:
            assert client.post(TOKEN, json={**known, name: value}).status_code == 200
        written = json.dumps(known)[:-1] + f", {json.dumps(name)}: 1" * 2 + "}"
        kind = {"Content-Type": "application/json"}
        assert client.post(TOKEN, content=written, headers=kind).status_code == 200
        written = json.dumps(known)[:-1] + f", {json.dumps(name)}: {'9' * 5000}" + "}"
        assert client.post(TOKEN, content=written, headers=kind).status_code == 200

    @pytest.mark.parametrize("name", ["client_id", "client_secret", "audience", "grant_type"])
    def test_a_value_of_another_type(
        self, client: httpx.Client, account: Account, name: str
    ) -> None:
        values: list[object] = [3, 1.5, True, ["x"], {"a": "b"}]
        for value in values:
            answer = client.post(TOKEN, json={**account.form(), name: value})
            assert refused(answer, 400, "invalid_request") == f"{name} must be a string."
        answer = client.post(TOKEN, json={**account.form(), name: None})
        assert refused(answer, 400, "invalid_request") == f"{name} is missing."

    @pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
    def test_a_byte_order_mark_is_skipped(
        self, client: httpx.Client, account: Account, kind: str
    ) -> None:
        form = account.form()
        body = json.dumps(form) if "json" in kind else urlencode(form)
        headers = {"Content-Type": kind}
        answer = client.post(TOKEN, content=f"\ufeff{body}".encode(), headers=headers)
        assert answer.status_code == 200
        answer = client.post(TOKEN, content="\ufeff".encode(), headers=headers)
        refused(answer, 400, "invalid_request")

    def test_what_is_too_long(self, client: httpx.Client, account: Account) -> None:
        for name in ("audience", "client_id", "client_secret", "grant_type"):
            for form in (account.form(**{name: "x" * 2049}), account.form(**{name: "x" * 9000})):
                for answer in (client.post(TOKEN, data=form), client.post(TOKEN, json=form)):
                    assert refused(answer, 400, "invalid_request") == (
                        f"{name} is longer than 2048 characters."
                    )

    def test_a_body_that_is_too_long(self, client: httpx.Client, account: Account) -> None:
        spare = MAX_BODY - len(urlencode(account.form(more="")))
        form = account.form(more="x" * spare)
        assert client.post(TOKEN, data=form).status_code == 200
        form = account.form(more="x" * (spare + 1))
        refused(client.post(TOKEN, data=form), 413, "invalid_request")

        def chunks() -> Any:
            for _ in range(1000):
                yield b"x" * 100

        refused(client.post(TOKEN, content=chunks()), 413, "invalid_request")

    @pytest.mark.parametrize(
        ("kind", "body"),
        [
            ("application/x-www-form-urlencoded", b"client_id=\xff"),
            ("application/x-www-form-urlencoded", b"client_id=%ff"),
            ("application/json", b'{"client_id": "\xff"}'),
            ("application/json", b'{"client_id": "\\ud800"}'),
            ("application/json", b'{"\\ud800": "x"}'),
        ],
    )
    def test_what_is_not_utf_8(self, client: httpx.Client, kind: str, body: bytes) -> None:
        answer = client.post(TOKEN, content=body, headers={"Content-Type": kind})
        assert "UTF-8" in refused(answer, 400, "invalid_request")

    @pytest.mark.parametrize(
        "body",
        [
            *(b"{", b"[]", b'"x"', b"null", b'{"client_id": 3}', b'{"client_id": ["x"]}'),
            *(b'{"client_id": NaN}', b"[" * 60_000, b'{"a":' * 12_000, b"\x00"),
        ],
        ids=lambda body: body[:20],
    )
    def test_what_is_not_a_json_object_of_strings(self, client: httpx.Client, body: bytes) -> None:
        headers = {"Content-Type": "application/json; charset=utf-8"}
        refused(client.post(TOKEN, content=body, headers=headers), 400, "invalid_request")

    @pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data", "", "application/xml"])
    def test_another_kind_of_body(self, client: httpx.Client, kind: str) -> None:
        answer = client.post(TOKEN, content=b"<x/>", headers={"Content-Type": kind})
        assert "application/json" in refused(answer, 400, "invalid_request")

    def test_too_many_parameters(self, client: httpx.Client) -> None:
        form = {f"p{number}": "x" for number in range(51)}
        refused(client.post(TOKEN, data=form), 400, "invalid_request")

    def test_unknown_parameters_do_not_matter(self, client: httpx.Client, account: Account) -> None:
        form = account.form(scope="everything", foo="bar")
        assert client.post(TOKEN, data=form).json()["scope"] == "payments"

    def test_parameters_in_the_address(self, client: httpx.Client, account: Account) -> None:
        refused(client.post(TOKEN, params=account.form()), 400, "invalid_request")

    def test_another_grant(self, client: httpx.Client, account: Account) -> None:
        form = account.form(grant_type="password")
        refused(client.post(TOKEN, data=form), 400, "unsupported_grant_type")

    def test_two_ways_at_once(self, client: httpx.Client, account: Account) -> None:
        headers = {"Authorization": basic(account.client_id, account.secret)}
        answer = client.post(TOKEN, data=account.form(), headers=headers)
        assert "two ways" in refused(answer, 400, "invalid_request")
        twice = [("Authorization", headers["Authorization"])] * 2
        form = account.form(client_id=None, client_secret=None)
        refused(client.post(TOKEN, data=form, headers=twice), 400, "invalid_request")

    def test_basic_may_be_repeated_by_client_id(
        self, client: httpx.Client, account: Account
    ) -> None:
        headers = {"Authorization": basic(account.client_id, account.secret)}
        form = account.form(client_secret=None)
        assert client.post(TOKEN, data=form, headers=headers).status_code == 200
        form = account.form(client_secret=None, client_id="cid_" + "x" * 16)
        refused(client.post(TOKEN, data=form, headers=headers), 400, "invalid_request")

    def test_basic_is_percent_decoded(self, client: httpx.Client, account: Account) -> None:
        encoded = account.secret.replace("_", "%5F")
        headers = {"Authorization": basic(account.client_id.replace("_", "%5f"), encoded)}
        form = account.form(client_id=None, client_secret=None)
        assert client.post(TOKEN, data=form, headers=headers).status_code == 200

    @pytest.mark.parametrize(
        "header",
        ["Basic", "Basic !", "Basic eA==", "Basic /w==", "Bearer x", "x", "Basic JWZmOng="],
    )
    def test_an_unreadable_header(
        self, client: httpx.Client, account: Account, header: str
    ) -> None:
        form = account.form(client_id=None, client_secret=None)
        answer = client.post(TOKEN, data=form, headers={"Authorization": header})
        refused(answer, 401, "invalid_client")
        assert answer.headers["www-authenticate"].startswith("Basic ")

    def test_unknown_client_and_wrong_secret_are_one(
        self, client: httpx.Client, account: Account
    ) -> None:
        unknown = client.post(TOKEN, data=account.form(client_id="cid_" + "x" * 16))
        wrong = client.post(TOKEN, data=account.form(client_secret=SECRET.get_secret_value()))
        refused(unknown, 401, "invalid_client")
        assert unknown.content == wrong.content
        assert set(unknown.headers) == set(wrong.headers)
        assert unknown.headers["www-authenticate"] == wrong.headers["www-authenticate"]

    def test_a_mistyped_secret_is_told(self, client: httpx.Client, account: Account) -> None:
        for mistyped in (account.secret[:-1], account.secret + "x", "x", account.secret.upper()):
            answer = client.post(TOKEN, data=account.form(client_secret=mistyped))
            assert "mistyped" in refused(answer, 401, "invalid_client")

    def test_a_client_id_that_is_none_is_told(self, client: httpx.Client, account: Account) -> None:
        for odd in ("x", "../acme", "cid_\0", account.client_id[:-1]):
            answer = client.post(TOKEN, data=account.form(client_id=odd))
            assert "not a Client ID" in refused(answer, 401, "invalid_client")

    def test_another_environments_secret(self, client: httpx.Client, server: Server) -> None:
        other = Account(server.store, "acme-in-production", environment="production")
        assert client.post(TOKEN, data=other.form()).status_code == 200
        mixed = other.form(client_secret=SECRET.get_secret_value())
        refused(client.post(TOKEN, data=mixed), 401, "invalid_client")

    def test_another_audience(self, client: httpx.Client, account: Account) -> None:
        answer = client.post(TOKEN, data=account.form(audience="urn:else"))
        assert account.audience in refused(answer, 400, "invalid_target")

    def test_an_audience_is_told_to_none_but_the_client(
        self, client: httpx.Client, account: Account
    ) -> None:
        wrong = SECRET.get_secret_value()
        form = account.form(audience="urn:else", client_secret=wrong)
        refused(client.post(TOKEN, data=form), 401, "invalid_client")

    def test_another_network(
        self, server: Server, client: httpx.Client, account: Account, address: str
    ) -> None:
        place = account.service._place
        with account.installation.store.transaction(place) as transaction:
            transaction.organization = transaction.organization.set_networks(["192.0.2.0/24"])
            now = account.installation.clock()
            transaction.record(now, account.service.actor, Action.SET_NETWORKS)
        answer = client.post(TOKEN, data=account.form())
        assert address in refused(answer, 403, "access_denied")
        with server.client("192.0.2.77") as neighbour:
            assert neighbour.post(TOKEN, data=account.form()).status_code == 200

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
    def test_another_method(self, client: httpx.Client, method: str) -> None:
        answer = client.request(method, TOKEN)
        refused(answer, 405, "method_not_allowed")
        assert answer.headers["allow"] == "POST"

    def test_another_path(self, client: httpx.Client) -> None:
        refused(client.post("/oauth/authorize"), 404, "not_found")

    def test_no_secret_is_sent_on_to_another_address(
        self, client: httpx.Client, account: Account
    ) -> None:
        """A redirect would lead to the Host that the client named, and to http."""
        answer = client.post(f"{TOKEN}/", data=account.form(), headers={"Host": "api.example"})
        refused(answer, 404, "not_found")
        assert "location" not in answer.headers


class TestTokenTest:
    PATH = "/v2/oauth/token/test"

    @pytest.mark.parametrize("header", [None, "", "Basic eDp4", "Bearer", "x"])
    def test_no_token(self, client: httpx.Client, header: str | None) -> None:
        answer = client.get(self.PATH, headers={"Authorization": header} if header else {})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer realm=")

    @pytest.mark.parametrize(
        "token",
        [
            *("x", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "e30.e30.e30", "x" * 9000, "x." * 7000),
            *("\xe9\xff", "a b", "Bearer x", "[" * 9000, urlsafe_b64(b"[" * 6000) + ".e30.e30"),
        ],
    )
    def test_a_token_that_is_none(self, client: httpx.Client, token: str) -> None:
        header = f"Bearer {token}".encode("latin-1")
        answer = client.get(self.PATH, headers={b"Authorization": header})
        refused(answer, 401, "invalid_token")
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]

    def test_a_forged_token(self, client: httpx.Client, account: Account) -> None:
        token = client.post(TOKEN, data=account.form()).json()["access_token"]
        head, said, signature = token.split(".")
        claims = json.loads(base64.urlsafe_b64decode(said + "=="))
        claims["exp"] += 9999
        forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        unsigned = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
        for forgery in (f"{head}.{forged}.{signature}", f"{unsigned}.{said}."):
            answer = client.get(self.PATH, headers={"Authorization": f"Bearer {forgery}"})
            refused(answer, 401, "invalid_token")


NO_TOKENS = [
    *(
        "x",
        "x" * 2049,
        "x" * 9000,
        "x" * 64_000,
        "x." * 30_000,
        "\0",
        "a.b\0.c",
        "\u652f\U0001f3e6",
    ),
    *("a b\r\n", "e30.e30.e30", "[" * 60_000, urlsafe_b64(b"[" * 40_000) + ".e30.e30"),
    *(urlsafe_b64(b'{"alg":' + b"9" * 40_000 + b"}") + ".e30.e30", SECRET.get_secret_value()),
]
"""Texts that are no access tokens, up to about as long as a body may be."""


class TestIntrospect:
    PATH = "/oauth/introspect"

    @pytest.mark.parametrize("token", NO_TOKENS, ids=map(str, range(len(NO_TOKENS))))
    def test_what_is_no_token_is_not_active(
        self, client: httpx.Client, gateway: Account, token: str
    ) -> None:
        auth = (gateway.client_id, gateway.secret)
        for hint in ("access_token", "refresh_token", "\0", "x" * 1000):
            body = {"token": token, "token_type_hint": hint}
            if len(urlencode(body)) <= MAX_BODY:
                answer = client.post(self.PATH, data=body, auth=auth)
                assert (answer.status_code, answer.json()) == (200, {"active": False})
        answer = client.post(
            self.PATH,
            content=json.dumps({"token": token}, ensure_ascii=False),
            auth=auth,
            headers={"Content-Type": "application/json"},
        )
        assert (answer.status_code, answer.json()) == (200, {"active": False})

    def test_the_body_has_a_bound(self, client: httpx.Client, gateway: Account) -> None:
        auth = (gateway.client_id, gateway.secret)
        longest = "x" * (MAX_BODY - len("token="))
        answer = client.post(self.PATH, data={"token": longest}, auth=auth)
        assert answer.json() == {"active": False}
        answer = client.post(self.PATH, data={"token": longest + "x"}, auth=auth)
        refused(answer, 413, "invalid_request")

    def test_what_is_empty_is_missing(self, client: httpx.Client, gateway: Account) -> None:
        auth = (gateway.client_id, gateway.secret)
        for body in ({"data": {"token": ""}}, {"json": {"token": ""}}, {"json": {"token": None}}):
            answer = client.post(self.PATH, auth=auth, **body)
            assert refused(answer, 400, "invalid_request") == "token is missing."

    def test_a_token_that_counts(
        self, client: httpx.Client, account: Account, gateway: Account
    ) -> None:
        token = client.post(TOKEN, data=account.form()).json()["access_token"]
        answer = client.post(
            self.PATH, data={"token": token}, auth=(gateway.client_id, gateway.secret)
        )
        said = answer.json()
        assert answer.headers["cache-control"] == "no-store"
        assert said["active"] is True
        assert said["client_id"] == said["sub"] == account.client_id
        assert said["aud"] == account.audience
        assert said["token_type"] == "Bearer"
        assert said["exp"] - said["iat"] == 3600

    def test_of_one_that_does_not_nothing_is_said(
        self, client: httpx.Client, account: Account, gateway: Account, server: Server
    ) -> None:
        other = Account(server.store, "another-in-production", environment="production")
        tokens = ["x", client.post(TOKEN, data=other.form()).json()["access_token"]]
        tokens.append(client.post(TOKEN, data=account.form()).json()["access_token"])
        account.rotate()
        for token in tokens:
            form = {
                "token": token,
                "client_id": gateway.client_id,
                "client_secret": gateway.secret,
            }
            for way in ({"data": form}, {"json": form}):
                assert client.post(self.PATH, **way).json() == {"active": False}  # type: ignore[arg-type]

    def test_others_may_not(self, client: httpx.Client, account: Account) -> None:
        form = {"token": "x"}
        refused(client.post(self.PATH, data=form), 400, "invalid_request")
        auth = (account.client_id, account.secret)
        refused(client.post(self.PATH, data=form, auth=auth), 403, "unauthorized_client")
        auth = (account.client_id, SECRET.get_secret_value())
        refused(client.post(self.PATH, data=form, auth=auth), 401, "invalid_client")

    def test_what_is_missing(self, client: httpx.Client, gateway: Account) -> None:
        answer = client.post(self.PATH, auth=(gateway.client_id, gateway.secret))
        assert "token" in refused(answer, 400, "invalid_request")


class TestRevoke:
    PATH = "/oauth/revoke"

    def test_a_token_no_longer_counts(
        self, client: httpx.Client, account: Account, gateway: Account
    ) -> None:
        kept, revoked = (
            client.post(TOKEN, data=account.form()).json()["access_token"] for _ in range(2)
        )
        auth = (account.client_id, account.secret)
        for _ in range(2):
            answer = client.post(
                self.PATH, data={"token": revoked, "token_type_hint": "access_token"}, auth=auth
            )
            assert answer.status_code == 200
        for token, counts in ((kept, True), (revoked, False)):
            said = client.post(
                "/oauth/introspect",
                data={"token": token},
                auth=(gateway.client_id, gateway.secret),
            ).json()
            assert said["active"] is counts

    @pytest.mark.parametrize("token", NO_TOKENS, ids=map(str, range(len(NO_TOKENS))))
    def test_what_is_no_token_is_as_good_as_revoked(
        self, client: httpx.Client, account: Account, token: str
    ) -> None:
        auth = (account.client_id, account.secret)
        body = {"token": token}
        if len(urlencode(body)) <= MAX_BODY:
            assert client.post(self.PATH, data=body, auth=auth).status_code == 200
        assert client.post(self.PATH, json=body, auth=auth).status_code == 200

    def test_the_body_has_a_bound(self, client: httpx.Client) -> None:
        answer = client.post(self.PATH, data={"token": "x" * MAX_BODY})
        refused(answer, 413, "invalid_request")

    def test_anothers_token_stays(
        self, client: httpx.Client, account: Account, gateway: Account
    ) -> None:
        token = client.post(TOKEN, data=account.form()).json()["access_token"]
        auth = (gateway.client_id, gateway.secret)
        answer = client.post(self.PATH, data={"token": token}, auth=auth)
        refused(answer, 400, "invalid_grant")
        answer = client.get("/v2/oauth/token/test", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200

    def test_a_client_that_revokes_too_much_is_told_to_wait(
        self, client: httpx.Client, account: Account
    ) -> None:
        token = client.post("/v2/oauth/token", data=account.form()).json()["access_token"]
        auth = (account.client_id, account.secret)
        for _ in range(REVOCATIONS.amount):
            assert client.post(self.PATH, data={"token": token}, auth=auth).status_code == 200
        answer = client.post(self.PATH, data={"token": token}, auth=auth)
        assert answer.status_code == 429
        assert answer.json()["error"] == "temporarily_unavailable"
        assert answer.json()["error_description"].startswith("Too many revocations.")
        assert 1 <= int(answer.headers["retry-after"]) <= 60
        # It can do everything else.
        assert client.post("/v2/oauth/token", data=account.form()).status_code == 200

    def test_a_stranger_revokes_nothing(self, client: httpx.Client, account: Account) -> None:
        auth = (account.client_id, SECRET.get_secret_value())
        answer = client.post(self.PATH, data={"token": "x"}, auth=auth)
        refused(answer, 401, "invalid_client")
