"""What helps a client's developer whose request is nearly right."""

import base64
import gzip
import json
from urllib.parse import quote, urlencode

import httpx
import pytest

from tests.server.serving import Account
from tests.server.test_errors import TOKEN, basic, refused
from tests.support import SECRET

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
UNKNOWN = "cid_" + "x" * 16


def told(answer: httpx.Response, *secrets: str) -> str:
    """Return the description of a refusal that repeats no secret."""
    for secret in secrets:
        assert secret.strip() not in answer.text
    description: str = answer.json()["error_description"]
    return description


class TestKindOfBody:
    @pytest.mark.parametrize("kind", [FORM, "text/plain;charset=UTF-8", "multipart/form-data", ""])
    @pytest.mark.parametrize("before", ["", "\ufeff", "\r\n "])
    def test_json_that_is_called_something_else(
        self, client: httpx.Client, account: Account, kind: str, before: str
    ) -> None:
        body = (before + json.dumps(account.form())).encode()
        answer = client.post(TOKEN, content=body, headers={"Content-Type": kind})
        refused(answer, 400, "invalid_request")
        assert told(answer, account.secret) == (
            "The body looks like JSON: send Content-Type: application/json."
        )

    @pytest.mark.parametrize("coding", ["gzip", "br", "GZIP, identity", "deflate"])
    def test_a_body_that_is_compressed(
        self, client: httpx.Client, account: Account, coding: str
    ) -> None:
        body = gzip.compress(json.dumps(account.form()).encode())
        headers = {"Content-Type": "application/json", "Content-Encoding": coding}
        answer = client.post(TOKEN, content=body, headers=headers)
        refused(answer, 400, "invalid_request")
        assert told(answer, account.secret) == (
            "The body is compressed: send it as it is, without Content-Encoding."
        )

    @pytest.mark.parametrize("coding", ["identity", "Identity", ""])
    def test_a_body_that_is_not_compressed(
        self, client: httpx.Client, account: Account, coding: str
    ) -> None:
        answer = client.post(TOKEN, data=account.form(), headers={"Content-Encoding": coding})
        assert answer.status_code == 200

    def test_json_that_is_encoded_as_a_form(self, client: httpx.Client, account: Account) -> None:
        body = quote(json.dumps(account.form()))
        answer = client.post(TOKEN, content=body, headers={"Content-Type": FORM})
        assert "looks like JSON" in told(answer, account.secret)

    @pytest.mark.parametrize("kind", [JSON, "text/plain", "multipart/form-data", "", "x/y"])
    def test_a_form_that_is_called_something_else(
        self, client: httpx.Client, account: Account, kind: str
    ) -> None:
        body = urlencode(account.form())
        answer = client.post(TOKEN, content=body, headers={"Content-Type": kind})
        refused(answer, 400, "invalid_request")
        assert told(answer, account.secret) == (
            f"The body looks like a form: send Content-Type: {FORM}."
        )

    def test_a_form_of_parts(self, client: httpx.Client, account: Account) -> None:
        parts = {name: (None, value) for name, value in account.form().items()}
        answer = client.post(TOKEN, files=parts)
        refused(answer, 400, "invalid_request")
        assert told(answer, account.secret) == (
            f"The body must be {FORM} or {JSON}, not multipart/form-data."
        )

    @pytest.mark.parametrize("body", [b"\x00\xff", b"\xff\xfe{\x00", b"<a/>"])
    @pytest.mark.parametrize("kind", ["text/plain", SECRET.get_secret_value(), "multipart/mixed"])
    def test_what_is_neither(self, client: httpx.Client, kind: str, body: bytes) -> None:
        answer = client.post(TOKEN, content=body, headers={"Content-Type": kind})
        refused(answer, 400, "invalid_request")
        assert told(answer, SECRET.get_secret_value()).startswith(
            f"The body must be {FORM} or {JSON}"
        )

    @pytest.mark.parametrize("body", ["{'grant_type': 'x'}", "{grant_type:x}", '{"a": "b",}'])
    def test_what_is_nearly_json(self, client: httpx.Client, body: str) -> None:
        answer = client.post(TOKEN, content=body, headers={"Content-Type": JSON})
        assert told(answer).startswith("The body is not JSON")
        assert "double quotes" in told(answer)


