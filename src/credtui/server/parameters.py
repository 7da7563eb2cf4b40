"""Reading a request: its parameters, and the client's credentials in its header or its body."""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple, NoReturn
from urllib.parse import unquote_to_bytes

from pydantic import SecretStr
from starlette.requests import ClientDisconnect, Request

from credtui.server.mistakes import FORM, mistake_in_kind
from credtui.server.oauth import OAuthError, invalid_client, invalid_request

MAX_BODY = 64 * 1024
"""Bytes in a request's body."""

MAX_VALUE = 2048
"""Characters in a parameter, but for the token that a request is about."""

_TOKEN = "token"  # noqa: S105  # the name of a parameter
_READ = {"grant_type", "client_id", "client_secret", "audience", _TOKEN}
_MAX_PARAMETERS = 50


class Credentials(NamedTuple):
    """The Client ID and the secret that a client presents."""

    client_id: str
    secret: SecretStr


async def read_parameters(request: Request) -> Mapping[str, str]:
    """Return the parameters that credtui reads, without those that have no value.

    RFC 6749 asks a server to ignore all others, and RFC 8707 allows `resource` several times.

    Raises:
        OAuthError: The parameters can't be understood.
    """
    if request.scope["query_string"]:
        raise invalid_request("Parameters belong into the body, where no log keeps them.")
    body = await _read_body(request)
    if not body:
        return {}
    if _header(request, b"content-encoding") not in ("", "identity"):
        raise invalid_request("The body is compressed: send it as it is, without Content-Encoding.")
    kind = _header(request, b"content-type").partition(";")[0].strip()
    if mistake := mistake_in_kind(body, kind):
        raise invalid_request(mistake)
    pairs = _parse_form(body) if kind == FORM else _parse_json(body)
    parameters: dict[str, str] = {}
    for name, given in pairs:
        if name not in _READ:
            continue
        if name in parameters:
            raise invalid_request(f"{name} is given twice.")
        value = "" if given is None else given
        if not isinstance(value, str):
            raise invalid_request(f"{name} must be a string.")
        if len(value) > MAX_VALUE and name != _TOKEN:
            raise invalid_request(f"{name} is longer than {MAX_VALUE} characters.")
        parameters[name] = value
    return {name: value for name, value in parameters.items() if value}


def _header(request: Request, name: bytes) -> str:
    """Return a header in lower case, "" if there is none."""
    for each, value in request.scope["headers"]:
        if each == name:
            return str(value, "latin-1").strip().lower()
    return ""


def required(parameters: Mapping[str, str], name: str) -> str:
    """Return a parameter.

    Raises:
        OAuthError: The parameter is missing.
    """
    if value := parameters.get(name):
        return value
    raise invalid_request(f"{name} is missing.")


def read_credentials(request: Request, parameters: Mapping[str, str]) -> Credentials:
    """Return the client's credentials, from HTTP Basic or from the body.

    Raises:
        OAuthError: The credentials are missing, can't be read, or are given twice.
    """
    headers = [value for name, value in request.scope["headers"] if name == b"authorization"]
    if not headers:
        client_id = required(parameters, "client_id")
        return Credentials(client_id, SecretStr(required(parameters, "client_secret")))
    if len(headers) > 1:
        raise invalid_request("There are two Authorization headers.")
    if "client_secret" in parameters:
        raise invalid_request(
            "The client authenticates in two ways at once: by an Authorization header and by "
            "client_secret."
        )
    credentials = _parse_basic(str(headers[0], "latin-1"))
    if parameters.get("client_id", credentials.client_id) != credentials.client_id:
        raise invalid_request("client_id is not the one in the Authorization header.")
    return credentials


def body_too_long() -> OAuthError:
    """Return the error for a body that is too long."""
    return OAuthError(
        "invalid_request",
        f"The body is longer than {MAX_BODY} bytes.",
        status=413,
        headers={"Connection": "close"},
    )


async def _read_body(request: Request) -> bytes:
    body = bytearray()
    more = True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > MAX_BODY:
            raise body_too_long()
        more = message.get("more_body", False)
    return bytes(body)


def _parse_form(body: bytes) -> Iterable[tuple[str, object]]:
    # urllib's parse_qsl does the same, and takes as long as signing the token.
    fields = [field for field in _decode(body).split("&") if field]
    if len(fields) > _MAX_PARAMETERS:
        raise invalid_request(f"There are more than {_MAX_PARAMETERS} parameters.")
    try:
        return [_parse_field(field) for field in fields]
    except UnicodeDecodeError:
        raise _not_utf_8() from None


def _parse_field(field: str) -> tuple[str, str]:
    name, _, value = field.partition("=")
    return (_unquote(name), _unquote(value)) if "%" in field or "+" in field else (name, value)


def _parse_json(body: bytes) -> Iterable[tuple[str, object]]:
    text = _decode(body)
    try:
        # Pairs and not a dictionary, which would hide a name that is given twice.
        # Numbers are ignored or refused, and Python makes no integers of 5,000 digits.
        pairs = json.loads(
            text, object_pairs_hook=_Pairs, parse_int=float, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError):
        raise invalid_request(
            "The body is not JSON, which has names and values in double quotes."
        ) from None
    if not isinstance(pairs, _Pairs):
        raise invalid_request("The body must be a JSON object.")
    # JSON can write half of a surrogate pair, which UTF-8 can't encode.
    if not all(_is_unicode(part) for pair in pairs for part in pair if isinstance(part, str)):
        raise _not_utf_8()
    return pairs


class _Pairs(list[tuple[str, object]]):
    """The pairs of a JSON object, as they were written."""


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _parse_basic(header: str) -> Credentials:
    """Read HTTP Basic as RFC 6749 describes it: both parts are encoded as in a form."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        mistake = "Bearer is for using an access token. " if scheme.lower() == "bearer" else ""
        raise invalid_client(f"{mistake}A client authenticates by HTTP Basic, or in the body.")
    try:
        name, colon, secret = base64.b64decode(encoded.strip(), validate=True).partition(b":")
        if not colon:
            raise _unreadable()
        return Credentials(_unquote(name.decode()), SecretStr(_unquote(secret.decode())))
    except (binascii.Error, ValueError):
        raise _unreadable() from None


def _decode(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _not_utf_8() from None


def _unquote(text: str) -> str:
    # urllib's unquote_plus does the same, and takes twice as long.
    return unquote_to_bytes(text.replace("+", " ")).decode()


def _not_utf_8() -> OAuthError:
    return invalid_request("The body is not UTF-8.")


def _unreadable() -> OAuthError:
    return invalid_client(
        "The Authorization header is not HTTP Basic: CLIENT_ID:SECRET in Base64 follows the word "
        "Basic."
    )
