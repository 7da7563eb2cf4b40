"""The audit events of one credential."""

from typing import NamedTuple

from credtui.domain.audit import Action, AuditEvent, all_events
from credtui.service.credentials import CredentialService

REACH = 2000
"""How many of an organization's latest events to look through. They take about 0.04 s."""


class CredentialEvents(NamedTuple):
    """The audit events of a credential, as far as they were read.

    Attributes:
        events: The events, newest first.
        complete: They go back to the one that generated the credential.
        latest: The number of the organization's latest event when they were read.
    """

    events: tuple[AuditEvent, ...] = ()
    complete: bool = False
    latest: int = 0


def read_events(
    service: CredentialService, client_id: str, known: CredentialEvents | None = None
) -> CredentialEvents:
    """Return the events of a credential, as far as they are among the organization's latest.

    This blocks, so call it in a thread.

    Args:
        service: The organization in its environment.
        client_id: The credential.
        known: What an earlier call returned. Only later events are read then.

    Raises:
        PermissionDeniedError: The actor has no access, or no longer.
        StoreError: The log can't be read.
    """
    before = known or CredentialEvents()
    last = next(iter(service.events(limit=1)), None)
    if last is None or last.number == before.latest:
        return before
    found: list[AuditEvent] = []
    for count, event in enumerate(all_events(service.events, last.number + 1)):
        if event.number <= before.latest:
            return CredentialEvents((*found, *before.events), before.complete, last.number)
        if count == REACH:
            break
        if _begins(event, client_id):
            return CredentialEvents((*found, event), complete=True, latest=last.number)
        if event.client_id == client_id:
            found.append(event)
    return CredentialEvents((*found, *before.events), latest=last.number)


def _begins(event: AuditEvent, client_id: str) -> bool:
    """Tell whether an event generated a credential."""
    if event.outcome != "done":
        return False
    if event.action is Action.REPLACE:  # Its Client ID is that of the replaced credential.
        return event.detail == f"by {client_id}"
    return event.action is Action.GENERATE and event.client_id == client_id
