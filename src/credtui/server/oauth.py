"""Errors of OAuth, and the responses that tell clients about them."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json
from starlette.responses import Response

from credtui.domain.errors import (
    AddressNotAllowedError,
    ClientError,
    ClientNotAuthenticatedError,
    MayNotIntrospectError,
    TooManyGuessesError,
    TooManyRevocationsError,
    TooOftenError,
)

BASIC = {"WWW-Authenticate": 'Basic realm="credtui", charset="UTF-8"'}

_NO_STORE = [
    (b"cache-control", b"no-store"),
    (b"pragma", b"no-cache"),
    (b"content-type", b"application/json"),
]
_STATUS: Mapping[type[ClientError], int] = {
    ClientNotAuthenticatedError: 401,
    AddressNotAllowedError: 403,
    MayNotIntrospectError: 403,
    TooManyGuessesError: 429,
    TooManyRevocationsError: 429,
}
_NOT_ALLOWED = re.compile(r"[^ !#-\[\]-~]")


class Answer(Response):
    """A JSON response that caches may not store."""

    media_type = "application/json"

    def __init__(
        self, content: Any, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        body = to_json(content)
        self.status_code = status
        self.background = None
        self.body = body
        self.raw_headers = [*_NO_STORE, (b"content-length", str(len(body)).encode())]
        for name, value in (headers or {}).items():
            self.raw_headers.append((name.lower().encode(), value.encode("latin-1")))


class OAuthError(Exception):
    """A refusal with an error code, as section 5.2 of RFC 6749 describes it.

    Attributes:
        status: The HTTP status.
        error: The code.
        description: What is wrong and what to do, for the client's developer.
        headers: The response's headers, besides those that every answer has.
    """

    def __init__(
        self,
        error: str,
        description: str,
        *,
        status: int = 400,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        # RFC 6749 allows no other characters here.
        self.description = _NOT_ALLOWED.sub("?", description)
        self.headers = headers or {}

    def response(self) -> Answer:
        """Return the response."""
        said = {"error": self.error, "error_description": self.description}
        return Answer(said, self.status, self.headers)


def invalid_request(description: str) -> OAuthError:
    """Return the error for a request that can't be understood."""
    return OAuthError("invalid_request", description)


def invalid_client(description: str) -> OAuthError:
    """Return the error for a client that isn't authenticated."""
    return OAuthError("invalid_client", description, status=401, headers=BASIC)


def refused(error: ClientError) -> OAuthError:
    """Return the error for a refusal of the service."""
    headers: Mapping[str, str] = {}
    if isinstance(error, ClientNotAuthenticatedError):
        headers = BASIC
    elif isinstance(error, TooOftenError):
        headers = {"Retry-After": str(error.seconds)}
    return OAuthError(error.code, str(error), status=_STATUS.get(type(error), 400), headers=headers)


def unavailable() -> OAuthError:
    """Return the error for when the store can't be used."""
    return OAuthError(
        "temporarily_unavailable",
        "Credentials can not be read at the moment. Try again later.",
        status=503,
        headers={"Retry-After": "5"},
    )


def invalid_token(description: str) -> OAuthError:
    """Return the error for an access token that isn't valid, as RFC 6750 describes it."""
    return OAuthError(
        "invalid_token",
        description,
        status=401,
        headers={
            "WWW-Authenticate": 'Bearer realm="credtui", error="invalid_token", '
            f'error_description="{_NOT_ALLOWED.sub("?", description)}"'
        },
    )


def missing_token() -> OAuthError:
    """Return the error for a request without an access token.

    RFC 6750 asks for a header without an error code.
    """
    return OAuthError(
        "invalid_request",
        "Send an access token: Authorization: Bearer TOKEN.",
        status=401,
        headers={"WWW-Authenticate": 'Bearer realm="credtui"'},
    )
