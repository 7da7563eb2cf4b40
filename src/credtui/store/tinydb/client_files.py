"""Finding clients, from memory if their organization's file has not changed."""

import asyncio
import resource
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from cachetools import Cache, LRUCache

from credtui.domain.client import Client
from credtui.domain.errors import InvalidOrganizationError, StoreError
from credtui.domain.names import parse_organization
from credtui.domain.organization import Organization
from credtui.domain.place import Place
from credtui.store.tinydb.client_index import ClientIndex
from credtui.store.tinydb.watch import HeldFile, identify

LOOK_EVERY = 10.0
"""Seconds between two searches through an environment for changed files."""

_MAX_ORGANIZATIONS = 20_000

Load = Callable[[Place], Organization]


class ClientFiles:
    """Finds clients in a TinyDB store's folder, and remembers those that were asked for last.

    A remembered client counts only while its organization's file is still the one that was read.
    Each look-up checks this. So a change shows here as soon as it is on disk.

    Args:
        folder: The store's folder.
        load: Reads an organization.
        limit: How many organizations to remember, each with an open file. The default follows from
            the number of files that this process may open.
    """

    def __init__(self, folder: Path, load: Load, limit: int | None = None) -> None:
        self._folder = folder
        self._load = load
        self._kept = _KeptOrganizations(limit or _room_for_organizations())
        self._lock = threading.Lock()
        self._surveys: dict[str, _Survey] = {}
        self._surveyor = ThreadPoolExecutor(1, "survey")

    async def find(self, environment: str, client_id: str) -> Client | None:
        """Return a client that a thread reads from the disk; None if there is none.

        Raises:
            StoreError: The store can't be read.
        """
        if client := await asyncio.to_thread(self._find, environment, client_id):
            return client
        # One thread does all searching, so that other look-ups needn't wait for it.
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._surveyor, self._search, environment, client_id)

    def recall(self, environment: str, client_id: str) -> Client | None:
        """Return a client from memory; None if it isn't there, or its file has changed.

        This costs one `stat`.
        """
        with self._lock:
            place = self._kept.places.get((environment, client_id))
            if place is None:
                return None
            kept = self._kept[place]
            if kept.file.is_replaced():
                del self._kept[place]
                return None
            return kept.clients.get(client_id)

    def close(self) -> None:
        """Close all files and end the thread."""
        self._surveyor.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            for place in list(self._kept):
                del self._kept[place]

    def _find(self, environment: str, client_id: str) -> Client | None:
        organization = ClientIndex(self._folder / environment).find(client_id)
        return self._read(environment, organization, client_id)

    def _search(self, environment: str, client_id: str) -> Client | None:
        folder = self._folder / environment
        survey = self._surveys.setdefault(environment, _Survey(folder, self._load))
        client = self._read(environment, survey.find(client_id), client_id)
        if client is not None:
            # Where the index can't be written, the survey goes on finding the client.
            with suppress(StoreError):
                ClientIndex(folder).add(client.place.organization, [client_id])
        return client

    def _read(self, environment: str, organization: str | None, client_id: str) -> Client | None:
        if organization is None:
            return None
        place = Place(environment, organization)
        # Hold the file before reading it, so that a change in between is noticed.
        file = HeldFile(self._folder / place.environment / f"{place.organization}.json")
        try:
            loaded = self._load(place)
        except BaseException:
            file.close()
            raise
        clients = {
            credential.client_id: Client(place, credential, loaded.networks)
            for credential in loaded.credentials
        }
        if file.is_open:
            with self._lock:
                self._kept.pop(place, None)
                self._kept[place] = _Kept(file, clients)
        return clients.get(client_id)


class _Kept(NamedTuple):
    file: HeldFile
    clients: Mapping[str, Client]


class _KeptOrganizations(LRUCache[Place, _Kept]):
    """The organizations that were asked for last. Dropping an organization closes its file.

    Attributes:
        places: The place of each of their clients, by environment and Client ID.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.places: dict[tuple[str, str], Place] = {}

    def __setitem__(self, place: Place, kept: _Kept) -> None:
        super().__setitem__(place, kept)
        for client_id in kept.clients:
            self.places[place.environment, client_id] = place

    def __delitem__(self, place: Place) -> None:
        # The base class calls this for each organization that it drops.
        kept = Cache.__getitem__(self, place)
        super().__delitem__(place)
        kept.file.close()
        for client_id in kept.clients:
            self.places.pop((place.environment, client_id), None)


class _Survey:
    """The Client IDs of an environment, read from the organizations' own files.

    The index lacks a credential after an organization's file was restored from a backup, or after a
    power cut damaged an entry. A search costs a `stat` for each organization. Strangers can send
    any number of Client IDs that don't exist, so a search runs once in `LOOK_EVERY` seconds.
    """

    def __init__(self, folder: Path, load: Load) -> None:
        self._folder = folder
        self._load = load
        self._files: dict[str, object] = {}
        self._organizations: dict[str, str] = {}
        self._next = 0.0

    def find(self, client_id: str) -> str | None:
        """Return the organization that had a credential at the last search, None if none had."""
        if time.monotonic() >= self._next:
            self._look()
            self._next = time.monotonic() + LOOK_EVERY
        return self._organizations.get(client_id)

    def _look(self) -> None:
        for path in self._folder.glob("*.json"):
            identity = identify(path)
            if self._files.get(path.name) == identity:
                continue
            # A damaged file is no error here. The operators of its organization get the error.
            with suppress(StoreError, InvalidOrganizationError):
                organization = parse_organization(path.stem)
                place = Place(self._folder.name, organization)
                client_ids = [found.client_id for found in self._load(place).credentials]
                self._organizations.update(dict.fromkeys(client_ids, organization))
                self._files[path.name] = identity


def _room_for_organizations() -> int:
    """Raise the limit of open files, and return how many organizations may be remembered."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MAX_ORGANIZATIONS * 2
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(10, min(_MAX_ORGANIZATIONS, soft // 2))
