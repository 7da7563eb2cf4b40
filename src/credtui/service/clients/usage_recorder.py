"""Counts how credentials are used: in memory, and in batches in the store."""

import threading
from collections import Counter, defaultdict
from datetime import datetime

from credtui.domain.client import Client
from credtui.domain.errors import StoreError
from credtui.domain.place import Place
from credtui.domain.usage import Caller, PreviousSecretUse, Usage, hour_of
from credtui.store.port import UsageStore


class _Calls:
    """The access tokens that were issued to an address."""

    __slots__ = "generation", "issued", "last_at"

    def __init__(self) -> None:
        self.issued: defaultdict[int, int] = defaultdict(int)
        self.last_at: datetime
        self.generation: int


class _Tally:
    """The uses of one credential since usage was last written down.

    The address that was used last comes last.
    """

    def __init__(self) -> None:
        self.calls: dict[str, _Calls] = {}
        self.previous: PreviousSecretUse | None = None

    def usage(self) -> Usage:
        callers = tuple(
            Caller(
                address=address,
                generation=calls.generation,
                last_at=calls.last_at,
                issued=calls.issued,
            )
            for address, calls in self.calls.items()
        )
        issued = Counter[int]()
        for caller in callers:
            issued.update(caller.issued)
        last = callers[-1] if callers else None
        return Usage(
            last_used_at=last.last_at if last else None,
            last_used_from=last.address if last else None,
            issued=issued,
            callers=callers,
            previous_secret=self.previous,
        )


class UsageRecorder:
    """Counts uses of credentials. A crash loses uses that weren't written down yet."""

    def __init__(self, store: UsageStore) -> None:
        self._store = store
        self._tallies: dict[Place, defaultdict[str, _Tally]] = {}
        self._unwritten: dict[Place, dict[str, Usage]] = {}
        self._lock = threading.Lock()

    def record_token(self, client: Client, address: str, at: datetime) -> None:
        """Count an access token that was issued."""
        with self._lock:
            by_address = self._tally(client).calls
            calls = by_address.pop(address, None) or _Calls()
            calls.issued[hour_of(at)] += 1
            calls.last_at = at
            calls.generation = client.credential.generation
            by_address[address] = calls

    def record_previous_secret(self, client: Client, address: str, at: datetime) -> None:
        """Count a refused use of a previous secret."""
        generation = client.credential.generation
        with self._lock:
            tally = self._tally(client)
            before = tally.previous
            again = before is not None and before.generation == generation
            tally.previous = PreviousSecretUse(
                generation=generation,
                count=before.count + 1 if before and again else 1,
                last_at=at,
                last_from=address,
            )

    def last_address(self, client: Client) -> str | None:
        """Return the address to which the client's last token was issued, as written down.

        Blocks on a disk.
        """
        usage = self._store.usage(client.place).get(client.client_id)
        return usage.last_used_from if usage else None

    def write(self) -> None:
        """Write down the uses that were counted. Blocks on a lock and a disk.

        Raises:
            StoreError: Some uses can't be written. They are kept for the next time.
        """
        with self._lock:
            tallies, self._tallies = self._tallies, {}
        for place, organization in tallies.items():
            unwritten = self._unwritten.setdefault(place, {})
            for client_id, tally in organization.items():
                before = unwritten.get(client_id)
                usage = tally.usage()
                unwritten[client_id] = before.merged(usage) if before else usage
        failure: StoreError | None = None
        for place, usage_by_client in list(self._unwritten.items()):
            try:
                self._store.add_usage(place, usage_by_client)
            except StoreError as error:
                failure = error
            else:
                del self._unwritten[place]
        if failure:
            raise failure

    def _tally(self, client: Client) -> _Tally:
        organization = self._tallies.setdefault(client.place, defaultdict(_Tally))
        return organization[client.client_id]
