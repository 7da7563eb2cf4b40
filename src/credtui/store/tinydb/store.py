"""The embedded store: one small TinyDB file for each organization in an environment."""

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from typing_extensions import override

from credtui.domain.audit import AuditEvent
from credtui.domain.client import Client
from credtui.domain.errors import StoreError
from credtui.domain.lease import Lease
from credtui.domain.names import is_organization, parse_organization
from credtui.domain.operators import Operators
from credtui.domain.organization import Organization
from credtui.domain.permissions import Actor
from credtui.domain.place import Place
from credtui.domain.secrets import RandomBytes
from credtui.domain.standing import OrganizationStanding, Standing
from credtui.domain.usage import Usage
from credtui.store.port import PAGE, Store
from credtui.store.tinydb.client_index import ClientIndex
from credtui.store.tinydb.lease_files import LeaseFiles
from credtui.store.tinydb.ledger import Ledger
from credtui.store.tinydb.mark_file import MarkFile
from credtui.store.tinydb.operator_keys import TinyDBOperatorKeys
from credtui.store.tinydb.preference_files import PreferenceFiles
from credtui.store.tinydb.token_files import Revocations, read_or_make_key
from credtui.store.tinydb.transactions import (
    TinyDBOperatorsTransaction,
    TinyDBOrganizationTransaction,
    read_operators,
    read_organization,
)
from credtui.store.tinydb.usage_files import UsageFiles
from credtui.store.tinydb.watch import Versions

if TYPE_CHECKING:
    from credtui.store.tinydb.client_files import ClientFiles


LOOK_EVERY = 0.4
"""Seconds between two looks for a change: other sessions show a change within a second."""


