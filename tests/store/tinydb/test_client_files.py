"""Clients that a TinyDB store keeps in memory, while credentials change."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from credtui.domain.client import Client
from credtui.domain.models import IssuedSecret
from credtui.domain.place import Place
from credtui.service.credentials import CredentialService
from credtui.store.tinydb.client_files import ClientFiles
from credtui.store.tinydb.store import TinyDBStore
from tests.conftest import MakeService


@pytest.fixture
def clients(store: TinyDBStore, store_folder: Path) -> Iterator[ClientFiles]:
    clients = ClientFiles(store_folder, store.load, limit=2)
    yield clients
    clients.close()


@pytest.fixture
def issued(service: CredentialService) -> IssuedSecret:
    return service.generate("Payout gateway")


@pytest.fixture
def client_id(issued: IssuedSecret) -> str:
    return issued.credential.client_id


async def found(clients: ClientFiles, client_id: str) -> Client:
    client = clients.recall("uat", client_id) or await clients.find("uat", client_id)
    assert client is not None
    return client


async def test_a_client_is_found_and_then_recalled(clients: ClientFiles, client_id: str) -> None:
    assert clients.recall("uat", client_id) is None
    client = await found(clients, client_id)
    assert client.place == Place("uat", "acme")
    assert clients.recall("uat", client_id) is client
    assert clients.recall("production", client_id) is None


async def test_nothing_is_recalled_after_a_change(
    clients: ClientFiles, client_id: str, service: CredentialService
) -> None:
    for _ in range(3):
        await found(clients, client_id)
        service.rotate(client_id)
        assert clients.recall("uat", client_id) is None
    assert (await found(clients, client_id)).credential.generation == 4


async def test_a_deleted_client_is_gone_even_if_its_index_entry_stayed(
    clients: ClientFiles, service: CredentialService, store_folder: Path, client_id: str
) -> None:
    other = service.generate("Other").credential.client_id
    await found(clients, other)
    service.delete(other)
    (store_folder / "uat" / ".clients" / other).symlink_to("acme")
    assert clients.recall("uat", other) is None
    assert await clients.find("uat", other) is None
    await found(clients, client_id)


async def test_the_organizations_asked_for_last_are_remembered(
    clients: ClientFiles, make_service: MakeService
) -> None:
    one, two, three = (
        make_service(organization=name).generate("x").credential.client_id
        for name in ("a", "b", "c")
    )
    for client_id in (one, two, one, three):
        await found(clients, client_id)
    recalled = [clients.recall("uat", client_id) is not None for client_id in (one, two, three)]
    assert recalled == [True, False, True]


@pytest.mark.filterwarnings("error::ResourceWarning")
async def test_the_files_of_forgotten_organizations_are_closed(
    clients: ClientFiles, make_service: MakeService, store_folder: Path
) -> None:
    for name in ("a", "b", "c", "d"):
        await found(clients, make_service(organization=name).generate("x").credential.client_id)
    assert len(open_files(store_folder)) == 2
    clients.close()
    assert open_files(store_folder) == []


def open_files(folder: Path) -> list[str]:
    """Return the files below a folder that this process has open."""
    targets = []
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            targets.append(str(descriptor.readlink()))
        except FileNotFoundError:  # the descriptor of this listing
            continue
    return [target for target in targets if target.startswith(f"{folder}/")]
