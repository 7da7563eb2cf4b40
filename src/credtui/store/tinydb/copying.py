"""A folder as `credtui store copy` reads and writes it."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path

from typing_extensions import override

from credtui.domain.audit import AuditEvent
from credtui.domain.errors import CopyRefusedError, DoubtError, StoreError
from credtui.domain.names import is_organization
from credtui.domain.operators import Operators
from credtui.domain.organization import Organization
from credtui.domain.place import OPERATORS, Place
from credtui.domain.usage import Usage
from credtui.store.copying import Copyable, End, Kept, Rest, Tokens
from credtui.store.marks import Mark
from credtui.store.tinydb.client_index import ClientIndex
from credtui.store.tinydb.files import explained
from credtui.store.tinydb.folders import make_folder
from credtui.store.tinydb.ledger import Draft, Ledger
from credtui.store.tinydb.lock import locked
from credtui.store.tinydb.mark_file import COPY_LOCK, MarkFile
from credtui.store.tinydb.preference_files import PreferenceFiles
from credtui.store.tinydb.token_files import Revocations, read_key, write_key
from credtui.store.tinydb.transactions import (
    put_operators,
    put_organization,
    read_operators,
    read_organization,
)
from credtui.store.tinydb.usage_files import UsageFiles


class TinyDBCopyable(Copyable):
    """A folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._mark = MarkFile(self._folder)
        self.name = f"the folder {self._folder}"

    @contextmanager
    @override
    def held(self, *, make: bool) -> Iterator[None]:
        if make:
            make_folder(self._folder)
        elif not self._folder.is_dir():
            raise StoreError(f"{self._folder} is not there, or is no folder.")
        # The folders in a home are no environments.
        if (self._folder / "credtui.toml").exists() or (self._folder / "store").is_dir():
            raise CopyRefusedError(
                f"{self._folder} is a home. Its data is in {self._folder / 'store'}."
            )
        with locked(self._folder / COPY_LOCK, patience=0):
            yield

    @override
    def mark(self) -> Mark | None:
        return self._mark.read()

    @override
    def set_mark(self, mark: Mark) -> None:
        self._mark.write(mark)

    @override
    def clear_mark(self) -> None:
        self._mark.remove()

    @override
    def is_empty(self) -> bool:
        if not self._folder.exists():
            return True
        with explained(self._folder):
            return not any(
                not name.endswith(".lock") and Path(folder, name) != self._mark.path
                for folder, _, names in os.walk(self._folder, onerror=_fail)
                for name in names
            )

    @override
    def places(self) -> Sequence[Place]:
        # The log is looked for, too: a file that is missing beside its log must be noticed.
        found = {
            Place(path.parent.name, name)
            for path in self._folder.glob("*/*.json*")
            if path.name.endswith((".json", ".audit.jsonl"))
            and is_organization(name := path.name.partition(".")[0])
        }
        return [OPERATORS, *sorted(found)]

    @override
    def verify(self, place: Place) -> None:
        self._ledger(place).verify_events()

    @override
    def end(self, place: Place) -> End | None:
        ledger = self._ledger(place)
        return _end(ledger.read()) if ledger.path.exists() else None

    @override
    def read(self, place: Place) -> Kept:
        ledger = self._ledger(place)
        draft = ledger.read_complete()
        read = read_operators if place == OPERATORS else read_organization
        return Kept(read(ledger.path, draft), _end(draft))

    @override
    def events(self, place: Place, after: int, last: int) -> Iterator[AuditEvent]:
        events = self._ledger(place).oldest_first(after)
        return takewhile(lambda event: event.number <= last, events)

    @override
    def put(self, place: Place, kept: Kept, events: Iterable[AuditEvent]) -> None:
        content = kept.content

        def fill(draft: Draft) -> None:
            if isinstance(content, Operators):
                put_operators(draft, content)
            else:
                put_organization(draft, content)

        try:
            self._ledger(place).put(fill, events)
        except DoubtError as doubt:
            raise _sure(doubt) from doubt
        if isinstance(content, Organization):
            client_ids = [credential.client_id for credential in content.credentials]
            ClientIndex(self._folder / place.environment).add(place.organization, client_ids)

    @override
    def usage(self, place: Place) -> Mapping[str, Usage]:
        return self._usage_files(place).read(place.organization)

    @override
    def put_usage(self, place: Place, usage: Mapping[str, Usage]) -> None:
        try:
            self._usage_files(place).put(place.organization, usage)
        except DoubtError as doubt:
            raise _sure(doubt) from doubt

    @override
    def rest(self) -> Rest:
        environments = sorted(path.parent.name for path in self._folder.glob("*/.revoked"))
        tokens = {name: self._tokens(name) for name in environments}
        return Rest(
            token_key=read_key(self._folder),
            tokens={name: found for name, found in tokens.items() if found.kept or found.swept},
            themes=PreferenceFiles(self._folder).themes(),
        )

    @override
    def put_rest(self, rest: Rest) -> None:
        try:
            if rest.token_key is not None:
                write_key(self._folder, rest.token_key)
            for environment in {*self.rest().tokens, *rest.tokens}:
                tokens = rest.tokens.get(environment, Tokens({}, ()))
                self._revocations(environment).put(tokens.kept, tokens.swept)
        except DoubtError as doubt:
            raise _sure(doubt) from doubt
        PreferenceFiles(self._folder).put_themes(rest.themes)

    @override
    def close(self) -> None:
        pass

    def _tokens(self, environment: str) -> Tokens:
        revocations = self._revocations(environment)
        return Tokens(revocations.kept(), revocations.spans())

    def _revocations(self, environment: str) -> Revocations:
        return Revocations(self._folder / environment)

    def _usage_files(self, place: Place) -> UsageFiles:
        return UsageFiles(self._folder / place.environment)

    def _ledger(self, place: Place) -> Ledger:
        if place == OPERATORS:
            return Ledger(self._folder, "operators")
        return Ledger(self._folder / place.environment, place.organization)


def _end(draft: Draft) -> End | None:
    last_events = draft.last_events
    return End(last_events[-1].number, last_events[-1].hash) if last_events else None


def _sure(doubt: DoubtError) -> StoreError:
    """Return an error in place of a doubt: a copy can simply be made again."""
    return StoreError(f"Can't use {doubt.args[0]}.")


def _fail(error: OSError) -> None:
    raise error
