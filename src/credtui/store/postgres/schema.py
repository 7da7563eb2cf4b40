"""Which schemas this version of credtui can use, and the sentence about any other.

The schemas are numbered. A migration to the next one only adds: the release before goes on working
with what it knows. So the programs of one release can run beside those of the next while hosts are
upgraded one by one.
"""

from credtui.domain.errors import StoreError, StoreTooNewError

SCHEMA = 1
"""The schema that `credtui store migrate` makes."""

USABLE = range(max(SCHEMA - 1, 1), SCHEMA + 2)
"""The schemas that this version can use: its own, the one before, and the one after."""


def ensure_usable(schema: int | None, where: str) -> None:
    """Refuse a schema that this version doesn't know.

    Args:
        schema: The number of the schema; None if there is none.
        where: The database, for the sentence.

    Raises:
        StoreTooNewError: A later version of credtui made the schema.
        StoreError: The schema must be migrated first.
    """
    if schema is None:
        raise StoreError(
            f"{where} has no tables of credtui yet. Its owner makes them with "
            "`credtui store migrate`."
        )
    if schema >= USABLE.stop:
        raise StoreTooNewError(
            f"{where} was migrated by a later version of credtui (schema {schema}; this one knows "
            f"{USABLE[0]} to {USABLE[-1]}). Use that version."
        )
    if schema < USABLE.start:
        raise StoreError(
            f"{where} has schema {schema}, and this version of credtui needs {USABLE[0]} or later. "
            "Its owner upgrades it with `credtui store migrate`."
        )
