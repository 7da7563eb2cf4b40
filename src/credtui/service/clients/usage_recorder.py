"""Counts how credentials are used: in memory, and in batches in the store."""

import logging
import threading
import time
from collections import Counter, defaultdict
from datetime import datetime

from credtui.domain.client import Client
from credtui.domain.errors import StoreError
from credtui.domain.place import Place
from credtui.domain.usage import Caller, PreviousSecretUse, Usage, hour_of
from credtui.store.port import UsageStore

PATIENCE = 5.0
"""Seconds after which a failure ends an attempt to write, however many organizations are left."""

MAX_UNWRITTEN = 10_000
"""How many credentials' uses are kept while they can't be written.

Those of one take 2 KB, and up to 25 KB if many addresses use it around the clock.
"""

logger = logging.getLogger(__name__)


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
    """Counts uses of credentials. A crash loses uses that weren't written down yet.

    When the uses of too many credentials wait to be written, those of the organizations that have
    not been used for longest are lost.
    """

    def __init__(self, store: UsageStore) -> None:
        self._store = store
        self._tallies: dict[Place, defaultdict[str, _Tally]] = {}
        # The organization that was used last comes last.
        self._unwritten: dict[Place, dict[str, Usage]] = {}
        self._lock = threading.Lock()
        self._writing = threading.Lock()

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
        # Two threads would write the same uses: the last write of a server that stops may begin
        # while another is under way.
        with self._writing:
            self._gather()
            failure = self._write_gathered()
            self._make_room()
        if failure:
            raise failure

    def _gather(self) -> None:
        with self._lock:
            tallies, self._tallies = self._tallies, {}
        for place, organization in tallies.items():
            unwritten = self._unwritten[place] = self._unwritten.pop(place, {})
            for client_id, tally in organization.items():
                before = unwritten.get(client_id)
                usage = tally.usage()
                unwritten[client_id] = before.merged(usage) if before else usage

    def _write_gathered(self) -> StoreError | None:
        """Write what was gathered, and return the last failure."""
        failure: StoreError | None = None
        give_up = time.monotonic() + PATIENCE
        for place, usage_by_client in list(self._unwritten.items()):
            try:
                self._store.add_usage(place, usage_by_client)
            except StoreError as error:
                failure = error
                if time.monotonic() >= give_up:
                    break
            else:
                del self._unwritten[place]
        return failure

    def _make_room(self) -> None:
        excess = sum(map(len, self._unwritten.values())) - MAX_UNWRITTEN
        lost = 0
        while lost < excess:
            lost += len(self._unwritten.pop(next(iter(self._unwritten))))
        if lost:
            logger.error(
                "Uses of %d credentials were not recorded: those of more than %d others wait.",
                lost,
                MAX_UNWRITTEN,
            )

    def _tally(self, client: Client) -> _Tally:
        organization = self._tallies.setdefault(client.place, defaultdict(_Tally))
        return organization[client.client_id]
