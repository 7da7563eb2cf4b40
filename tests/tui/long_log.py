"""An audit log that takes long to read."""

import json
from datetime import timedelta

from credtui.domain.audit import Action, AuditEvent
from credtui.domain.permissions import Actor
from credtui.store.tinydb.log import AuditLog
from tests.support import ALICE
from tests.tui.apps import NOW, Stage

CAROL = Actor(operator="carol", address="203.0.113.9", channel="command line")


def lengthen_log(stage: Stage, count: int, *, rare: int) -> None:
    """Make the log of acme in uat `count` events long. The event number `rare` is by carol."""
    newest = stage.service(ALICE).events()[0]
    begin = NOW + timedelta(seconds=1)
    events = []
    for number in range(newest.number + 1, count + 1):
        newest = AuditEvent(
            number=number,
            at=begin + timedelta(seconds=number),
            actor=CAROL if number == rare else ALICE,
            action=Action.RENAME,
            name="Payout gateway",
            detail=f"was number {number}",
            previous=newest.hash,
        ).sealed()
        events.append(newest)
    folder = stage.folder / "uat"
    AuditLog(folder / "acme.audit.jsonl").append(events)
    # The store keeps the last transaction's events with the credentials too.
    kept = folder / "acme.json"
    tables = json.loads(kept.read_text())
    (about,) = tables["about"].values()
    about["events"] = [newest.model_dump(mode="json")]
    kept.write_text(json.dumps(tables))
    stage.clock.advance(timedelta(seconds=count + 60))