class TestCredentials:
    """Nothing of this depends on whether there is such a client."""

    @pytest.fixture(params=["known", "unknown"])
    def client_id(self, request: pytest.FixtureRequest, account: Account) -> str:
        return account.client_id if request.param == "known" else UNKNOWN

    def ask(self, client: httpx.Client, account: Account, client_id: str, secret: str) -> set[str]:
        """Return what is said when these are sent in the body, and by HTTP Basic."""
        body = client.post(TOKEN, data=account.form(client_id=client_id, client_secret=secret))
        form = account.form(client_id=None, client_secret=None)
        header = {"Authorization": basic(quote(client_id), quote(secret))}
        answers = [body, client.post(TOKEN, data=form, headers=header)]
        for answer in answers:
            refused(answer, 401, "invalid_client")
        return {told(answer, account.secret) for answer in answers}

    def test_swapped(self, client: httpx.Client, account: Account, client_id: str) -> None:
        for secret in (account.secret, SECRET.get_secret_value(), account.secret + "\n"):
            assert self.ask(client, account, secret, client_id) == {
                "The Client ID and the secret are swapped."
            }

    def test_the_secret_twice(self, client: httpx.Client, account: Account) -> None:
        for client_id in (account.secret, account.secret[:-3], f" {account.secret}"):
            assert self.ask(client, account, client_id, account.secret) == {
                "A secret stands in place of the Client ID, which begins with cid_."
            }

    def test_the_client_id_twice(
        self, client: httpx.Client, account: Account, client_id: str
    ) -> None:
        for secret in (client_id, account.client_id + "\n"):
            assert self.ask(client, account, client_id, secret) == {
                "A Client ID stands in place of the secret, which begins with csk_."
            }

    @pytest.mark.parametrize(
        ("form", "what"),
        [
            *(("{}\n", "a line end"), ("{}\r\n", "a line end"), ("\n{}", "a line end")),
            *((r"{}\n", "a line end"), ('"{}"\n', "a line end")),
            *(("{} ", "a blank"), ("\t{}", "a blank"), ("{}\xa0", "a blank")),
            *(("\ufeff{}", "a blank"), ("\u200b{}", "a blank")),
            *(('"{}"', "a quotation mark"), ("'{}'", "a quotation mark"), ("`{}`", "a quotation")),
            *((" '{}' ", "a quotation mark"), ("<{}>", "a bracket"), ("\u201c{}\u201d", "a quot")),
        ],
    )
    def test_what_stands_around(
        self, client: httpx.Client, account: Account, client_id: str, form: str, what: str
    ) -> None:
        (said,) = self.ask(client, account, client_id, form.format(account.secret))
        assert said.startswith(f"The secret has {what}")
        assert said.endswith(" in it or around it. Send the secret alone.")
        (said,) = self.ask(client, account, form.format(client_id), account.secret)
        assert said.startswith(f"The Client ID has {what}")
        assert said.endswith(" in it or around it. Send the Client ID alone.")

    def test_a_secret_that_was_wrapped(self, client: httpx.Client, account: Account) -> None:
        wrapped = f"{account.secret[:30]}\r\n  {account.secret[30:]}"
        (said,) = self.ask(client, account, account.client_id, wrapped)
        assert said.startswith("The secret has a line end in it")

    def test_what_is_cut_or_mistyped_besides(self, client: httpx.Client, account: Account) -> None:
        for secret in (account.secret[:-1] + "\n", account.secret.lower(), "x"):
            (said,) = self.ask(client, account, account.client_id, secret)
            assert "mistyped or cut" in said

    @pytest.mark.parametrize(
        ("header", "said"),
        [
            ("Bearer {secret}", "Bearer is for using an access token."),
            ("bearer x", "Bearer is for using an access token."),
            ("Basic {client_id}:{secret}", "CLIENT_ID:SECRET in Base64 follows the word Basic."),
            ("Basic", "CLIENT_ID:SECRET in Base64 follows the word Basic."),
            ("{secret}", "A client authenticates by HTTP Basic, or in the body."),
            ("{client_id}:{secret}", "A client authenticates by HTTP Basic, or in the body."),
            ("Digest {secret}", "A client authenticates by HTTP Basic, or in the body."),
        ],
    )
    def test_another_header(
        self, client: httpx.Client, account: Account, client_id: str, header: str, said: str
    ) -> None:
        header = header.format(client_id=client_id, secret=account.secret)
        form = account.form(client_id=None, client_secret=None)
        answer = client.post(TOKEN, data=form, headers={"Authorization": header})
        refused(answer, 401, "invalid_client")
        assert said in told(answer, account.secret)

    def test_base64_that_was_wrapped(self, client: httpx.Client, account: Account) -> None:
        encoded = base64.encodebytes(f"{account.client_id}:{account.secret}".encode()).decode()
        header = "Basic " + encoded.strip().replace("\n", " ")
        form = account.form(client_id=None, client_secret=None)
        answer = client.post(TOKEN, data=form, headers={"Authorization": header})
        assert "in Base64 follows the word Basic" in told(answer, account.secret)

    def test_a_secret_in_place_of_an_access_token(
        self, client: httpx.Client, account: Account
    ) -> None:
        for secret in (account.secret, SECRET.get_secret_value()):
            header = {"Authorization": f"Bearer {secret}"}
            answer = client.get(f"{TOKEN}/test", headers=header)
            refused(answer, 401, "invalid_token")
            assert told(answer, secret).startswith("This is a secret, not an access token.")


@pytest.mark.parametrize(
    ("method", "path", "use"),
    [
        ("GET", TOKEN, "POST"),
        ("PUT", "/oauth/token", "POST"),
        ("GET", "/oauth/introspect", "POST"),
        ("GET", "/oauth/revoke", "POST"),
        ("POST", f"{TOKEN}/test", "GET"),
        ("POST", "/healthz", "GET"),
        ("DELETE", "/.well-known/oauth-authorization-server", "GET"),
    ],
)
def test_another_method(
    client: httpx.Client, account: Account, method: str, path: str, use: str
) -> None:
    answer = client.request(method, path, params=account.form())
    refused(answer, 405, "method_not_allowed")
    assert told(answer, account.secret) == f"Use {use}: this address takes no other method."
    assert use in answer.headers["allow"]
