"""A token endpoint that tests share. Each test has its own organization and address."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.server.serving import Account, Server, serving


@pytest.fixture(scope="session")
def served_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("served") / "store"


@pytest.fixture(scope="session")
def gateway(served_store: Path) -> Account:
    """The API's own gateway, which may introspect."""
    return Account(served_store, "gateway")


@pytest.fixture(scope="session")
def server(served_store: Path, gateway: Account) -> Iterator[Server]:
    """A server that believes X-Forwarded-For from the loopback address."""
    with serving(
        served_store,
        served_store.with_name("log"),
        server={
            "trusted_proxies": ["127.0.0.0/8"],
            "introspection_clients": [gateway.client_id],
        },
    ) as running:
        yield running


@pytest.fixture
def digest(request: pytest.FixtureRequest) -> bytes:
    return hashlib.sha256(request.node.nodeid.encode()).digest()


@pytest.fixture
def address(digest: bytes) -> str:
    """An address that no other test has."""
    return ".".join(str(part) for part in (10, *digest[:3]))


@pytest.fixture
def account(server: Server, digest: bytes) -> Account:
    """An organization that no other test has."""
    return Account(server.store, f"o-{digest.hex()[:16]}")


@pytest.fixture
def client(server: Server, address: str) -> Iterator[httpx.Client]:
    with server.client(address) as http:
        yield http


@pytest.fixture
def own_store(store_folder: Path) -> Path:
    """The store of a test that starts its own server."""
    return store_folder
