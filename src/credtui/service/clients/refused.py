"""Remembering refused secrets, and finding out which of them are previous ones."""

import asyncio

from cachetools import LRUCache
from pydantic import SecretStr

from credtui.domain.client import Client
from credtui.domain.clock import Clock
from credtui.domain.errors import TooManyGuessesError
from credtui.service.clients.throttle import Lane
from credtui.service.clients.usage_recorder import UsageRecorder
from credtui.service.clients.verified import VerifiedSecrets

_REMEMBERED = 50_000


class RefusedSecrets:
    """Remembers refused attempts, and counts those with a previous secret.

    An attempt that is repeated costs no bcrypt and is no further guess. So instances of a client
    that still present a previous secret don't keep the others from presenting the new one.

    It takes bcrypt to find out whether a refused secret is a previous one. A thread that gives way
    to everything else does this after the answer. It does the same work for each refused secret,
    whether or not the client exists. So nobody can tell from the answers that follow.

    Args:
        secrets: Checks previous secrets.
        usage: Where uses of previous secrets are counted.
        clock: The present moment.
    """

    def __init__(self, secrets: VerifiedSecrets, usage: UsageRecorder, clock: Clock) -> None:
        self._secrets = secrets
        self._usage = usage
        self._clock = clock
        self._lane = Lane(1, waiting=32, niceness=19)
        # Whether the secret was a previous one, by `VerifiedSecrets.identify`.
        self._previous: LRUCache[bytes, bool] = LRUCache(_REMEMBERED)
        self._searches: dict[bytes, asyncio.Task[bool]] = {}

    def knows(self, attempt: bytes) -> bool:
        """Tell whether this attempt was refused before."""
        return attempt in self._searches or attempt in self._previous

    def add(self, attempt: bytes, client: Client | None, secret: SecretStr, address: str) -> None:
        """Remember that an attempt was refused, and count it if its secret is a previous one.

        When too many wait to be checked, the attempt is neither remembered nor counted.
        """
        at = self._clock()

        def count(search: asyncio.Future[bool]) -> None:
            if client is not None and not search.cancelled() and search.result():
                self._usage.record_previous_secret(client, address, at)

        self._search(attempt, client, secret).add_done_callback(count)

    def close(self) -> None:
        """End the thread."""
        self._lane.close()

    def _search(
        self, attempt: bytes, client: Client | None, secret: SecretStr
    ) -> asyncio.Future[bool]:
        """Return whether the secret is a previous one, once that is known."""
        if attempt in self._previous:
            known: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
            known.set_result(self._previous[attempt])
            return known
        if attempt not in self._searches:
            search = asyncio.create_task(self._check(attempt, client, secret))
            self._searches[attempt] = search
            search.add_done_callback(lambda _: self._searches.pop(attempt))
        return self._searches[attempt]

    async def _check(self, attempt: bytes, client: Client | None, secret: SecretStr) -> bool:
        try:
            previous = await self._lane.run(self._secrets.verify_previous, client, secret)
        except TooManyGuessesError:
            return False
        self._previous[attempt] = previous
        return previous
