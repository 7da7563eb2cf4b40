"""Authenticates clients by their secrets: at once if a secret was verified before."""

import asyncio
import math
import time
from collections.abc import Callable, Coroutine, Mapping
from functools import partial

from cachetools import LRUCache
from pydantic import SecretStr

from credtui.domain.client import Client
from credtui.domain.clock import Clock
from credtui.domain.errors import ClientNotAuthenticatedError, TooManyGuessesError
from credtui.domain.networks import neighbourhood
from credtui.domain.secrets import is_client_id, recognise
from credtui.service.clients.refused import RefusedSecrets
from credtui.service.clients.throttle import AT_CLIENT, BY_ADDRESS, Lane, Throttle
from credtui.service.clients.usage_recorder import UsageRecorder
from credtui.service.clients.verified import VerifiedSecrets
from credtui.store.port import ClientStore

HELD_BACK = 1.0
"""Seconds to wait before telling a client that it tried too often."""

_NOBODY = "cid_0000000000000000"
"""A Client ID that no client has."""

_MAX_HELD_BACK = 200
_MAX_FAMILIAR = 50_000


class Authentication:
    """Authenticates clients.

    A secret that was verified before costs a digest. Any other secret costs bcrypt, in one of two
    lanes. Clients that come from the address from which they were last admitted have a lane of
    their own. Everybody else shares the other lane, which gives way to it.

    Nobody learns whether a client exists, was rotated, or ever had a secret, from the time of an
    answer or of those that follow. So a refusal costs the same work in each of these cases, and its
    answer leaves at a multiple of a fixed time after the attempt arrived.

    Args:
        store: Where clients are found.
        environments_by_tag: The names of environments, by the tags of their secrets.
        secrets: Remembers the secrets that were verified.
        usage: Where uses of previous secrets are counted.
        clock: The present moment.
    """

    def __init__(
        self,
        store: ClientStore,
        environments_by_tag: Mapping[str, str],
        secrets: VerifiedSecrets,
        usage: UsageRecorder,
        *,
        clock: Clock,
    ) -> None:
        self._store = store
        self._environments_by_tag = environments_by_tag
        self._secrets = secrets
        self._usage = usage
        self._refused = RefusedSecrets(secrets, usage, clock)
        self._pace = HELD_BACK  # until it is measured
        self._throttle = Throttle()
        self._familiar_lane = Lane(2, waiting=1000, niceness=0)
        self._strangers_lane = Lane(1, waiting=32, niceness=10)
        # The environments of clients, by the Client ID and the address they were admitted from.
        self._familiar: LRUCache[tuple[str, str], str] = LRUCache(_MAX_FAMILIAR)
        self._held_back = 0
        # Whether the secret is right, by `VerifiedSecrets.identify`.
        self._under_way: dict[bytes, asyncio.Task[bool]] = {}

    async def start(self) -> None:
        """Measure how long a refusal must take: longer than bcrypt, so that all are alike."""
        self._pace = 1.5 * await asyncio.to_thread(self._secrets.measure)

    async def admit(self, client_id: str, secret: SecretStr, address: str) -> Client:
        """Return the client with this Client ID and secret, as it is kept.

        Raises:
            ClientNotAuthenticatedError: No client has them.
            TooManyGuessesError: Wrong secrets were tried too often.
            StoreError: The store can't be read.
        """
        arrival = time.monotonic()
        if familiar_in := self._familiar.get((client_id, address)):
            client = await self._store.find_client(familiar_in, client_id)
            if client is not None and self._secrets.remembers(client, secret):
                return client
        tag = recognise(secret.get_secret_value())
        if tag is None:
            raise ClientNotAuthenticatedError(
                "client_secret is mistyped or cut: its check digits don't fit."
            )
        if not is_client_id(client_id):
            raise ClientNotAuthenticatedError("client_id is not a Client ID.")
        environment = self._environments_by_tag.get(tag)
        client = await self._find(environment, client_id)
        while client is None or not self._secrets.remembers(client, secret):
            attempt = self._secrets.identify(client_id, client, secret, address)
            try:
                right = await self._examine(
                    attempt, partial(self._check, environment, client_id, client, secret, address)
                )
            except TooManyGuessesError:
                await self._hold_back(arrival)
                raise
            if not right:
                self._refused.add(attempt, client, secret, address)
                await self._wait(arrival)
                raise ClientNotAuthenticatedError(
                    "Unknown client, or wrong secret. A rotated secret stops working at once."
                )
            # It may have been rotated or deleted during the hash.
            client = await self._find(environment, client_id)
        self._familiar[client_id, address] = client.place.environment
        return client

    def close(self) -> None:
        """End the threads."""
        for ending in (self._familiar_lane, self._strangers_lane, self._refused):
            ending.close()

    async def _find(self, environment: str | None, client_id: str) -> Client | None:
        return await self._store.find_client(environment, client_id) if environment else None

    async def _examine(
        self, attempt: bytes, check: Callable[[], Coroutine[None, None, bool]]
    ) -> bool:
        """Tell whether a secret is right. Equal attempts at the same time share one check."""
        if self._refused.knows(attempt):
            return False
        if attempt not in self._under_way:
            task = self._under_way[attempt] = asyncio.create_task(check())
            task.add_done_callback(lambda _: self._under_way.pop(attempt))
        return await asyncio.shield(self._under_way[attempt])

    async def _check(
        self,
        environment: str | None,
        client_id: str,
        client: Client | None,
        secret: SecretStr,
        address: str,
    ) -> bool:
        if client is not None and await self._is_familiar(client, address):
            lane, limits = self._familiar_lane, {f"familiar {client_id} {address}": BY_ADDRESS}
        else:
            # A store may search long for a Client ID that it doesn't have. So it does this for each
            # stranger.
            await self._find(environment, _NOBODY)
            lane = self._strangers_lane
            limits = {
                f"address {neighbourhood(address)}": BY_ADDRESS,
                f"client {client_id}": AT_CLIENT,
            }
        with self._throttle.attempt(limits) as count:
            right = await lane.run(self._secrets.verify, client, secret)
            if not right:
                count()
        return right

    async def _is_familiar(self, client: Client, address: str) -> bool:
        if (client.client_id, address) in self._familiar:
            return True
        return address == await asyncio.to_thread(self._usage.last_address, client)

    async def _hold_back(self, arrival: float) -> None:
        self._held_back += 1
        try:
            await self._wait(arrival, HELD_BACK if self._held_back <= _MAX_HELD_BACK else 0.0)
        finally:
            self._held_back -= 1

    async def _wait(self, arrival: float, delay: float = 0.0) -> None:
        """Wait until a multiple of the pace after an arrival, and a delay."""
        elapsed = time.monotonic() - arrival
        await asyncio.sleep(math.ceil(elapsed / self._pace) * self._pace - elapsed + delay)
