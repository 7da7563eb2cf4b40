"""What proxies in front of the server change in a request, or say about it."""

import re
from collections.abc import Collection, Iterable
from functools import lru_cache
from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send

from credtui.domain.networks import is_allowed, parse_address

_LONGEST = 100
"""Characters in an entry of X-Forwarded-For. A longer one is no address."""

_WITH_PORT = re.compile(r"\[([^\]]*)\](?::\d*)?|([^:]*):\d*")


METADATA = "/.well-known/oauth-authorization-server"
"""The path of the metadata of RFC 8414."""


class BelowPrefix:
    """Answers below a prefix as well, because not every proxy strips it from the path.

    RFC 8414 puts the metadata of an issuer with a prefix where the prefix comes last.

    Args:
        app: The application, which knows no prefix.
        prefix: The prefix, as it stands in a URL.
        paths: The paths that the application answers.
    """

    def __init__(self, app: ASGIApp, prefix: str, paths: Collection[str]) -> None:
        self._app = app
        prefix = unquote(prefix)
        self._paths = {f"{METADATA}{prefix}": METADATA}
        self._paths.update((f"{prefix}{path}", path) for path in paths)
        # The application's own paths come first, such as /oauth/token if the prefix is /oauth.
        self._paths.update((path, path) for path in paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http":
            scope["path"] = self._paths.get(scope["path"], scope["path"])
        await self._app(scope, receive, send)


class BehindProxies:
    """Gives the application the address of the caller in place of the proxy's.

    The caller's address is the last in the X-Forwarded-For headers that isn't a trusted proxy's:
    the address that connected to the first of the trusted proxies. Callers can make up all that
    stands before it.

    uvicorn's middleware doesn't serve: it takes an empty entry for the caller, and doesn't know
    proxies whose IPv4 address is mapped into IPv6.

    Args:
        app: The application.
        proxies: The networks of the trusted proxies, in CIDR notation; at least one.
    """

    def __init__(self, app: ASGIApp, proxies: Iterable[str]) -> None:
        self._app = app
        networks = tuple(proxies)
        self._is_proxy = lru_cache(4096)(lambda address: is_allowed(address, networks))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        peer = scope.get("client")
        if peer and self._is_proxy(peer[0]):
            scope["client"] = (self._caller(scope) or peer[0], 0)
        await self._app(scope, receive, send)

    def _caller(self, scope: Scope) -> str | None:
        """Return the caller's address, "unknown" if no proxy knows it, None if none says it."""
        address = None
        headers = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
        for entry in reversed(b",".join(headers).decode("latin-1").split(",")):
            if text := entry.strip(' \t"'):
                address = _read_address(text)
                if not self._is_proxy(address):
                    break
        return address


def _read_address(text: str) -> str:
    """Return the address in an entry of X-Forwarded-For, which may have a port."""
    if len(text) > _LONGEST:
        return "unknown"
    if match := _WITH_PORT.fullmatch(text):
        text = match[1] or match[2] or ""
    return parse_address(text) or "unknown"
