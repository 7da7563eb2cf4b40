"""The credentials that clients present, remembered as long as they are as on disk."""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from credtui.domain.models import Environment, StoredCredential
from credtui.domain.networks import is_allowed
from credtui.domain.place import Place
from credtui.store.port import Store, Watch


class Client(NamedTuple):
    """A client that the store knows, at one moment.

    Attributes:
        place: Where its credential is kept.
        credential: Its credential.
        audience: The audience of its access tokens.
        networks: The networks from which it may be used; from everywhere where there is none.
    """

    place: Place
    credential: StoredCredential
    audience: str
    networks: tuple[str, ...] = ()

    @property
    def client_id(self) -> str:
        """Its Client ID."""
        return self.credential.client_id

    def may_come_from(self, address: str) -> bool:
        """Tell whether it may be used from an address."""
        return not self.networks or _is_allowed(address, self.networks)


class _Kept(NamedTuple):
    watch: Watch
    clients: Mapping[str, Client]


class Clients:
    """Finds clients, and remembers the organizations that were asked for last.

    What is remembered counts only while the store's files are the very ones that were read, which
    is checked each time. So a change is known here from the moment it is on disk.
    """

    def __init__(self, store: Store, environments: Mapping[str, Environment], limit: int) -> None:
        self._store = store
        self._environments = environments
        self._limit = limit
        self._kept: OrderedDict[Place, _Kept] = OrderedDict()
        self._places: dict[tuple[str, str], Place] = {}
        self._lock = threading.Lock()

    def recall(self, environment: str, client_id: str) -> Client | None:
        """Return a client that is remembered, and as on disk. This never waits for a disk."""
        with self._lock:
            place = self._places.get((environment, client_id))
            kept = self._kept.get(place) if place else None
            if place is None or kept is None:
                return None
            if kept.watch.changed():
                self._forget(place)
                return None
            return kept.clients.get(client_id)

    def find(self, environment: str, client_id: str) -> Client | None:
        """Return a client as it is on disk, None if there is none.

        Raises:
            StoreError: The store can't be read.
        """
        if client := self.recall(environment, client_id):
            return client
        place = self._store.find(environment, client_id)
        return self._load(place).get(client_id) if place else None

    def close(self) -> None:
        """Forget everything."""
        with self._lock:
            for place in list(self._kept):
                self._forget(place)

    def _load(self, place: Place) -> Mapping[str, Client]:
        # The watch begins before the organization is read: a change in between shows.
        watch = self._store.watch_organization(place)
        try:
            organization = self._store.load(place)
        except BaseException:
            watch.close()
            raise
        audience = self._environments[place.environment].audience_for(place.organization)
        clients = {
            credential.client_id: Client(place, credential, audience, organization.networks)
            for credential in organization.credentials
        }
        with self._lock:
            self._forget(place)
            self._kept[place] = _Kept(watch, clients)
            for client_id in clients:
                self._places[place.environment, client_id] = place
            if len(self._kept) > self._limit:
                self._forget(next(iter(self._kept)))
        return clients

    def _forget(self, place: Place) -> None:
        if kept := self._kept.pop(place, None):
            kept.watch.close()
            for client_id in kept.clients:
                self._places.pop((place.environment, client_id), None)


@lru_cache(maxsize=4096)
def _is_allowed(address: str, networks: tuple[str, ...]) -> bool:
    return is_allowed(address, networks)
