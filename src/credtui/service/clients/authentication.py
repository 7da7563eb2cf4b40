"""Authenticates clients by their secrets: at once if a secret was verified before."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress

from cachetools import LRUCache
from pydantic import SecretStr

from credtui.domain.client import Client
from credtui.domain.clock import Clock
from credtui.domain.errors import (
    ClientError,
    ClientNotAuthenticatedError,
    StoreError,
    TooManyGuessesError,
)
from credtui.domain.secrets import is_client_id, recognise
from credtui.service.clients.throttle import AT_CLIENT, BY_ADDRESS, Lane, Throttle, neighbourhood
from credtui.service.clients.usage_recorder import UsageRecorder
from credtui.service.clients.verified import VerifiedSecrets
from credtui.store.port import ClientStore

HELD_BACK = 1.0
"""Seconds to wait before telling a client that it tried too often."""

_MAX_HELD_BACK = 200
_MAX_FAMILIAR = 50_000


class Authentication:
    """Authenticates clients.

    A secret that was verified before costs a digest. Any other secret costs bcrypt, in one of two
    lanes. Clients that come from the address from which they were last admitted have a lane of
    their own. Everybody else shares the other lane, which gives way to it. The lane doesn't show
    an attacker whether a client exists.

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
        self._clock = clock
        self._pace = 0.0
        self._throttle = Throttle()
        self._familiar_lane = Lane(2, waiting=1000, niceness=0)
        self._strangers_lane = Lane(1, waiting=32, niceness=10)
        # The environments of clients, by the Client ID and the address they were admitted from.
        self._familiar: LRUCache[tuple[str, str], str] = LRUCache(_MAX_FAMILIAR)
        self._held_back = 0
        self._searches: set[asyncio.Task[None]] = set()

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
        client = None
        if environment is not None:
            client = await self._store.find_client(environment, client_id)
        if client is not None:
            if self._secrets.remembers(client, secret):
                return self._make_familiar(client, address)
            if self._secrets.remembers_previous(client, secret):
                self._usage.record_previous_secret(client, address, self._clock())
                raise _refusal()
        try:
            return await self._examine(client_id, client, secret, address)
        except TooManyGuessesError:
            await self._hold_back()
            raise

    def close(self) -> None:
        """End the threads."""
        for lane in (self._familiar_lane, self._strangers_lane):
            lane.close()

    async def _examine(
        self, client_id: str, client: Client | None, secret: SecretStr, address: str
    ) -> Client:
        started = time.monotonic()
        if client is not None and await self._is_familiar(client, address):
            lane, limits = self._familiar_lane, {f"familiar {client_id} {address}": BY_ADDRESS}
        else:
            lane = self._strangers_lane
            limits = {
                f"address {neighbourhood(address)}": BY_ADDRESS,
                f"client {client_id}": AT_CLIENT,
            }
        with self._throttle.attempt(limits) as count:
            right = await lane.run(self._secrets.verify, client, secret)
            present = client
            if client is not None:
                # The credential may have been rotated or deleted during the hash.
                present = await self._store.find_client(client.place.environment, client_id)
            if right and present is not None and self._secrets.remembers(present, secret):
                return self._make_familiar(present, address)
            count()
        if present is not None:
            self._search_previous(present, secret, address)
        await asyncio.sleep(self._pace - (time.monotonic() - started))
        raise _refusal()

    async def _is_familiar(self, client: Client, address: str) -> bool:
        if (client.client_id, address) in self._familiar:
            return True
        return address == await asyncio.to_thread(self._usage.last_address, client)

    def _make_familiar(self, client: Client, address: str) -> Client:
        self._familiar[client.client_id, address] = client.place.environment
        return client

    def _search_previous(self, client: Client, secret: SecretStr, address: str) -> None:
        """Find out, after the answer, whether the refused secret is a previous one."""
        if not client.credential.retired:
            return

        async def search() -> None:
            with suppress(ClientError, StoreError):
                if await self._strangers_lane.run(self._secrets.verify_previous, client, secret):
                    self._usage.record_previous_secret(client, address, self._clock())

        task = asyncio.create_task(search())
        self._searches.add(task)
        task.add_done_callback(self._searches.discard)

    async def _hold_back(self) -> None:
        if self._held_back < _MAX_HELD_BACK:
            self._held_back += 1
            try:
                await asyncio.sleep(HELD_BACK)
            finally:
                self._held_back -= 1


def _refusal() -> ClientNotAuthenticatedError:
    return ClientNotAuthenticatedError(
        "Unknown client, or wrong secret. A rotated secret stops working at once."
    )