class TinyDBStore(TinyDBOperatorKeys, Store):
    """Keeps organizations under a folder, as `ENVIRONMENT/ORGANIZATION.json`.

    Only the owner can use the folder that this class creates. Several Unix users can share a folder
    that was made with `install -d -m 2770 -g GROUP FOLDER`.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._folder = folder
        self._was_there = False
        self._mark = MarkFile(folder)
        self._revocations: dict[str, Revocations] = {}
        self._versions = Versions()

    def __reduce__(self) -> tuple[type[Self], tuple[Path]]:
        """Pickle only the folder. The copy opens its own files."""
        return type(self), (self._folder,)

    @override
    def load(self, place: Place) -> Organization:
        ledger = self._ledger(place)
        return read_organization(ledger.path, ledger.read())

    @override
    def operators(self) -> Operators:
        ledger = self._operators_ledger()
        return read_operators(ledger.path, ledger.read())

    @override
    def standing(self, actor: Actor) -> Standing:
        return self.operators().standing(actor)

    @contextmanager
    @override
    def operators_transaction(self) -> Iterator["TinyDBOperatorsTransaction"]:
        ledger = self._operators_ledger()
        with ledger.transaction() as draft, ExitStack() as organization:
            self._mark.ensure_in_use()
            transaction = TinyDBOperatorsTransaction(
                draft,
                read_operators(ledger.path, draft),
                self._has_organization,
                lambda place: organization.enter_context(self._ledger(place).transaction()),
            )
            yield transaction
            transaction.write()

    @override
    def operator_events(self, before: int | None = None, limit: int = PAGE) -> Sequence[AuditEvent]:
        return self._operators_ledger().events(before, limit)

    @override
    def verify_operator_events(self) -> AuditEvent | None:
        return self._operators_ledger().verify_events()

    @override
    def organizations(self) -> Sequence[str]:
        self._mark.ensure_finished()
        names = {path.stem for path in self._folder.glob("*/*.json")}
        return sorted(name for name in names if is_organization(name))

    @override
    def standing_in(self, organization: str, actor: Actor) -> OrganizationStanding:
        return self._standing_in(organization, self.operators(), actor)

    @contextmanager
    @override
    def transaction(self, place: Place) -> Iterator["TinyDBOrganizationTransaction"]:
        ledger = self._ledger(place)
        index = ClientIndex(self._folder / place.environment)
        generated: Sequence[str] = ()
        try:
            with ledger.transaction() as draft:
                self._mark.ensure_in_use()
                transaction = TinyDBOrganizationTransaction(
                    ledger,
                    draft,
                    partial(self._standing_in, place.organization, self.operators()),
                    partial(self.usage, place),
                    self._lease_files(place).hold,
                )
                yield transaction
                transaction.write()
                generated = transaction.generated_client_ids
                index.add(place.organization, transaction.client_ids)
        except BaseException:
            with suppress(StoreError):
                kept = self.load(place)
                index.remove(client_id for client_id in generated if kept.find(client_id) is None)
            raise
        if transaction.doubt is None:
            index.remove(transaction.removed_client_ids)

    @override
    def events(
        self, place: Place, before: int | None = None, limit: int = PAGE
    ) -> Sequence[AuditEvent]:
        return self._ledger(place).events(before, limit)

    @override
    def verify_events(self, place: Place) -> AuditEvent | None:
        return self._ledger(place).verify_events()

    @override
    def version(self, place: Place) -> int:
        return self._versions.of(
            self._ledger(place).path,
            self._operators_ledger().path,
            self._usage_files(place).path(place.organization),
            besides=self._lease_files(place).live(),
        )

    @override
    async def changes(self, place: Place) -> AsyncGenerator[None, None]:
        import asyncio  # only portals and servers need it; commands start faster without it

        while True:
            yield
            await asyncio.sleep(LOOK_EVERY)

    @override
    def leases(self, place: Place) -> Sequence[Lease]:
        return self._lease_files(place).read()

    @override
    async def find_client(self, environment: str, client_id: str) -> Client | None:
        self._mark.ensure_in_use()
        clients = self._client_files
        client = clients.recall(environment, client_id) or await clients.find(
            environment, client_id
        )
        if client is None:
            self._ensure_there()
        return client

    @override
    def usage(self, place: Place) -> Mapping[str, Usage]:
        with suppress(StoreError):
            return self._usage_files(place).read(place.organization)
        return {}

    @override
    def add_usage(self, place: Place, usage: Mapping[str, Usage]) -> None:
        self._ensure_there()
        self._usage_files(place).add(place.organization, usage)

    @override
    def theme_of(self, operator: str) -> str | None:
        return PreferenceFiles(self._folder).theme_of(operator)

    @override
    def keep_theme(self, operator: str, name: str) -> None:
        PreferenceFiles(self._folder).keep_theme(operator, name)

    @override
    def token_key(self, make: RandomBytes) -> bytes:
        return read_or_make_key(self._folder, make)

    @override
    def revoke(self, environment: str, token: str, expires_at: datetime) -> None:
        self._revocations_of(environment).add(token, expires_at)

    @override
    async def find_bearer(
        self, environment: str, client_id: str, token: str, expires_at: datetime
    ) -> Client | None:
        client = await self.find_client(environment, client_id)
        if client is None or await self.is_revoked(environment, token, expires_at):
            return None
        return client

    async def is_revoked(self, environment: str, token: str, expires_at: datetime) -> bool:
        """Tell whether an access token is revoked.

        Raises:
            StoreError: The revocations can't be read.
        """
        revocations = self._revocations_of(environment)
        answer = revocations.recall(token, expires_at)
        if answer is None:
            import asyncio  # as in `changes`

            answer = await asyncio.to_thread(revocations.has, token, expires_at)
        return answer

    @override
    def sweep_revocations(self, environment: str, now: datetime) -> None:
        self._revocations_of(environment).sweep(now)

    @override
    def hazards(self, *, of_changes: bool = False) -> Sequence[str]:
        mark = None if of_changes else self._mark.read()
        return [str(mark.refusal(f"the folder {self._folder}"))] if mark else ()

    @override
    def close(self) -> None:
        self._versions.close()
        if "_client_files" in self.__dict__:
            self._client_files.close()

    @cached_property
    def _client_files(self) -> "ClientFiles":
        from credtui.store.tinydb.client_files import ClientFiles

        return ClientFiles(self._folder, self.load)

    def _standing_in(
        self, organization: str, operators: Operators, actor: Actor
    ) -> OrganizationStanding:
        standing = operators.standing(actor)
        known = (
            standing.personal
            or operators.mention(organization)
            or self._has_organization(organization)
        )
        return standing.within(organization, known=known)

    def _has_organization(self, organization: str) -> bool:
        return any(self._folder.glob(f"*/{parse_organization(organization)}.json"))

    def _ensure_there(self) -> None:
        # Without its disk a store must not look empty, and no new one may take its place.
        if not self._folder.is_dir():
            raise StoreError(f"The folder {self._folder} is not there. Was its disk taken away?")

    def _ensure_not_gone(self) -> None:
        """Ensure that the folder is there, if it was there before. A new store has none yet."""
        if self._was_there:
            self._ensure_there()
        else:
            self._was_there = self._folder.is_dir()

    def _revocations_of(self, environment: str) -> Revocations:
        new = Revocations(self._folder / environment)
        return self._revocations.setdefault(environment, new)

    def _usage_files(self, place: Place) -> UsageFiles:
        return UsageFiles(self._folder / place.environment)

    def _lease_files(self, place: Place) -> LeaseFiles:
        return LeaseFiles(self._folder / place.environment, parse_organization(place.organization))

    def _ledger(self, place: Place) -> Ledger:
        self._ensure_not_gone()
        self._mark.ensure_finished()
        return Ledger(self._folder / place.environment, parse_organization(place.organization))

    def _operators_ledger(self) -> Ledger:
        self._ensure_not_gone()
        self._mark.ensure_finished()
        return Ledger(self._folder, "operators")
