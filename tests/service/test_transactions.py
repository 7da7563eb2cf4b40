"""Decisions inside a transaction rest on the transaction alone, and not on the store."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, cast

import pytest
from pydantic import SecretStr

from credtui.domain.permissions import Actor, Operator, Permission
from credtui.domain.refusals import Refusal
from credtui.service.operators import OperatorService
from credtui.store.port import Store
from tests.conftest import MakeService
from tests.support import ALICE, SECRET, SteppedClock

pytestmark = pytest.mark.each_store

EVE = Actor(operator="eve")
RITA = Actor(operator="rita")


class OneThingAtATime:
    """A store that fails when it is asked something while one of its transactions is open."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._open = False
        self.transactions = 0

    def __getattr__(self, name: str) -> Any:
        assert not self._open, f"{name} was asked of the store while a transaction was open"
        asked = getattr(self._store, name)
        return self._watched(asked) if name.endswith("transaction") else asked

    def _watched(self, begin: Callable[..., Any]) -> Callable[..., AbstractContextManager[Any]]:
        @contextmanager
        def watched(*place: Any) -> Iterator[Any]:
            assert not self._open
            with begin(*place) as transaction:
                self._open = True
                try:
                    yield transaction
                finally:
                    self._open = False
                    self.transactions += 1

        return watched


@pytest.fixture
def strict(store: Store) -> OneThingAtATime:
    return OneThingAtATime(store)


@pytest.mark.parametrize("actor", [ALICE, EVE, RITA], ids=lambda actor: actor.operator)
@pytest.mark.parametrize("organization", ["acme", "amce"])
def test_credentials(
    make_service: MakeService,
    strict: OneThingAtATime,
    set_operators: Callable[..., None],
    actor: Actor,
    organization: str,
) -> None:
    whole = make_service()
    first, second = (whole.generate(name).credential.client_id for name in ("One", "Two"))
    set_operators(
        Operator(name="rita", representative=True),
        Operator(name="alice", permissions={"acme": Permission.CAN_EDIT}),
    )
    service = make_service(actor, organization=organization, store=cast("Store", strict))
    uses: list[Callable[[], object]] = [
        service.page,
        service.view,
        service.version,
        service.events,
        service.verify_events,
        lambda: service.identify(SECRET),
        lambda: service.identify(SecretStr("csk_uat_" + "x" * 43)),
        lambda: service.rename(second, "Second"),
        lambda: service.rename(second, ""),
        lambda: service.confirm(second, seen=1, how="delivered"),
        lambda: service.rotate(second),
        lambda: service.replace(first, "Third"),
        lambda: service.generate("Fourth"),
        lambda: service.make_primary(second),
        lambda: service.finish_replacement(first),
        lambda: service.set_networks(["192.0.2.0/24"]),
        lambda: service.delete(second),
        lambda: service.delete(second, typed_name="Second"),
    ]
    for use in uses:
        with suppress(Refusal):
            use()
    assert strict.transactions >= 10


@pytest.mark.parametrize("actor", [ALICE, RITA], ids=lambda actor: actor.operator)
def test_operators(
    store: Store, strict: OneThingAtATime, clock: SteppedClock, actor: Actor
) -> None:
    OperatorService(store, RITA, clock=clock).add("rita", representative=True)
    service = OperatorService(cast("Store", strict), actor, clock=clock)
    uses: list[Callable[[], object]] = [
        service.operators,
        service.organizations,
        service.viewable_organizations,
        service.events,
        service.verify_events,
        lambda: service.create_organization("acme", "uat"),
        lambda: service.create_organization("acme", "uat"),
        lambda: service.add("bob", permissions={"acme": Permission.CAN_VIEW}),
        lambda: service.add("bob", permissions={"amce": Permission.CAN_VIEW}),
        lambda: service.set("bob", permissions={"acme": Permission.CAN_EDIT}),
        lambda: service.remove("bob"),
        lambda: service.ensure_identified("list"),
    ]
    for use in uses:
        with suppress(Refusal):
            use()
    assert strict.transactions >= 5
