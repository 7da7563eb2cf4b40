"""The statements that change an organization, and those that add an operator."""

from binascii import a2b_base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from credtui.domain.organization import Organization
from credtui.domain.permissions import Operator
from credtui.domain.place import Place
from credtui.store.postgres import sql
from credtui.store.postgres.rows import Row, changed_columns, key_of

SLOTS = (1, 2, 3)
"""The slots of a place. Each credential has one of its own."""

Statement: TypeAlias = tuple[str, Mapping[str, Any]]
"""A statement and its values."""


def changes(
    place: Place, rows: Sequence[Row], before: Organization, after: Organization
) -> Iterator[Statement]:
    """Yield the statements that turn an organization into another one.

    Args:
        place: Where it is kept.
        rows: What `sql.CREDENTIALS` finds.
        before: The organization as it is kept. A credential that isn't in it, but in `rows`, is
            written whole.
        after: The changed organization.
    """
    key = key_of(place)
    kept = {credential.client_id for credential in after.credentials}
    for row in rows:
        if row[2] not in kept:
            yield sql.REMOVE_CREDENTIAL, {"environment": place.environment, "client_id": row[2]}
    found = {row[2]: row for row in rows if row[2] in kept}
    free = [slot for slot in SLOTS if slot not in {row[13] for row in found.values()}]
    position = max((row[14] for row in rows), default=0)
    new = [one.client_id for one in after.credentials if one.client_id not in found]
    # The old primary credential steps back before the new one takes its place.
    for credential in sorted(after.credentials, key=lambda it: it.client_id == after.primary):
        client_id, primary = credential.client_id, credential.client_id == after.primary
        columns = {**key, **changed_columns(credential, primary=primary)}
        if client_id in new:
            number = new.index(client_id)
            yield (
                sql.ADD_CREDENTIAL,
                {
                    **columns,
                    "created_at": credential.created_at,
                    "slot": free[number],
                    "position": position + number + 1,
                },
            )
        elif before.find(client_id) != credential or found[client_id][12] != primary:
            yield sql.CHANGE_CREDENTIAL, columns
    if after.networks != before.networks:
        yield sql.SET_NETWORKS, {**key, "networks": list(after.networks)}


def additions(operator: Operator, position: int) -> Iterator[Statement]:
    """Yield the statements that add an operator.

    Args:
        operator: The operator.
        position: A number that tells the order of operators.
    """
    name = operator.name
    yield (
        sql.ADD_OPERATOR,
        {"name": name, "position": position, "representative": operator.representative},
    )
    for organization, level in operator.permissions.items():
        granted = {"name": name, "organization": organization, "level": int(level)}
        yield sql.ADD_PERMISSION, granted
    for number, key in enumerate(operator.public_keys):
        line = operator.keys[number]
        yield (
            sql.ADD_KEY,
            {"name": name, "data": a2b_base64(key.data), "position": number, "line": line},
        )
