"""The port for `credtui store copy`: how a copy reads and writes a store."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from credtui.domain.audit import AuditEvent
from credtui.domain.operators import Operators
from credtui.domain.organization import Organization
from credtui.domain.place import Place
from credtui.domain.usage import Usage
from credtui.store.marks import Mark
from credtui.store.spans import Span


class End(NamedTuple):
    """The end of an audit log: the number and the hash of its last event."""

    number: int
    hash: str


class Kept(NamedTuple):
    """The content of a place, and the end of its audit log, at one moment.

    Attributes:
        content: The organization; the operators at the place `OPERATORS`.
        end: The end of the audit log, None if there are no events.
    """

    content: Organization | Operators
    end: End | None


@dataclass(frozen=True)
class Tokens:
    """The revoked access tokens of an environment.

    Attributes:
        kept: The revoked tokens, with the Unix times when they expire.
        swept: Spans of time. Tokens that expire within one count as revoked.
    """

    kept: Mapping[str, int]
    swept: Sequence[Span]


@dataclass(frozen=True)
class Rest:
    """The rest of a store's data, besides organizations and operators.

    Attributes:
        token_key: The key of access tokens, None if there is none yet.
        tokens: The revoked access tokens, by environment.
        themes: The theme of each operator who has one.
    """

    token_key: bytes | None
    tokens: Mapping[str, Tokens]
    themes: Mapping[str, str]


class Copyable(Protocol):
    """A store, as a copy reads and writes it: also while it is marked, and with all its numbers.

    Every method raises a `credtui.domain.errors.StoreError` if the store can't be used. `put`,
    `put_usage` and `put_rest` are for an unfinished copy. They may be interrupted and done again.

    Attributes:
        name: What the store is called in the middle of a sentence. It has no secret.
    """

    name: str

    def held(self, *, make: bool) -> AbstractContextManager[None]:
        """Keep other copies away within the context, but no other work.

        Args:
            make: Make the folder if it is missing.

        Raises:
            StoreBusyError: Another copy is at work on this store.
        """
        ...

    def mark(self) -> Mark | None:
        """Return the store's mark, None for a store that is in use."""
        ...

    def set_mark(self, mark: Mark) -> None:
        """Durably mark the store. Afterwards no change is under way, and none is made.

        Raises:
            StoreError: The mark may be there, or not.
        """
        ...

    def clear_mark(self) -> None:
        """Durably remove the mark, so that the store is in use. `held` must hold the store.

        Raises:
            StoreError: The mark may be there, or not.
            DoubtError: The same.
        """
        ...

    def is_empty(self) -> bool:
        """Tell whether the store keeps nothing at all."""
        ...

    def places(self) -> Sequence[Place]:
        """Return all places with audit events, and first `OPERATORS`."""
        ...

    def verify(self, place: Place) -> None:
        """Check the whole audit log of a place.

        Raises:
            AuditTamperedError: The log doesn't hold together, or lacks its end.
        """
        ...

    def end(self, place: Place) -> End | None:
        """Return the end of a place's audit log, also if the place isn't complete yet."""
        ...

    def read(self, place: Place) -> Kept:
        """Return what is kept at a place."""
        ...

    def events(self, place: Place, after: int, last: int) -> Iterator[AuditEvent]:
        """Yield the audit events after a number, up to and with the last one, oldest first."""
        ...

    def put(self, place: Place, kept: Kept, events: Iterable[AuditEvent]) -> None:
        """Keep this at a place. `events` follow those that are there, and end with `kept.end`."""
        ...

    def usage(self, place: Place) -> Mapping[str, Usage]:
        """Return how the credentials of a place are used. The one that was used last comes last."""
        ...

    def put_usage(self, place: Place, usage: Mapping[str, Usage]) -> None:
        """Replace how the credentials of a place are used."""
        ...

    def rest(self) -> Rest:
        """Return what is kept besides."""
        ...

    def put_rest(self, rest: Rest) -> None:
        """Replace what is kept besides."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...
