"""Fixtures for all tests."""

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest
from hypothesis import HealthCheck, settings

from credtui.domain.models import Environment
from credtui.domain.permissions import Actor
from credtui.domain.secrets import RandomBytes
from credtui.service.credentials import CredentialService
from credtui.store.port import Store
from tests import stores
from tests.support import (
    ALICE,
    UAT,
    SteppedClock,
    default_signals_in_children,
    seeded_bytes,
    set_all_operators,
)

if TYPE_CHECKING:
    from tests.postgres.server import Server

# Tests reach the servers that they start without a proxy, and without a person's own settings for
# PostgreSQL. Pictures have colours.
for name in list(os.environ):
    if name.lower().endswith("_proxy") or name.startswith("PG") or name == "NO_COLOR":
        del os.environ[name]

# The tests may run on a shared, slow machine, so an example may take any time. CI tries the same
# examples each time, so that a failure comes from a change.
settings.register_profile(
    "credtui", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.register_profile("ci", settings.get_profile("credtui"), derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "credtui")


class MakeService(Protocol):
    """Makes a service on the test's store."""

    def __call__(
        self,
        actor: Actor = ALICE,
        *,
        organization: str = "acme",
        environment: Environment = UAT,
        store: Store | None = None,
    ) -> CredentialService: ...


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--store",
        choices=stores.STORES,
        help="the only store to test with; by default each, or TinyDB for most tests",
    )


def pytest_configure(config: pytest.Config) -> None:
    os.environ[stores.CHOSEN] = config.getoption("--store") or stores.DEFAULT


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that is marked `each_store` and uses a store on each, or on the chosen one."""
    marked = metafunc.definition.get_closest_marker("each_store")
    if marked and "store_name" in metafunc.fixturenames:
        only = metafunc.config.getoption("--store")
        if metafunc.definition.get_closest_marker("files"):
            only = only or stores.DEFAULT
        metafunc.parametrize("store_name", [only] if only else [*stores.STORES], indirect=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ[stores.CHOSEN] != stores.DEFAULT:
        for item in items:
            if item.get_closest_marker("files"):
                item.add_marker(pytest.mark.skip("needs TinyDB's files"))


@pytest.fixture(scope="session", autouse=True)
def signals() -> Iterator[None]:
    """Lets signals end the programs under test, even if the test run ignores these signals."""
    with default_signals_in_children():
        yield


@pytest.fixture(scope="session")
def postgres_server() -> Iterator["Server"]:
    """The PostgreSQL server that tests share. It starts for the first test that needs it."""
    from tests.postgres.shared import shared_server

    with shared_server() as server:
        yield server


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def random_bytes() -> RandomBytes:
    return seeded_bytes()


@pytest.fixture
def store_name(request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of the store that the test runs on."""
    name = getattr(request, "param", os.environ[stores.CHOSEN])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(stores.CHOSEN, name)
        yield name


@pytest.fixture
def store_folder(tmp_path: Path, store_name: str) -> Iterator[Path]:
    folder = tmp_path / "store"
    yield folder
    stores.remove_database_of(folder)


@pytest.fixture
def open_store(store_folder: Path) -> Callable[[], Store]:
    """Opens the test's store, as another process would."""
    return partial(stores.open_store, store_folder)


@pytest.fixture
def store(open_store: Callable[[], Store]) -> Iterator[Store]:
    store = open_store()
    yield store
    store.close()


@pytest.fixture
def make_service(store: Store, clock: SteppedClock, random_bytes: RandomBytes) -> MakeService:
    default_store = store

    def make(
        actor: Actor = ALICE,
        *,
        organization: str = "acme",
        environment: Environment = UAT,
        store: Store | None = None,
    ) -> CredentialService:
        return CredentialService(
            store or default_store,
            environment,
            organization,
            actor,
            clock=clock,
            random_bytes=random_bytes,
            bcrypt_cost=4,
        )

    return make


@pytest.fixture
def service(make_service: MakeService) -> CredentialService:
    return make_service()


@pytest.fixture
def set_operators(store: Store) -> Callable[..., None]:
    """Makes its arguments the operators of the test's store."""
    return partial(set_all_operators, store)
