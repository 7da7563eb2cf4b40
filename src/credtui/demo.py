"""A demo installation: credentials of different ages, their history, and the life around them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from credtui.configuration import Settings
from credtui.domain.clock import Clock
from credtui.domain.models import How, IssuedSecret
from credtui.domain.permissions import Actor, Permission
from credtui.domain.place import Place
from credtui.domain.refusals import Refusal
from credtui.domain.secrets import RandomBytes
from credtui.domain.usage import REMEMBERED_HOURS, Caller, PreviousSecretUse, Usage, hour_of
from credtui.installation import Installation
from credtui.service.credentials import CredentialService
from credtui.store.port import Store

ALICE = Actor(operator="alice", address="198.51.100.7", channel="ssh")
BOB = Actor(operator="bob", address="198.51.100.23", channel="ssh")
CAROL = Actor(operator="carol")
"""A representative, who may do and see everything."""

DAYTIME = (2, 1, 1, 1, 2, 4, 9, 18, 31, 38, 35, 28, 24, 30, 36, 33, 27, 19, 12, 8, 6, 4, 3, 2)
MORNING = (0, 0, 0, 0, 0, 3, 8, 12, 9, 5, 4, 2, 2, 2, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0)
NIGHTLY = (0, 24, 41, 36, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
STEADY = (4, 4, 3, 4, 4, 5, 4, 6, 5, 7, 6, 5, 6, 7, 5, 6, 5, 4, 5, 4, 4, 5, 4, 3)
"""Access tokens that a client requests in each hour of the day, in UTC."""


class Client(NamedTuple):
    """A client of a demo credential.

    Attributes:
        address: Where its requests come from.
        hourly: Access tokens that it requests in each hour of the day.
        ago: How long ago the last one was, if there was one in this hour.
    """

    address: str
    hourly: Sequence[int]
    ago: timedelta = timedelta(minutes=6)


def demo_installation(
    store: Store, *, clock: Clock, random_bytes: RandomBytes, bcrypt_cost: int
) -> Installation:
    """Make a demo installation in an empty store, and return it.

    The organization acme has three credentials in uat:
    "Payout gateway", the primary one, rotated 34 days ago by the clock;
    "Reporting batch", not rotated for 206 days, whose rotation is overdue;
    "Treasury sync", not rotated for 81 days, whose rotation will soon be due.
    """
    settings = Settings().model_copy(update={"bcrypt_cost": bcrypt_cost})
    installation = Installation(settings, store, clock=clock, random_bytes=random_bytes)

    def at(days_ago: int, actor: Actor) -> CredentialService:
        return _past(installation, days_ago).service(actor)

    gateway = at(291, ALICE).generate("Payout gateway")
    _confirm(at(291, ALICE), gateway, "saved")
    batch = at(206, ALICE).generate("Nightly reports")
    _confirm(at(206, ALICE), batch, "checked")
    at(163, BOB).rename(batch.credential.client_id, "Reporting batch")
    sync = at(81, BOB).generate("Treasury sync")
    _confirm(at(81, BOB), sync, "checked")
    rotated = at(34, ALICE).rotate(gateway.credential.client_id)
    _confirm(at(34, ALICE), rotated, "saved")
    with suppress(Refusal):  # a primary credential is protected; Activity shows the refusal
        at(12, BOB).delete(gateway.credential.client_id)
    return installation


def add_life(installation: Installation) -> None:
    """Add to a demo installation what a day in use leaves behind.

    The three credentials are used, and a client still presents the previous secret of "Payout
    gateway". In production "Payout gateway" is being replaced, and nobody has seen the secret of
    "Ledger export". Alice may edit, bob may only view since he tried to delete the primary
    credential, and carol is a representative. There is a second organization, globex.
    """
    now = installation.clock()
    _add_operators(installation)
    _add_production(installation)
    globex = _past(installation, days=58).service(CAROL, organization="globex")
    _confirm(globex, globex.generate("Ledger"), "checked")
    refused = PreviousSecretUse(
        generation=2, count=31, last_at=now - timedelta(minutes=12), last_from="203.0.113.44"
    )
    _record(
        installation,
        Place("uat", "acme"),
        {
            "Payout gateway": [
                Client("203.0.113.9", DAYTIME, timedelta(seconds=40)),
                Client("203.0.113.10", STEADY),
                Client("198.51.100.80", MORNING, timedelta(minutes=31)),
            ],
            "Reporting batch": [Client("203.0.113.21", NIGHTLY)],
            "Treasury sync": [
                Client("192.0.2.15", STEADY, timedelta(minutes=9)),
                Client("2001:db8:4::15", MORNING, timedelta(minutes=22)),
            ],
        },
        {"Payout gateway": refused},
    )
    _record(
        installation,
        Place("production", "acme"),
        {
            "Payout gateway": [
                Client("203.0.113.10", STEADY, timedelta(minutes=4)),
                Client("203.0.113.12", NIGHTLY),
            ],
            "Payout gateway new": [
                Client("203.0.113.9", DAYTIME, timedelta(minutes=1)),
                Client("203.0.113.12", MORNING),
            ],
        },
    )
    _record(installation, Place("uat", "globex"), {"Ledger": [Client("192.0.2.77", NIGHTLY)]})


def set_token_url(installation: Installation, token_url: str) -> None:
    """Make a demo installation's clients request their tokens at another address."""
    environments = {
        name: environment.model_copy(update={"token_url": token_url})
        for name, environment in installation.settings.environments.items()
    }
    installation.settings = installation.settings.model_copy(update={"environments": environments})


