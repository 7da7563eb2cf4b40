"""The ASGI application: endpoints, errors, and what runs beside them."""

import asyncio
import os
import resource
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from credtui.domain.errors import StoreError
from credtui.domain.secrets import generate_secret
from credtui.installation import Installation
from credtui.server.endpoints import Endpoint, Endpoints
from credtui.server.gate import Gate
from credtui.server.log import LOG, Logged, facts_of, logger
from credtui.server.oauth import OAuthError, unavailable
from credtui.service.clients.known import Clients
from credtui.service.clients.tokens import AccessTokens
from credtui.service.clients.usage_recorder import UsageRecorder
from credtui.service.clients.verified import VerifiedSecrets

WRITE_USAGE_EVERY = 1.0
"""Seconds between the batches in which usage is written down."""

_MAX_ORGANIZATIONS = 20_000


def build_app(installation: Installation, *, parent: int | None = None) -> ASGIApp:
    """Return the application.

    Args:
        installation: The installation whose credentials are served.
        parent: The process without which this one ends; None if there is none.
    """
    settings, store, clock = installation.settings, installation.store, installation.clock
    environments = {name: settings.find_environment(name) for name in settings.environments}
    secrets = VerifiedSecrets(installation.random_bytes, settings.bcrypt_cost)
    clients = Clients(store, environments, _room_for_organizations())
    usage = UsageRecorder(store)
    gate = Gate(
        clients,
        secrets,
        usage,
        {environment.tag: name for name, environment in environments.items()},
        clock=clock,
        pace=_measure(secrets, installation),
    )
    endpoints = Endpoints(
        gate,
        AccessTokens(store, settings.server.token_lifetime, installation.random_bytes),
        usage,
        clock=clock,
        token_url=environments[settings.environment].token_url,
        introspection_clients=frozenset(settings.server.introspection_clients),
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        # In a process of its own, logging has not been started.
        if parent is not None:
            LOG.start()
        tasks = [
            asyncio.create_task(_repair_indexes(installation)),
            asyncio.create_task(_write_usage(usage)),
        ]
        if parent is not None:
            tasks.append(asyncio.create_task(_end_with(parent)))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            gate.close()
            clients.close()
            await _write_usage_once(usage)
            if parent is not None:
                LOG.stop()

    answers = [
        ("POST", "/v2/oauth/token", endpoints.token),
        ("POST", "/oauth/token", endpoints.token),
        ("GET", "/v2/oauth/token/test", endpoints.test),
        ("POST", "/oauth/introspect", endpoints.introspect),
        ("POST", "/oauth/revoke", endpoints.revoke),
        ("GET", "/.well-known/oauth-authorization-server", endpoints.metadata),
        ("GET", "/healthz", endpoints.health),
        ("GET", "/openapi.json", endpoints.openapi),
    ]
    routes = [Route(path, Endpoint(answer), methods=[method]) for method, path, answer in answers]
    starlette = Starlette(
        routes=routes,
        lifespan=lifespan,
        exception_handlers={
            OAuthError: _refuse,
            StoreError: _report_store,
            HTTPException: _refuse_http,
            ClientDisconnect: _drop,
            Exception: _report_fault,
        },
    )
    # A redirection to the address without "/" would make clients send their secrets again, and by
    # http where a proxy with TLS is before this.
    starlette.router.redirect_slashes = False
    app: ASGIApp = Logged(starlette, frozenset(route.path for route in routes))
    if settings.server.trusted_proxies:
        app = ProxyHeadersMiddleware(app, list(settings.server.trusted_proxies))  # type: ignore[arg-type, assignment]
    return app


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, OAuthError)  # noqa: S101
    facts_of(request.scope).update(status=error.status, error=error.error)
    return error.response()


async def _report_store(request: Request, error: Exception) -> Response:
    assert isinstance(error, StoreError)  # noqa: S101
    logger.error("%s", error)
    return await _refuse(request, unavailable())


async def _refuse_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    name, description = {
        404: ("not_found", "There is no such address here: /openapi.json lists what there is."),
        405: ("method_not_allowed", "This address takes another method: Allow names it."),
    }.get(error.status_code, ("invalid_request", error.detail))
    status, headers = error.status_code, error.headers
    return await _refuse(request, OAuthError(name, description, status=status, headers=headers))


async def _report_fault(request: Request, _: Exception) -> Response:
    # The server logs it.
    return await _refuse(
        request, OAuthError("server_error", "Something is wrong here.", status=500)
    )


async def _drop(request: Request, _: Exception) -> Response:
    # Nobody is there to read this.
    return await _refuse(request, OAuthError("invalid_request", "Gone.", status=400))


async def _repair_indexes(installation: Installation) -> None:
    for environment in installation.settings.environments:
        try:
            await asyncio.to_thread(installation.store.repair_index, environment)
        except StoreError as error:
            logger.error("%s", error)


async def _write_usage(usage: UsageRecorder) -> None:
    while True:
        await asyncio.sleep(WRITE_USAGE_EVERY)
        await _write_usage_once(usage)


async def _write_usage_once(usage: UsageRecorder) -> None:
    try:
        await asyncio.to_thread(usage.write)
    except StoreError as error:
        logger.error("Usage is kept in memory for now: %s", error)


async def _end_with(parent: int) -> None:
    while os.getppid() == parent:  # noqa: ASYNC110  # nothing announces it
        await asyncio.sleep(1)
    signal.raise_signal(signal.SIGTERM)


def _measure(secrets: VerifiedSecrets, installation: Installation) -> float:
    """Return how long a refusal takes: longer than bcrypt, so that all take the same."""
    secret = generate_secret("none", installation.random_bytes)
    started = time.perf_counter()
    secrets.verify(None, secret)
    return (time.perf_counter() - started) * 1.5


def _room_for_organizations() -> int:
    """Return how many organizations can be watched, after asking for as many as are allowed."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MAX_ORGANIZATIONS * 2
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(10, min(_MAX_ORGANIZATIONS, soft // 2))
