"""An audit log that takes long to read."""

from datetime import timedelta

from credtui.domain.audit import Action
from credtui.domain.permissions import Actor
from credtui.domain.place import Place
from tests.support import ALICE
from tests.tui.apps import NOW, Stage

CAROL = Actor(operator="carol", address="203.0.113.9", channel="command line")


def lengthen_log(stage: Stage, count: int, *, rare: int) -> None:
    """Make the log of acme in uat `count` events long. The event number `rare` is by carol."""
    first = stage.service(ALICE).events()[0].number + 1
    # The TinyDB store reads the events of the last change with each page, so that change has one.
    for numbers in (range(first, count), [count]):
        with stage.installation.store.transaction(Place("uat", "acme")) as transaction:
            for number in numbers:
                transaction.record(
                    NOW + timedelta(seconds=1 + number),
                    CAROL if number == rare else ALICE,
                    Action.RENAME,
                    name="Payout gateway",
                    detail=f"was number {number}",
                )
    stage.clock.advance(timedelta(seconds=count + 60))
