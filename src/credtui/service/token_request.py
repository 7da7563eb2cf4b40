"""Requests an access token as a client does, to see that a secret works."""

import json
import time
from concurrent.futures import Future
from http.client import HTTPException, InvalidURL
from socket import gaierror
from ssl import SSLCertVerificationError, SSLError
from threading import Thread
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import SplitResult, urlencode, urlsplit
from urllib.request import (
    HTTPRedirectHandler,
    ProxyHandler,
    Request,
    build_opener,
    getproxies,
    proxy_bypass,
)

from pydantic import BaseModel, ConfigDict, SecretStr

from credtui.domain.names import quotable

TIMEOUT = 10.0
"""Seconds to wait for an answer."""

_LONGEST_ANSWER = 64 * 1024

_VERDICTS = {400, 401, 403}
"""The HTTP statuses of refusals that come from looking at the request and its secret."""

_NOT_TESTED = "The secret was not tested."


class TokenReply(BaseModel):
    """The answer to a request. It never holds the access token.

    Attributes:
        token_url: Where the token was requested.
        status: The HTTP status; None if there was no answer.
        ok: An access token came back.
        expires_in: Seconds for which the token is valid, if the answer says so.
        scope: The token's scope, if the answer says so.
        error: The OAuth error code, if one came back.
        error_description: The description of the error, or a sentence that says why the answer
            has no OAuth error, or why there was no answer.
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
        if self.error is None:
            return f"{self.error_description} {_NOT_TESTED}"
        said = ": ".join(filter(None, (self.error, self.error_description)))
        if self.status not in _VERDICTS:
            return f"HTTP {self.status} {said} {_NOT_TESTED}"
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
            token_url=token_url,
            error_description=_why_no_answer(TimeoutError(), token_url, timeout),
            elapsed=timeout,
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
    except (HTTPException, OSError, ValueError, OverflowError) as error:
        return TokenReply(
            token_url=token_url,
            error_description=_why_no_answer(error, token_url, timeout),
            elapsed=elapsed(),
        )
    return _read(content, TokenReply(token_url=token_url, status=status, elapsed=elapsed()))


def _why_no_answer(error: Exception, token_url: str, timeout: float) -> str:
    """Return a sentence about an error that came in place of an answer."""
    cause = error.reason if isinstance(error, URLError) else error
    if isinstance(cause, InvalidURL) or not isinstance(cause, HTTPException | OSError):
        return f"{_shown(token_url)} is not the address of a server."
    address = urlsplit(token_url)
    where, hint = _shown(address.netloc), ""
    if proxy := _proxy_of(address):
        where = f"{where} through the proxy {_shown(proxy)}"
    elif address.hostname == "localhost" or where.startswith(("127.", "[::1]")):
        hint = " Is `credtui serve` running?"
    reason = getattr(cause, "strerror", None) or str(cause)
    match cause:
        case ConnectionRefusedError():
            return f"Nothing answers at {where}.{hint}"
        case TimeoutError():
            return f"No answer from {where} within {timeout:g} seconds."
        case HTTPException():
            return (
                f"What answers at {where} does not answer in HTTP, and the secret was sent there."
            )
        case gaierror():
            return f"Looking up {where} failed: {reason.lower()}."
        case SSLCertVerificationError():
            return f"The certificate of {where} is not trusted: {_shown(cause.verify_message)}."
        case SSLError():
            reason = (cause.reason or reason).replace("_", " ")
            return f"TLS with {where} failed: {reason.lower()}."
    return f"No answer from {where}: {_shown(reason.lower())}."


def _proxy_of(address: SplitResult) -> str | None:
    """Return the host and port of the proxy that a request goes through, None if it doesn't."""
    proxy = getproxies().get("https")
    if address.scheme != "https" or proxy is None or proxy_bypass(address.hostname or ""):
        return None
    return proxy.rpartition("//")[2].rpartition("@")[2].partition("/")[0]


def _read(content: bytes, reply: TokenReply) -> TokenReply:
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        answer = None
    told = answer if isinstance(answer, dict) else {}
    expires_in, token = told.get("expires_in"), told.get("access_token")
    ok = reply.status == 200 and isinstance(token, str) and bool(token)
    error, description = _text(told.get("error")), _text(told.get("error_description"))
    if not ok and not error:
        error, where = None, _shown(urlsplit(reply.token_url).netloc)
        description = (
            f"The answer from {where} (HTTP {reply.status}) is not a token endpoint's, and the "
            "secret was sent there."
        )
    return reply.model_copy(
        update={
            "ok": ok,
            "expires_in": expires_in if isinstance(expires_in, int) else None,
            "scope": _text(told.get("scope")),
            "error": error,
            "error_description": description,
        }
    )


def _text(value: object) -> str | None:
    return _shown(value) if isinstance(value, str) else None


def _shown(value: object) -> str:
    """Return a text of the other side, without the secret if the text quotes it."""
    return quotable(str(value), 300)
