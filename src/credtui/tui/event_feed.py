"""Audit events for a person who scrolls and filters, read only as far as the person looks."""

from itertools import takewhile
from threading import Lock

from credtui.domain.audit import AuditEvent, Entry, all_events, entries
from credtui.domain.names import printable
from credtui.domain.refusals import meaning
from credtui.service.credentials import CredentialService
from credtui.tui.phrases import duration, minute

CLOCK_BACK = "Clock back"
"""Marks an event before which the clock went back. It is as wide as a date."""


class EventFeed:
    """The events of the whole log that hold all of some words, newest first.

    `more` and `newer` block, so call them in a thread. `stop` may be called from any thread.

    Attributes:
        ended: There are no earlier events.
        total: How many events there are, matching or not.
    """

    def __init__(self, service: CredentialService, words: str = "") -> None:
        self.ended = False
        self.total = 0
        self._service = service
        self._words = words.casefold().split()
        self._before: int | None = None
        self._lock = Lock()
        self._stopped = False

    def more(self, count: int) -> list[Entry]:
        """Return the next events: fewer if there are no more, or if `stop` was called.

        Raises:
            PermissionDeniedError: The actor has no access, or no longer.
            StoreError: The log can't be read.
        """
        with self._lock:
            found: list[Entry] = []
            for entry in entries(all_events(self._service.events, self._before)):
                self._before = entry.event.number
                self.total = max(self.total, entry.event.number)
                if self._matches(entry):
                    found.append(entry)
                if len(found) >= count or self._stopped:
                    return found
            self.ended = True
            return found

    def newer(self) -> list[Entry]:
        """Return the events that were added since the last call, or since the feed began.

        Raises:
            PermissionDeniedError: The actor has no access, or no longer.
            StoreError: The log can't be read.
        """
        with self._lock:
            known = self.total
            latest = entries(all_events(self._service.events))
            came = list(takewhile(lambda entry: entry.event.number > known, latest))
            self.total = max(entry.event.number for entry in came) if came else known
            return [entry for entry in came if self._matches(entry)]

    def stop(self) -> None:
        """Make a search that is under way end soon."""
        self._stopped = True

    def _matches(self, entry: Entry) -> bool:
        if not self._words:
            return True
        text = _text(entry)
        return all(word in text for word in self._words)


def outcome(event: AuditEvent) -> str:
    """Return in words whether a change was made or refused, and why."""
    if event.outcome == "refused":
        return f"Refused. {meaning(event.code)}" if event.code else "Refused"
    return f"Done: {printable(event.detail)}" if event.detail else "Done"


def clock(entry: Entry) -> str:
    """Return in words how far the clock went back; nothing if it didn't."""
    return (
        f"Went back {duration(entry.clock_back)} since the event before" if entry.clock_back else ""
    )


def _text(entry: Entry) -> str:
    event, actor = entry.event, entry.event.actor
    parts = (
        minute(event.at),
        f"{CLOCK_BACK}\n{clock(entry)}" if entry.clock_back else "",
        actor.operator,
        actor.address,
        actor.channel,
        actor.fingerprint,
        event.action,
        event.name,
        event.client_id,
        event.detail,
        event.reason,
        outcome(event),
    )
    return "\n".join(part for part in parts if part).casefold()
