"""Transactions of TinyDB files, and the conversion of models from and to their tables."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any, Unpack

from typing_extensions import override

from credtui.domain.audit import Action, AuditEvent, What
from credtui.domain.errors import DoubtError
from credtui.domain.lease import Lease
from credtui.domain.models import StoredCredential
from credtui.domain.operators import Operators
from credtui.domain.organization import Organization
from credtui.domain.permissions import Actor, Operator
from credtui.domain.place import Place
from credtui.domain.standing import OrganizationStanding
from credtui.domain.usage import Usage
from credtui.store.port import OperatorsTransaction, OrganizationTransaction, Transaction
from credtui.store.tinydb.ledger import Draft, Ledger
from credtui.store.tinydb.tables import parsing


class TinyDBTransaction(Transaction):
    """The transaction of a TinyDB file."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft

    @property
    @override
    def doubt(self) -> DoubtError | None:
        return self._draft.doubt

    @override
    def record(self, at: datetime, actor: Actor, action: Action, **what: Unpack[What]) -> None:
        self._draft.record(at, actor, action, **what)


class TinyDBOperatorsTransaction(TinyDBTransaction, OperatorsTransaction):
    """The transaction of the operators' TinyDB file."""

    def __init__(
        self,
        draft: Draft,
        operators: Operators,
        has_organization: Callable[[str], bool],
        hold: Callable[[Place], Draft],
    ) -> None:
        super().__init__(draft)
        self._before = self.operators = operators
        self._kept = draft
        self._has_organization = has_organization
        self._hold = hold

    @override
    def has_organization(self, organization: str) -> bool:
        return self._has_organization(organization)

    @override
    def create_organization(self, place: Place) -> None:
        # The organization's file is made when its event is committed.
        self._draft = self._hold(place)

    def write(self) -> None:
        """Put the operators into their table if they changed."""
        if self.operators == self._before:
            return
        _ensure_recorded(self._kept)
        put_operators(self._kept, self.operators)


class TinyDBOrganizationTransaction(TinyDBTransaction, OrganizationTransaction):
    """The transaction of an organization's TinyDB file."""

    def __init__(
        self,
        ledger: Ledger,
        draft: Draft,
        standing: Callable[[Actor], OrganizationStanding],
        usage: Callable[[], Mapping[str, Usage]],
        hold_lease: Callable[[Lease], AbstractContextManager[None]],
    ) -> None:
        super().__init__(draft)
        self._before = self.organization = read_organization(ledger.path, draft)
        self._ledger = ledger
        self._standing = standing
        self._usage = usage
        self._hold_lease = hold_lease

    @override
    def standing(self, actor: Actor) -> OrganizationStanding:
        return self._standing(actor)

    @override
    def usage(self) -> Mapping[str, Usage]:
        return self._usage()

    @override
    def hold_lease(self, lease: Lease) -> AbstractContextManager[None]:
        return self._hold_lease(lease)

    @override
    def latest_events(self, limit: int) -> Sequence[AuditEvent]:
        return self._ledger.events(None, limit)

    @property
    def client_ids(self) -> Sequence[str]:
        """The Client IDs of the credentials as changed."""
        return [credential.client_id for credential in self.organization.credentials]

    @property
    def generated_client_ids(self) -> Sequence[str]:
        """The Client IDs of the credentials that were generated."""
        return [client_id for client_id in self.client_ids if self._before.find(client_id) is None]

    @property
    def removed_client_ids(self) -> Sequence[str]:
        """The Client IDs of the credentials that were removed."""
        kept = self.client_ids
        return [
            credential.client_id
            for credential in self._before.credentials
            if credential.client_id not in kept
        ]

    def write(self) -> None:
        """Put what changed into the tables."""
        if self.organization == self._before:
            return
        _ensure_recorded(self._draft)
        put_organization(self._draft, self.organization)


def read_operators(path: Path, draft: Draft) -> Operators:
    """Return the operators of a TinyDB file.

    Raises:
        StoreCorruptError: The file is damaged.
    """
    with parsing(path):
        return Operators(
            members=tuple(Operator.model_validate(member) for member in draft.table("operators"))
        )


def read_organization(path: Path, draft: Draft) -> Organization:
    """Return the organization of a TinyDB file.

    Raises:
        StoreCorruptError: The file is damaged.
    """
    with parsing(path):
        # The table has them in the order of their creation, whatever the clock said.
        credentials = map(StoredCredential.model_validate, draft.table("credentials"))
        about: Mapping[str, Any] = next(iter(draft.table("organization")), {})
        return Organization(
            credentials=tuple(credentials),
            primary=about.get("primary"),
            networks=about.get("networks", ()),
        )


def put_operators(draft: Draft, operators: Operators) -> None:
    """Put operators into their table."""
    table = draft.table("operators")
    table.truncate()
    table.insert_multiple(operator.model_dump(mode="json") for operator in operators.members)


def put_organization(draft: Draft, organization: Organization) -> None:
    """Put an organization into its tables, with its credentials in their order."""
    credentials = draft.table("credentials")
    credentials.truncate()
    credentials.insert_multiple(map(_document, organization.credentials))
    about = draft.table("organization")
    about.truncate()
    about.insert({"primary": organization.primary, "networks": organization.networks})


def _ensure_recorded(draft: Draft) -> None:
    if not draft.recorded:
        raise RuntimeError("a change needs an audit event")


def _document(credential: StoredCredential) -> Mapping[str, Any]:
    return {
        **credential.model_dump(mode="json"),
        "secret_hash": credential.secret_hash.get_secret_value(),
        "retired": [
            {
                **retired.model_dump(mode="json"),
                "secret_hash": retired.secret_hash.get_secret_value(),
            }
            for retired in credential.retired
        ],
    }