def _add_operators(installation: Installation) -> None:
    edit, view = Permission.CAN_EDIT, Permission.CAN_VIEW
    at = partial(_past, installation)
    at(days=300).operator_service(CAROL).add("carol", representative=True)
    at(days=299).operator_service(CAROL).add("alice", permissions={"acme": edit})
    at(days=170).operator_service(CAROL).add("bob", permissions={"acme": edit})
    at(days=60).operator_service(CAROL).create_organization("globex", "uat")
    at(days=59).operator_service(CAROL).set("alice", permissions={"globex": view})
    at(days=11).operator_service(CAROL).set("bob", permissions={"acme": view})


def _add_production(installation: Installation) -> None:
    def at(days: int, actor: Actor = ALICE) -> CredentialService:
        return _past(installation, days).service(actor, environment="production")

    gateway = at(280).generate("Payout gateway")
    _confirm(at(280), gateway, "saved")
    successor = at(3).replace(gateway.credential.client_id, "Payout gateway new")
    _confirm(at(3), successor, "checked")
    at(2).generate("Ledger export").lease.close()  # The line dropped before the dialog was closed.
    with suppress(Refusal):
        at(1, BOB).rotate(gateway.credential.client_id)


def _record(
    installation: Installation,
    place: Place,
    clients: Mapping[str, Sequence[Client]],
    refused: Mapping[str, PreviousSecretUse] | None = None,
) -> None:
    """Record a day of use through the store, as the token endpoint does."""
    service = installation.service(
        CAROL, environment=place.environment, organization=place.organization
    )
    usage = {
        credential.client_id: _usage(
            clients[credential.name],
            credential.generation,
            installation.clock(),
            (refused or {}).get(credential.name),
        )
        for credential in service.page().credentials
        if credential.name in clients
    }
    installation.store.add_usage(place, usage)


def _usage(
    clients: Sequence[Client], generation: int, now: datetime, refused: PreviousSecretUse | None
) -> Usage:
    callers = sorted(
        (_caller(client, generation, now) for client in clients),
        key=lambda caller: caller.last_at,
    )
    issued = Counter[int]()
    for caller in callers:
        issued.update(caller.issued)
    return Usage(
        last_used_at=callers[-1].last_at,
        last_used_from=callers[-1].address,
        issued=issued,
        callers=tuple(callers),
        previous_secret=refused,
    )


def _caller(client: Client, generation: int, now: datetime) -> Caller:
    this_hour = hour_of(now)
    issued = {
        hour: client.hourly[hour % 24]
        for hour in range(this_hour - REMEMBERED_HOURS + 1, this_hour)
        if client.hourly[hour % 24]
    }
    last_at = datetime.fromtimestamp((max(issued) + 1) * 3600 - 600, now.tzinfo)
    if hour_of(now - client.ago) == this_hour and client.hourly[this_hour % 24]:
        # The hour isn't over.
        issued[this_hour] = max(1, client.hourly[this_hour % 24] * now.minute // 60)
        last_at = now - client.ago
    return Caller(address=client.address, generation=generation, last_at=last_at, issued=issued)


def _past(installation: Installation, days: int) -> Installation:
    """Return the installation with a clock that stands some days ago, in working hours."""
    then = installation.clock() - timedelta(days=days)
    since_midnight = then - then.replace(hour=0, minute=0, second=0, microsecond=0)
    works_at = timedelta(hours=8, minutes=days * 97 % (9 * 60))
    then -= (since_midnight - works_at) % timedelta(days=1)
    return Installation(
        installation.settings,
        installation.store,
        clock=lambda: then,
        random_bytes=installation.random_bytes,
    )


def _confirm(service: CredentialService, issued: IssuedSecret, how: How) -> None:
    credential = issued.credential
    with issued.lease:
        service.confirm(credential.client_id, seen=credential.generation, how=how)
