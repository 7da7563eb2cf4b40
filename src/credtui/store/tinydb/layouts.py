"""Earlier layouts of the files: how to read them, and how the first change brings them up to date.

Layout 1 kept `confirmed` for a credential: whether the dialog that showed its secret was closed.
Early files of layout 2 do, too. Layout 2 keeps `handover` instead: how the dialog was closed, and
when.
"""

from collections.abc import Iterable
from contextlib import suppress
from itertools import islice
from typing import Any

from credtui.domain.audit import Action, AuditEvent
from credtui.domain.errors import StoreError
from credtui.domain.models import Handover, How
from credtui.store.tinydb.tables import Tables

_LOOK_BACK = 10_000
"""How many audit events to read for what the file doesn't tell, while others wait."""

_HOW: dict[str, How] = {
    "checked": "checked",
    "saved to a file": "saved",
    "printed": "delivered",
    "copied": "sent",
    "closed without saving": "closed unsaved",
}
"""How a dialog was closed, by the words of earlier versions' audit events."""


def upgrade(tables: Tables) -> frozenset[str]:
    """Bring tables of an earlier layout into the present one.

    Returns:
        The Client IDs of the credentials of which the tables tell only that a dialog was closed.
    """
    closed = set()
    for credential in tables.get("credentials", {}).values():
        if credential.pop("confirmed", False):
            credential["handover"] = _document(Handover(how="closed"))
            closed.add(credential["client_id"])
    return frozenset(closed)


def complete(tables: Tables, closed: frozenset[str], newest_first: Iterable[AuditEvent]) -> None:
    """Complete upgraded tables: find in the audit log how dialogs were closed.

    Args:
        tables: The tables.
        closed: What `upgrade` returned.
        newest_first: The audit log.
    """
    found: dict[str, Handover] = {}
    with suppress(StoreError):  # A log that can't be read to its beginning stops no change.
        for event in islice(newest_first, _LOOK_BACK):
            if closed <= found.keys():
                break
            if (event.action, event.outcome) == (Action.CONFIRM, "done") and event.client_id:
                how = _HOW.get(event.detail, "closed")
                found.setdefault(event.client_id, Handover(how=how, at=event.at))
    for credential in tables.get("credentials", {}).values():
        client_id = credential["client_id"]
        if client_id in closed and client_id in found:
            credential["handover"] = _document(found[client_id])


def _document(handover: Handover) -> dict[str, Any]:
    return handover.model_dump(mode="json")
