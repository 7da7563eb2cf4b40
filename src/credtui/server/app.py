"""The ASGI application: endpoints, errors, and what runs beside them."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from credtui.domain.errors import AddressNotAllowedError, ClientError, StoreError
from credtui.domain.token_url import prefix_of
from credtui.installation import Installation
from credtui.server.endpoints import Endpoint, Endpoints
from credtui.server.log import LOG, Logged, facts_of, logger
from credtui.server.oauth import OAuthError, refused, unavailable
from credtui.server.proxies import METADATA, BehindProxies, BelowPrefix


def build_app(installation: Installation, *, parent: int | None = None) -> ASGIApp:
    """Return the application.

    Args:
        installation: The installation whose credentials are served.
        parent: The ID of the process that started this one as a worker. The worker ends when that
            process does. None if there is one process only.

    Raises:
        StoreError: The store can't be used.
    """
    settings, clients = installation.settings, installation.client_service()
    token_url = settings.find_environment(settings.environment).token_url
    endpoints = Endpoints(clients, token_url)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        # With several workers this is a process of its own, which doesn't log yet.
        if parent is not None:
            LOG.start()
            ending = asyncio.create_task(_end_with(parent))
        async with clients:
            yield
        installation.close()
        if parent is not None:
            ending.cancel()
            LOG.stop()

    answers = [
        ("POST", "/v2/oauth/token", endpoints.token),
        ("POST", "/oauth/token", endpoints.token),
        ("GET", "/v2/oauth/token/test", endpoints.test),
        ("POST", "/oauth/introspect", endpoints.introspect),
        ("POST", "/oauth/revoke", endpoints.revoke),
        ("GET", METADATA, endpoints.metadata),
        ("GET", "/healthz", endpoints.health),
        ("GET", "/livez", endpoints.liveness),
        ("GET", "/openapi.json", endpoints.openapi),
    ]
    routes = [Route(path, Endpoint(answer), methods=[method]) for method, path, answer in answers]
    starlette = Starlette(
        routes=routes,
        lifespan=lifespan,
        exception_handlers=dict.fromkeys(
            (OAuthError, ClientError, StoreError, HTTPException, ClientDisconnect, Exception),
            _refuse,
        ),
    )
    # Starlette would redirect an address that ends with "/" to the one without. Clients would send
    # their secrets a second time, and over http even if a proxy with TLS is in front.
    starlette.router.redirect_slashes = False
    paths = frozenset(route.path for route in routes)
    app: ASGIApp = Logged(starlette, paths)
    if prefix := prefix_of(token_url):
        app = BelowPrefix(app, prefix, paths)
    if settings.server.trusted_proxies:
        app = BehindProxies(app, settings.server.trusted_proxies)
    return app


async def _refuse(request: Request, error: Exception) -> Response:
    facts = facts_of(request.scope)
    if isinstance(error, AddressNotAllowedError):
        facts["organization"] = error.organization
    refusal = _refusal(error)
    facts.update(status=refusal.status, error=refusal.error)
    return refusal.response()


def _refusal(error: Exception) -> OAuthError:
    """Return what the client is told about an error."""
    match error:
        case OAuthError():
            return error
        case ClientError():
            return refused(error)
        case StoreError():
            logger.error("%s", error)
            return unavailable()
        case HTTPException():
            return _http_refusal(error)
        case ClientDisconnect():  # the client has closed the connection, so nobody reads this
            return OAuthError("invalid_request", "Gone.", status=400)
    # Uvicorn logs the exception.
    return OAuthError("server_error", "Something is wrong here.", status=500)


def _http_refusal(error: HTTPException) -> OAuthError:
    headers = error.headers or {}
    method = "POST" if headers.get("Allow") == "POST" else "GET"
    name, description = {
        404: ("not_found", "There is no such address here: /openapi.json lists what there is."),
        405: ("method_not_allowed", f"Use {method}: this address takes no other method."),
    }.get(error.status_code, ("invalid_request", error.detail))
    return OAuthError(name, description, status=error.status_code, headers=headers)


async def _end_with(parent: int) -> None:
    while os.getppid() == parent:  # noqa: ASYNC110  # there is no event to wait for
        await asyncio.sleep(1)
    signal.raise_signal(signal.SIGTERM)
