"""Everything that credtui does with a store, in one go."""

import asyncio
from datetime import timedelta

from credtui.domain.audit import Action
from credtui.domain.permissions import Operator
from credtui.domain.place import Place
from credtui.domain.usage import Usage
from credtui.store.port import Store
from tests.store.test_contract import PUBLIC_KEY, add, hold_lease
from tests.support import ALICE, START, make_credential, seeded_bytes, set_all_operators


def use_all(store: Store, place: Place, first: int) -> None:
    """Do everything that credtui does with a store.

    Args:
        store: The store.
        place: A place that has nothing yet.
        first: The number of the place's first credential; the next number is used too.
    """
    one, other = make_credential(first), make_credential(first + 1)
    for credential in (one, other):
        add(store, credential, place)
    with store.transaction(place) as transaction:
        organization = transaction.organization.set_networks(["192.0.2.0/24"])
        transaction.organization = organization.delete(other.client_id)
        transaction.record(START, ALICE, Action.DELETE)
    set_all_operators(
        store, Operator(name="ann", keys=(PUBLIC_KEY,)), Operator(name="ray", representative=True)
    )
    with hold_lease(store):
        assert store.leases(Place("uat", "acme"))
    used = Usage(last_used_at=START)
    store.add_usage(place, {one.client_id: used})
    assert store.usage(place) == {one.client_id: used}
    store.keep_theme("ann", "light")
    assert store.token_key(seeded_bytes()) == store.token_key(seeded_bytes(2))
    token, end = f"token {first}", START + timedelta(seconds=first)
    store.revoke("uat", token, end)
    store.sweep_revocations("uat", START + timedelta(hours=1))

    async def ask() -> None:
        found = await store.find_client("uat", one.client_id)
        assert found is not None
        assert found.place == place
        assert await store.find_bearer("uat", one.client_id, token, end) is None
        late = START + timedelta(hours=2)
        assert await store.find_bearer("uat", one.client_id, "other", late) == found

    asyncio.run(ask())
    assert store.standing_in("acme", ALICE).grantor == "ray"
    assert [operator.name for operator in store.operators().members] == ["ann", "ray"]
    assert place.organization in store.organizations()
    assert store.verify_events(place) == store.events(place)[0]
    store.version(place)
