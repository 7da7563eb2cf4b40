"""What a client is told whose connection ends, and the log of it."""

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from credtui.server.log import LOG
from credtui.server.oauth import OAuthError


def closing(status: int, error: str, description: str, **headers: str) -> OAuthError:
    """Return an error after which the connection ends."""
    return OAuthError(error, description, status=status, headers={"Connection": "close", **headers})


def not_http() -> OAuthError:
    """Return the error for bytes that aren't a request."""
    return closing(400, "invalid_request", "This is not HTTP/1.1.")


def no_tunnel() -> OAuthError:
    """Return the error for CONNECT."""
    said = "CONNECT is for proxies, and this server is none."
    return closing(405, "method_not_allowed", said, Allow="GET, HEAD, POST")


def too_slow(seconds: float) -> OAuthError:
    """Return the error for a request that takes too long to arrive."""
    said = f"The request did not arrive within {seconds:.0f} seconds."
    return closing(408, "invalid_request", said)


def head_too_long(size: int, count: int) -> OAuthError:
    """Return the error for a head with more bytes or headers than these."""
    said = f"The headers are longer than {size} bytes, or more than {count}."
    return closing(431, "invalid_request", said)


def too_many_waiting() -> OAuthError:
    """Return the error for requests that are sent long before their answers are due."""
    return closing(429, "temporarily_unavailable", "Too many requests wait for an answer.")


def as_bytes(error: OAuthError) -> bytes:
    """Return the whole answer, as it is sent."""
    answer = error.response()
    lines = [b"%b: %b\r\n" % header for header in answer.raw_headers]
    return b"".join([STATUS_LINE[answer.status_code], *lines, b"\r\n", answer.body])


def log(error: OAuthError, client: tuple[str, int] | None) -> None:
    """Log a request that is refused before it is read."""
    facts = {"status": error.status, "address": client and client[0], "error": error.error}
    LOG.put({"level": "info", "event": "request", **facts})


async def answer_that_all_places_are_taken(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request of a connection for which there is no place, as an ASGI application."""
    error = closing(
        503,
        "temporarily_unavailable",
        "There are too many connections at the moment. Try again later.",
        **{"Retry-After": "5"},
    )
    log(error, scope["client"])
    await error.response()(scope, receive, send)
