"""Requests an access token as a client does, to see that a secret works."""

import json
import time
from concurrent.futures import Future
from http.client import HTTPException
from threading import Thread
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener, getproxies

from pydantic import BaseModel, ConfigDict, SecretStr

from credtui.domain.names import quotable

TIMEOUT = 10.0
"""Seconds to wait for an answer."""

_LONGEST_ANSWER = 64 * 1024


class TokenReply(BaseModel):
    """The answer to a request. It never holds the access token.

    Attributes:
        token_url: Where the token was requested.
        status: The HTTP status; None if there was no answer.
        ok: An access token came back.
        expires_in: Seconds for which the token is valid, if the answer says so.
        scope: The token's scope, if the answer says so.
        error: The OAuth error code, if one came back.
        error_description: The description of the error, or the reason why there was no answer.
        elapsed: Seconds that the request took.
    """

    model_config = ConfigDict(frozen=True)

    token_url: str
    status: int | None = None
    ok: bool = False
    expires_in: int | None = None
    scope: str | None = None
    error: str | None = None
    error_description: str | None = None
    elapsed: float = 0.0

    @property
    def sentence(self) -> str:
        """The answer, for a person."""
        took = f"{round(self.elapsed * 1000):,} ms"
        if self.ok:
            lifetime = f", valid for {self.expires_in:,} seconds" if self.expires_in else ""
            return f"It works: HTTP {self.status}, an access token{lifetime}. It took {took}."
        if self.status is None:
            return f"{self.error_description} That says nothing about the secret."
        said = ": ".join(filter(None, (self.error, self.error_description)))
        return f"It does not work: HTTP {self.status} {said} It took {took}."


class _NoRedirect(HTTPRedirectHandler):
    """Doesn't follow redirects: a secret goes to the configured address only."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def request_token(
    token_url: str, client_id: str, secret: SecretStr, audience: str, *, timeout: float = TIMEOUT
) -> TokenReply:
    """Request an access token. Blocks until there is an answer, or until the time is up."""
    answer: Future[TokenReply] = Future()

    def exchange() -> None:
        try:
            answer.set_result(_exchange(token_url, client_id, secret, audience, timeout))
        except Exception as error:  # noqa: BLE001  # the caller raises it
            answer.set_exception(error)

    # A socket's timeout starts anew with each byte, and looking up a name has no timeout. So the
    # exchange runs in a thread of its own, which is left behind when the time is up. The program
    # can end without it.
    Thread(target=exchange, name="token request", daemon=True).start()
    try:
        return answer.result(timeout)
    except TimeoutError:
        return TokenReply(
            token_url=token_url, error_description="No answer: timed out.", elapsed=timeout
        )


def _exchange(
    token_url: str, client_id: str, secret: SecretStr, audience: str, timeout: float
) -> TokenReply:
    form = urlencode(
        {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": secret.get_secret_value(),
            "audience": audience,
        }
    )
    started = time.monotonic()

    def elapsed() -> float:
        return time.monotonic() - started

    try:
        request = Request(  # noqa: S310  # the settings allow http and https only
            token_url, data=form.encode("ascii"), headers={"Accept": "application/json"}
        )
        # Without TLS a proxy would see the secret.
        proxies = getproxies() if urlsplit(token_url).scheme == "https" else {}
        opener = build_opener(ProxyHandler(proxies), _NoRedirect())
        try:
            response = opener.open(request, timeout=timeout)
        except HTTPError as error:
            response = error
        with response:
            status, content = response.status, response.read(_LONGEST_ANSWER)
    except HTTPException:  # such as from a server that speaks something else
        return TokenReply(
            token_url=token_url,
            error_description=f"No answer in HTTP from {_shown(token_url)}.",
            elapsed=elapsed(),
        )
    except (OSError, ValueError, OverflowError) as error:
        cause = getattr(error, "reason", None) or error
        reason = (getattr(cause, "strerror", None) or str(cause)).lower()
        return TokenReply(
            token_url=token_url,
            error_description=f"No answer: {_shown(reason)}.",
            elapsed=elapsed(),
        )
    return _read(content, TokenReply(token_url=token_url, status=status, elapsed=elapsed()))


def _read(content: bytes, reply: TokenReply) -> TokenReply:
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        return reply.model_copy(update={"error_description": "The answer is not an OAuth answer."})
    expires_in = answer.get("expires_in")
    token = answer.get("access_token")
    return reply.model_copy(
        update={
            "ok": reply.status == 200 and isinstance(token, str) and bool(token),
            "expires_in": expires_in if isinstance(expires_in, int) else None,
            "scope": _text(answer.get("scope")),
            "error": _text(answer.get("error")),
            "error_description": _text(answer.get("error_description")),
        }
    )


def _text(value: object) -> str | None:
    return _shown(value) if isinstance(value, str) else None


def _shown(value: object) -> str:
    """Return a text of the other side, without the secret if the text quotes it."""
    return quotable(str(value), 300)
