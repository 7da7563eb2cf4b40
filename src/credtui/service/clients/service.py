"""What clients do: authenticate, and get, show and revoke access tokens."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from pydantic import SecretStr

from credtui.domain.client import Client
from credtui.domain.clock import Clock
from credtui.domain.errors import (
    AddressNotAllowedError,
    ForeignTokenError,
    MayNotIntrospectError,
    StoreError,
    WrongAudienceError,
)
from credtui.domain.models import Environment
from credtui.domain.secrets import RandomBytes
from credtui.service.clients.authentication import Authentication
from credtui.service.clients.health import StoreHealth
from credtui.service.clients.throttle import RevocationLimit
from credtui.service.clients.tokens import AccessTokens, Claims
from credtui.service.clients.usage_recorder import UsageRecorder
from credtui.service.clients.verified import VerifiedSecrets
from credtui.store.port import Store

WRITE_USAGE_EVERY = 1.0
"""Seconds between the batches in which usage is written down."""

SWEEP_EVERY = 3600.0
"""Seconds between two sweeps of the revocations of tokens that have expired."""

logger = logging.getLogger(__name__)


class ClientService:
    """What clients of all environments do.

    The service works within its context, in which it also writes down usage and sweeps revocations.
    Its coroutines never block the event loop. They raise a `ClientError` to refuse a request, and
    a `StoreError` if the store can't be used.

    Args:
        store: The store. To read its token key blocks on a disk.
        environments: The environments that are served, by name.
        token_lifetime: Seconds for which an access token is valid.
        introspection_clients: The Client IDs of the clients that may introspect.
        clock: The present moment.
        random_bytes: The source of randomness.
        bcrypt_cost: The cost of hashes. A check for a client that isn't there costs as much.

    Raises:
        StoreError: The store can't be used.
    """

    def __init__(
        self,
        store: Store,
        environments: Mapping[str, Environment],
        *,
        token_lifetime: int,
        introspection_clients: Collection[str],
        clock: Clock,
        random_bytes: RandomBytes,
        bcrypt_cost: int,
    ) -> None:
        self.token_lifetime = token_lifetime
        self._store = store
        self._environments = environments
        self._introspection_clients = introspection_clients
        self._clock = clock
        self._tokens = AccessTokens(store.token_key(random_bytes), token_lifetime, random_bytes)
        self._usage = UsageRecorder(store)
        self._health = StoreHealth(store, environments)
        self._authentication = Authentication(
            store,
            {environment.tag: name for name, environment in environments.items()},
            VerifiedSecrets(random_bytes, bcrypt_cost),
            self._usage,
            clock=clock,
        )
        self._revocation_limit = RevocationLimit()
        # Look-ups have other threads, so they needn't wait for a client that revokes much.
        self._revoking = ThreadPoolExecutor(2, "revoking")
        self._tasks: list[asyncio.Task[None]] = []

    def hazards(self) -> Sequence[str]:
        """Return what endangers the store; see `Store.hazards`. This blocks, and may raise."""
        return self._store.hazards()

    async def __aenter__(self) -> Self:
        """Begin to serve."""
        await self._authentication.start()
        self._tasks = [
            asyncio.create_task(_repeat(self._write_usage, WRITE_USAGE_EVERY)),
            asyncio.create_task(_repeat(self._sweep_revocations, SWEEP_EVERY)),
        ]
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End serving, and write down the rest of the usage."""
        for task in self._tasks:
            task.cancel()
        self._authentication.close()
        self._revoking.shutdown(wait=False, cancel_futures=True)
        await self._write_usage()

    async def authenticate(self, client_id: str, secret: SecretStr, address: str) -> Client:
        """Return the client that presents its secret from an address.

        Raises:
            ClientNotAuthenticatedError: No client has this Client ID and secret.
            TooManyGuessesError: Wrong secrets were tried too often.
            AddressNotAllowedError: Its organization doesn't allow that address.
            StoreError: The store can't be read.
        """
        client = await self._authentication.admit(client_id, secret, address)
        if not client.may_come_from(address):
            raise AddressNotAllowedError(client.place.organization, address)
        return client

    def issue(self, client: Client, audience: str, address: str) -> str:
        """Return a new access token for an authenticated client, and count the use.

        Raises:
            WrongAudienceError: The audience is not the client's.
        """
        environment = self._environments[client.place.environment]
        its_audience = environment.audience_for(client.place.organization)
        if audience != its_audience:
            raise WrongAudienceError(f"The audience of this client is {its_audience}.")
        now = self._clock()
        token = self._tokens.issue(client, its_audience, now)
        self._usage.record_token(client, address, now)
        return token

    async def read(self, token: str) -> Claims | None:
        """Return the claims of an access token, None if the token isn't valid at this moment.

        Raises:
            StoreError: The store can't be read.
        """
        claims = self._read_served(token)
        if claims is None:
            return None
        client = await self._store.find_bearer(
            claims.environment, claims.client_id, claims.token, claims.expiry
        )
        if client is None or not self._tokens.is_bound(claims, client.credential):
            return None
        return claims

    def seconds_left(self, claims: Claims) -> int:
        """Return for how many seconds more an access token is valid."""
        return max(claims.expires_at - int(self._clock().timestamp()), 0)

    async def introspect(self, gateway: Client, token: str) -> Claims | None:
        """Return the claims of a valid access token of the gateway's environment, else None.

        Raises:
            MayNotIntrospectError: The gateway isn't a client that may introspect.
            StoreError: The store can't be read.
        """
        if gateway.client_id not in self._introspection_clients:
            raise MayNotIntrospectError(
                "This client may not introspect access tokens: it is not among the configured "
                "introspection_clients."
            )
        claims = await self.read(token)
        if claims is None or claims.environment != gateway.place.environment:
            return None
        return claims

    async def revoke(self, client: Client, token: str) -> None:
        """Make one of the client's access tokens invalid, to every token endpoint.

        Raises:
            ForeignTokenError: The token was issued to another client.
            TooManyRevocationsError: The client has revoked too many in the last minute.
            StoreError: The revocation can't be kept.
        """
        claims = self._read_served(token)
        if claims is None:
            return
        if claims.client_id != client.client_id:
            raise ForeignTokenError("The access token was issued to another client.")
        self._revocation_limit.count(client.client_id)
        await asyncio.get_running_loop().run_in_executor(
            self._revoking, self._store.revoke, claims.environment, claims.token, claims.expiry
        )

    async def check(self) -> None:
        """Return if the store answers. All who ask within a second share one look at it.

        Raises:
            StoreError: The store can't be read, or takes too long.
        """
        await self._health.check()

    def _read_served(self, token: str) -> Claims | None:
        """Return what a genuine token says whose environment is served, None for any other."""
        claims = self._tokens.read(token, self._clock())
        return claims if claims and claims.environment in self._environments else None

    async def _write_usage(self) -> None:
        try:
            await asyncio.to_thread(self._usage.write)
        except StoreError as error:
            logger.error("Usage is kept in memory for now: %s", error)  # noqa: TRY400  # expected

    async def _sweep_revocations(self) -> None:
        for environment in self._environments:
            try:
                await asyncio.to_thread(self._store.sweep_revocations, environment, self._clock())
            except StoreError as error:
                logger.error("%s", error)  # noqa: TRY400  # expected


async def _repeat(work: Callable[[], Awaitable[None]], seconds: float) -> None:
    while True:
        await work()
        await asyncio.sleep(seconds)
