"""A rich store to copy, and all that the port tells of a store."""

import asyncio
import os
import pwd
import shutil
from base64 import b64decode
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from credtui.domain.audit import Action, all_events
from credtui.domain.operators import Operators
from credtui.domain.permissions import Actor, Operator, Permission
from credtui.domain.place import Place
from credtui.domain.usage import Caller, Usage, hour_of
from credtui.home import open_copyable, open_store
from credtui.service.credentials import CredentialService
from credtui.store.copying import Copyable
from credtui.store.port import Store
from tests.postgres.shared import create_database
from tests.stores import database_of
from tests.support import PRODUCTION, START, UAT, SteppedClock, seeded_bytes

ANN = Actor(operator="ann", address="198.51.100.7", channel="command line")
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHYjv2uVkBPFkcXVwQqKp3nSXp8DRDk8p6VsB6x6bXvG ann@laptop"
HOSTILE = "\u4ed8\u6b3e \U0001f4b3 \ufb01 A\u0301 '; -- %s $1 {} \\ [b]x[/b]"
PLACES = [
    Place(environment, organization)
    for environment in ("production", "uat")
    for organization in ("acme", "globex", "initech")
]
OPERATORS = [
    Operator(name="ann", keys=(KEY,), representative=True),
    Operator(name="bob", permissions={"acme": Permission.CAN_EDIT, "globex": Permission.CAN_VIEW}),
    Operator(name=pwd.getpwuid(os.getuid()).pw_name, representative=True),
    Operator(name="aaron", permissions={"initech": Permission.NO_ACCESS}),
]
USED = Usage(
    last_used_at=START,
    last_used_from="192.0.2.1",
    callers=(Caller(address="192.0.2.1", generation=8, last_at=START, issued={hour_of(START): 3}),),
)
LATER = START + timedelta(days=40)
SWEPT, REVOKED = START + timedelta(hours=1), LATER + timedelta(hours=1)


_numbers = count()
_folder = TemporaryDirectory(prefix="credtui-rich-")  # removed when the tests end


def address(kind: str, folder: Path) -> str:
    """Return how a command names the store of a kind that belongs to a folder."""
    return database_of(folder) if kind == "postgres" else str(folder)


def open_at(named: str) -> Store:
    """Open the store at an address."""
    return open_store(Path("/"), named) if "://" in named else open_store(Path(named))


def copyable_at(named: str) -> Copyable:
    return open_copyable(named)


@cache
def _filled(kind: str) -> tuple[str, Mapping[str, str]]:
    """Make a rich store of a kind. Return its address, and secrets that work, by Client ID."""
    named = address(kind, Path(_folder.name) / kind)
    with closing(open_at(named)) as store:
        return named, fill(store)


def filled(kind: str, folder: Path) -> tuple[str, Mapping[str, str]]:
    """Return the address of a rich store that belongs to a folder, and secrets that work."""
    named, secrets = _filled(kind)
    return clone(named, folder), secrets


def clone(named: str, folder: Path) -> str:
    """Copy a store as it is. Return the address of the copy."""
    if "://" in named:
        return create_database(f"clone_{next(_numbers)}_{os.getpid()}", named.rpartition("/")[2])
    shutil.copytree(named, folder)
    return str(folder)


