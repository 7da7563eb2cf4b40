"""The embedded store: one small TinyDB file for each organization in an environment."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Unpack

from tinydb import where

from credtui.domain.audit import Action, AuditEvent, What
from credtui.domain.models import StoredCredential
from credtui.domain.names import parse_organization
from credtui.domain.organization import Organization
from credtui.domain.permissions import Actor, Operator, Operators
from credtui.store.ledger import Draft, Ledger, parsing
from credtui.store.protocol import Place


class TinyDBStore:
    """Keeps organizations under a folder, as `ENVIRONMENT/ORGANIZATION.json`.

    The folder is created for its owner alone. Several Unix users share one that was set up as
    `install -d -m 2770 -g GROUP FOLDER`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, place: Place) -> Organization:
        """See `Store.load`."""
        ledger = self._ledger(place)
        return _read_organization(ledger.path, ledger.read())

    def operators(self) -> Operators:
        """See `Store.operators`."""
        ledger = self._operators_ledger()
        draft = ledger.read()
        with parsing(ledger.path):
            return Operators(
                members=tuple(
                    Operator.model_validate(member) for member in draft.table("operators")
                )
            )

    @contextmanager
    def transaction(self, place: Place) -> Iterator["TinyDBTransaction"]:
        """See `Store.transaction`."""
        ledger = self._ledger(place)
        with ledger.transaction() as draft:
            transaction = TinyDBTransaction(ledger.path, draft, self.operators())
            yield transaction
            transaction.write()

    def events(self, place: Place) -> Iterator[AuditEvent]:
        """See `Store.events`."""
        return self._ledger(place).events()

    def verify_events(self, place: Place) -> AuditEvent | None:
        """See `Store.verify_events`."""
        return self._ledger(place).verify_events()

    def watch(self, place: Place) -> "FileWatch":
        """See `Store.watch`."""
        return FileWatch(self._ledger(place).path, self._operators_ledger().path)

    def _ledger(self, place: Place) -> Ledger:
        return Ledger(self._folder / place.environment, parse_organization(place.organization))

    def _operators_ledger(self) -> Ledger:
        return Ledger(self._folder, "operators")


class TinyDBTransaction:
    """See `Transaction`."""

    def __init__(self, path: Path, draft: Draft, operators: Operators) -> None:
        self._draft = draft
        self._before = self.organization = _read_organization(path, draft)
        self.operators = operators

    @property
    def last_event_at(self) -> datetime | None:
        """See `Transaction.last_event_at`."""
        return self._draft.last_event_at

    def record(self, at: datetime, actor: Actor, action: Action, **what: Unpack[What]) -> None:
        """See `Transaction.record`."""
        self._draft.record(at, actor, action, **what)

    def write(self) -> None:
        """Put what changed into the tables."""
        before = {credential.client_id: credential for credential in self._before.credentials}
        after = {credential.client_id: credential for credential in self.organization.credentials}
        credentials = self._draft.table("credentials")
        for client_id in before.keys() - after.keys():
            credentials.remove(where("client_id") == client_id)
        for client_id, credential in after.items():
            if before.get(client_id) != credential:
                credentials.upsert(_document(credential), where("client_id") == client_id)
        if self.organization.primary != self._before.primary:
            organization = self._draft.table("organization")
            organization.truncate()
            organization.insert({"primary": self.organization.primary})


class FileWatch:
    """Notices that files were replaced.

    A file's inode number can be used again as soon as nobody has the file open; so each is held
    open, and then another number means another file.
    """

    def __init__(self, *paths: Path) -> None:
        self._descriptors: dict[Path, int | None] = {path: _open(path) for path in paths}

    def changed(self) -> bool:
        """See `Watch.changed`."""
        replaced = [path for path, held in self._descriptors.items() if _is_replaced(path, held)]
        for path in replaced:
            if (held := self._descriptors[path]) is not None:
                os.close(held)
            self._descriptors[path] = _open(path)
        return bool(replaced)

    def close(self) -> None:
        """See `Watch.close`."""
        for path, held in self._descriptors.items():
            if held is not None:
                os.close(held)
                self._descriptors[path] = None


def _read_organization(path: Path, draft: Draft) -> Organization:
    with parsing(path):
        credentials = sorted(
            (StoredCredential.model_validate(document) for document in draft.table("credentials")),
            key=lambda credential: credential.created_at,
        )
        primary = next((document["primary"] for document in draft.table("organization")), None)
        return Organization(credentials=tuple(credentials), primary=primary)


def _document(credential: StoredCredential) -> Mapping[str, Any]:
    return {
        **credential.model_dump(mode="json"),
        "secret_hash": credential.secret_hash.get_secret_value(),
    }


def _open(path: Path) -> int | None:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None


def _is_replaced(path: Path, held: int | None) -> bool:
    try:
        now = path.stat()
    except OSError:
        return held is not None
    if held is None:
        return True
    then = os.fstat(held)
    return (now.st_ino, now.st_dev) != (then.st_ino, then.st_dev)
