"""The conversion of models from and to rows."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from psycopg.types.json import Json

from credtui.domain.audit import AuditEvent
from credtui.domain.errors import StoreCorruptError
from credtui.domain.models import Handover, RetiredSecret, StoredCredential
from credtui.domain.names import name_key
from credtui.domain.operators import Operators
from credtui.domain.organization import Organization
from credtui.domain.permissions import Operator, Permission
from credtui.domain.place import Place
from credtui.store.postgres.address import where

Row = Sequence[Any]


@contextmanager
def parsing(url: str) -> Iterator[None]:
    """Turn errors of parsing rows into one that names the database.

    Raises:
        StoreCorruptError: The rows are not as credtui writes them. The original error is hidden,
            because its message may quote a hash.
    """
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        raise StoreCorruptError(
            f"{where(url)} is damaged: it doesn't hold what credtui wrote. "
            "Restore it from a backup."
        ) from None


def key_of(place: Place) -> dict[str, Any]:
    """Return the parameters that name a place."""
    return {"environment": place.environment, "organization": place.organization}


def read_organization(networks: Sequence[str], rows: Iterable[Row]) -> Organization:
    """Return an organization.

    Args:
        networks: Its networks.
        rows: What `sql.CREDENTIALS` finds.
    """
    rows = list(rows)
    return Organization(
        credentials=tuple(read_credential(row) for row in rows),
        primary=next((row[2] for row in rows if row[12]), None),
        networks=tuple(networks),
    )


def read_credential(row: Row) -> StoredCredential:
    """Return the credential of a row with the columns that `sql.CREDENTIALS` finds."""
    how, at = row[7], row[8]
    return StoredCredential(
        client_id=row[2],
        name=row[3],
        created_at=row[4],
        rotated_at=row[5],
        generation=row[6],
        handover=Handover(how=how, at=at) if how else None,
        replaces=row[9],
        secret_hash=row[10],
        retired=tuple(RetiredSecret.model_validate(retired) for retired in row[11]),
    )


def changed_columns(credential: StoredCredential, *, primary: bool) -> dict[str, Any]:
    """Return the columns of a credential that a change may change."""
    handover = credential.handover
    return {
        "client_id": credential.client_id,
        "name": credential.name,
        "name_key": name_key(credential.name),
        "rotated_at": credential.rotated_at,
        "generation": credential.generation,
        "handover_how": handover.how if handover else None,
        "handover_at": handover.at if handover else None,
        "replaces": credential.replaces,
        "secret_hash": credential.secret_hash.get_secret_value(),
        "retired": Json(
            [
                {
                    **retired.model_dump(mode="json"),
                    "secret_hash": retired.secret_hash.get_secret_value(),
                }
                for retired in credential.retired
            ]
        ),
        "is_primary": primary,
    }


def read_event(row: Row) -> AuditEvent:
    """Return the audit event of a row."""
    return AuditEvent.model_validate(row[0])


def event_columns(event: AuditEvent) -> dict[str, Any]:
    """Return the columns of an audit event, besides its place."""
    return {
        "number": event.number,
        "previous": event.previous,
        "hash": event.hash,
        "content": Json(event.model_dump(mode="json")),
    }


def read_operators(rows: Iterable[Row]) -> Operators:
    """Return operators.

    Args:
        rows: What `sql.OPERATORS` finds.
    """
    return Operators(members=tuple(read_operator(row) for row in rows))


def read_operator(row: Row) -> Operator:
    """Return the operator of a row."""
    name, representative, keys, permissions = row
    given = {organization: Permission(level) for organization, level in (permissions or {}).items()}
    return Operator(name=name, keys=tuple(keys), permissions=given, representative=representative)