def fill(store: Store) -> Mapping[str, str]:
    """Make a store rich. Return secrets that work, by Client ID."""
    clock, random_bytes = SteppedClock(), seeded_bytes(3)
    with store.operators_transaction() as transaction:
        transaction.operators = Operators(members=tuple(reversed(OPERATORS)))
        transaction.record(clock(), ANN, Action.SET_OPERATOR)
    with store.operators_transaction() as transaction:
        transaction.operators = Operators(members=tuple(OPERATORS))
        transaction.record(clock(), ANN, Action.SET_OPERATOR)
    secrets = {}
    for organization, environment in (
        ("acme", UAT),
        ("acme", PRODUCTION),
        ("globex", UAT),
        ("initech", PRODUCTION),
    ):
        place = Place(environment.name, organization)
        with store.operators_transaction() as transaction:
            transaction.create_organization(place)
            transaction.record(clock(), ANN, Action.CREATE_ORGANIZATION, name=organization)
        service = CredentialService(
            store,
            environment,
            organization,
            ANN,
            clock=clock,
            random_bytes=random_bytes,
            bcrypt_cost=4,
        )
        ids = []
        for name in (HOSTILE, "Payouts", "payroll"):
            clock.advance()
            issued = service.generate(name)
            secrets[issued.credential.client_id] = issued.secret.get_secret_value()
            ids.append(issued.credential.client_id)
            issued.lease.close()
        for _ in range(7):
            clock.advance()
            rotated = service.rotate(ids[1])
            secrets[ids[1]] = rotated.secret.get_secret_value()
            rotated.lease.close()
        service.confirm(ids[1], seen=8, how="checked")
        service.make_primary(ids[2])
        service.delete(ids[0])
        del secrets[ids[0]]
        service.rename(ids[1], HOSTILE.upper())
        service.set_networks(["192.0.2.0/24", "2001:db8::/32"])
        store.add_usage(place, {ids[1]: USED, ids[2]: USED})
    with store.transaction(PLACES[0]) as transaction_of_many:
        for number in range(220):
            clock.advance(timedelta(seconds=1))
            transaction_of_many.record(clock(), ANN, Action.VIEW, name=HOSTILE, detail=f"{number}")
    for operator in ("ann", "bob", "\udcff nobody"):
        store.keep_theme(operator, "light")
    store.token_key(seeded_bytes(5))
    for token, expires_at in (("old", SWEPT), ("older", SWEPT - timedelta(days=2))):
        store.revoke("uat", token, expires_at)
    store.sweep_revocations("uat", LATER)
    store.revoke("uat", "new", REVOKED)
    store.revoke("production", "other", REVOKED)
    return secrets


def everything(store: Store) -> Mapping[str, Any]:
    """Return all that the port tells of a store which no mark stops."""
    found: dict[str, Any] = {
        "organizations": store.organizations(),
        "operators": store.operators(),
        "operator events": list(all_events(store.operator_events)),
        "last operator event": store.verify_operator_events(),
        "key": store.operators_for_key(b64decode(KEY.split()[1])),
        "token key": store.token_key(seeded_bytes(6)),
        "themes": [store.theme_of(name) for name in ("ann", "bob", "aaron", "\udcff nobody")],
        "revoked": [
            asyncio.run(is_revoked(store, environment, token, expires_at))
            for environment in ("uat", "production")
            for token, expires_at in (
                *(("old", SWEPT), ("older", SWEPT - timedelta(days=2)), ("never", REVOKED)),
                *(("new", REVOKED), ("other", REVOKED)),
            )
        ],
    }
    for place in PLACES:
        organization = store.load(place)
        client_ids = [credential.client_id for credential in organization.credentials]
        found[f"{place}"] = [
            organization,
            list(all_events(lambda before, place=place: store.events(place, before))),  # type: ignore[misc]
            store.verify_events(place),
            dict(store.usage(place)),
            store.standing_in(place.organization, ANN),
            [asyncio.run(_find(store, place, client_id)) for client_id in client_ids],
        ]
    return found


async def _find(store: Store, place: Place, client_id: str) -> Any:
    return await store.find_client(place.environment, client_id)


async def is_revoked(store: Store, environment: str, token: str, expires_at: datetime) -> bool:
    """Tell whether a token would be revoked, whichever client of the environment had it."""
    places = (Place(environment, name) for name in store.organizations())
    bearer = next(one for place in places for one in store.load(place).credentials)
    found = await store.find_bearer(environment, bearer.client_id, token, expires_at)
    return found is None
