"""A demo installation, with three credentials of different ages and their history."""

from contextlib import suppress
from datetime import timedelta

from credtui.configuration import Settings
from credtui.domain.clock import Clock
from credtui.domain.models import How, IssuedSecret
from credtui.domain.permissions import Actor
from credtui.domain.refusals import Refusal
from credtui.domain.secrets import RandomBytes
from credtui.installation import Installation
from credtui.service.credentials import CredentialService
from credtui.store.port import Store

ALICE = Actor(operator="alice", address="198.51.100.7", channel="ssh")
BOB = Actor(operator="bob", address="198.51.100.23", channel="ssh")


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
    now = clock()

    def at(days_ago: int, actor: Actor) -> CredentialService:
        then = now - timedelta(days=days_ago)
        past = Installation(settings, store, clock=lambda: then, random_bytes=random_bytes)
        return past.service(actor)

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
    return Installation(settings, store, clock=clock, random_bytes=random_bytes)


def _confirm(service: CredentialService, issued: IssuedSecret, how: How) -> None:
    credential = issued.credential
    with issued.lease:
        service.confirm(credential.client_id, seen=credential.generation, how=how)
