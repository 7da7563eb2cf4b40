"""Deciding which client a request comes from, at once for those whose secret is known."""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import ParamSpec, TypeVar

from pydantic import SecretStr

from credtui.domain.clock import Clock
from credtui.domain.errors import StoreError
from credtui.domain.secrets import is_client_id, recognise
from credtui.server.oauth import OAuthError, invalid_client
from credtui.server.throttle import AT_CLIENT, BY_ADDRESS, Lane, Throttle, neighbourhood
from credtui.service.clients.known import Client, Clients
from credtui.service.clients.usage_recorder import UsageRecorder
from credtui.service.clients.verified import VerifiedSecrets

HELD_BACK = 1.0
"""Seconds for which somebody who tried too often waits for the answer that says so."""

P = ParamSpec("P")
R = TypeVar("R")

_MAX_HELD_BACK = 200
_MAX_FAMILIAR = 50_000


class Gate:
    """Admits clients.

    A secret that was verified before costs a digest. Any other costs bcrypt, in one of two lanes:
    one for clients that come from where they were last admitted from, and one for everybody else,
    which gives way. Which lane it is tells an attacker nothing about whether a client exists.
    """

    def __init__(
        self,
        clients: Clients,
        secrets: VerifiedSecrets,
        usage: UsageRecorder,
        environments_by_tag: Mapping[str, str],
        *,
        clock: Clock,
        pace: float,
    ) -> None:
        self._clients = clients
        self._secrets = secrets
        self._usage = usage
        self._environments_by_tag = environments_by_tag
        self._clock = clock
        self._pace = pace
        self._throttle = Throttle()
        self._look_ups = Lane(2, waiting=1000, niceness=0)
        self._familiar_lane = Lane(2, waiting=1000, niceness=0)
        self._strangers_lane = Lane(1, waiting=32, niceness=10)
        self._familiar: dict[tuple[str, str], None] = {}
        self._held_back = 0
        self._searches: set[asyncio.Task[None]] = set()

    async def admit(self, client_id: str, secret: SecretStr, address: str) -> Client:
        """Return the client whose Client ID and secret these are, as it is on disk.

        Raises:
            OAuthError: They are nobody's, or were tried too often.
            StoreError: The store can't be read.
        """
        for environment in self._environments_by_tag.values():
            client = self._clients.recall(environment, client_id)
            if client is not None and self._secrets.remembers(client, secret):
                self._make_familiar(client_id, address)
                return client
        tag = recognise(secret.get_secret_value())
        if tag is None:
            raise invalid_client("client_secret is mistyped or cut: its check digits don't fit.")
        if not is_client_id(client_id):
            raise invalid_client("client_id is not a Client ID.")
        where = self._environments_by_tag.get(tag)
        client = None if where is None else await self.find(where, client_id)
        if client is not None:
            if self._secrets.remembers(client, secret):
                self._make_familiar(client_id, address)
                return client
            if self._secrets.remembers_previous(client, secret):
                self._usage.record_previous_secret(client, address, self._clock())
                raise invalid_client()
        try:
            return await self._examine(client_id, client, secret, address)
        except OAuthError as error:
            if error.status == 429:
                await self._hold_back()
            raise

    async def find(self, environment: str, client_id: str) -> Client | None:
        """Return a client as it is on disk, None if there is none.

        Raises:
            StoreError: The store can't be read.
        """
        client = self._clients.recall(environment, client_id)
        return client or await self._find(environment, client_id)

    async def work(self, work: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what work that waits for a disk returns."""
        return await self._look_ups.run(work, *args, **kwargs)

    def close(self) -> None:
        """End the threads."""
        for lane in (self._look_ups, self._familiar_lane, self._strangers_lane):
            lane.close()

    async def _find(self, environment: str, client_id: str) -> Client | None:
        return await self._look_ups.run(self._clients.find, environment, client_id)

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
                # It may have been rotated or deleted during the hash.
                present = await self.find(client.place.environment, client_id)
            if right and present is not None and self._secrets.remembers(present, secret):
                self._make_familiar(client_id, address)
                return present
            count()
        if present is not None:
            self._search_previous(present, secret, address)
        await asyncio.sleep(self._pace - (time.monotonic() - started))
        raise invalid_client()

    async def _is_familiar(self, client: Client, address: str) -> bool:
        if (client.client_id, address) in self._familiar:
            return True
        return address == await self._look_ups.run(self._usage.last_address, client)

    def _make_familiar(self, client_id: str, address: str) -> None:
        self._familiar[client_id, address] = None
        if len(self._familiar) > _MAX_FAMILIAR:
            del self._familiar[next(iter(self._familiar))]

    def _search_previous(self, client: Client, secret: SecretStr, address: str) -> None:
        """Find out, after the answer, whether what was refused is a previous secret."""
        if not client.credential.retired:
            return

        async def search() -> None:
            with suppress(OAuthError, StoreError):
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
