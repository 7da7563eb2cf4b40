"""A database with many organizations, made in seconds."""

from hashlib import md5

import psycopg

# Each copy has the audit events of the first organization. So its audit log holds together.
_COPY_ORGANIZATION = (
    """
    INSERT INTO credtui.ledger (environment, organization, networks, events, last_hash)
    SELECT environment, 'o-' || copy, networks, events, last_hash
    FROM credtui.ledger CROSS JOIN generate_series(2, %(number)s) AS copy
    WHERE organization = %(first)s
    """,
    """
    INSERT INTO credtui.credential (environment, client_id, organization, slot, position,
        is_primary, name, name_key, created_at, rotated_at, generation, secret_hash, handover_how,
        handover_at, replaces, retired)
    SELECT environment, 'cid_' || substr(md5(copy || '-' || slot), 1, 16), 'o-' || copy, slot,
        position, is_primary, name, name_key, created_at, rotated_at, generation, secret_hash,
        handover_how, handover_at, replaces, retired
    FROM credtui.credential CROSS JOIN generate_series(2, %(number)s) AS copy
    WHERE organization = %(first)s
    """,
    """
    INSERT INTO credtui.event (environment, organization, number, previous, hash, content)
    SELECT environment, 'o-' || copy, number, previous, hash, content
    FROM credtui.event CROSS JOIN generate_series(2, %(number)s) AS copy
    WHERE organization = %(first)s
    """,
    """
    INSERT INTO credtui.usage (environment, organization, client_id, content)
    SELECT kept.environment, kept.organization, kept.client_id, first.content
    FROM credtui.credential AS kept CROSS JOIN LATERAL (
        SELECT content FROM credtui.usage WHERE organization = %(first)s LIMIT 1
    ) AS first
    WHERE kept.organization <> %(first)s AND kept.is_primary
    """,
)
_ADD_OTHERS = (
    """
    INSERT INTO credtui.operator (name, position, representative)
    SELECT 'operator-' || number, number + 1000, false
    FROM generate_series(1, %(number)s / 10) AS number
    """,
    """
    INSERT INTO credtui.operator_key (data, operator, position, line)
    SELECT sha256(number::text::bytea), 'operator-' || number, 0, 'ssh-ed25519 AAAA'
    FROM generate_series(1, %(number)s / 10) AS number
    """,
    """
    INSERT INTO credtui.permission (operator, organization, level)
    SELECT 'operator-' || 1 + number / 10, 'o-' || number, 2
    FROM generate_series(2, %(number)s - 10) AS number
    """,
    """
    INSERT INTO credtui.revocation (environment, token, expiry)
    SELECT 'uat', md5(number::text), 4000000000 + number
    FROM generate_series(1, %(number)s / 10) AS number
    """,
    """
    INSERT INTO credtui.swept (environment, first, last)
    SELECT 'uat', 1000 * number, 1000 * number + 10
    FROM generate_series(1, 100) AS number
    """,
    """
    INSERT INTO credtui.departed (environment, client_id)
    SELECT 'uat', 'cid_' || substr(md5('departed' || number), 1, 16)
    FROM generate_series(1, %(number)s / 10) AS number
    """,
    """
    INSERT INTO credtui.lease (environment, organization, content)
    SELECT 'uat', 'o-' || number, '{}' FROM generate_series(1, %(number)s / 10) AS number
    """,
    """
    INSERT INTO credtui.preference (operator, theme)
    SELECT number::text::bytea, 'dark' FROM generate_series(1, %(number)s / 10) AS number
    """,
)


def copy_organization(url: str, first: str, number: int) -> None:
    """Copy an organization with its usage so often that there are as many organizations as told.

    The copies are named `o-2`, `o-3` and so on. `client_id_of` tells the Client IDs.

    Args:
        url: The database, as a superuser.
        first: The organization to copy. It has three credentials in one environment.
        number: How many organizations there will be.
    """
    _run(url, _COPY_ORGANIZATION, {"first": first, "number": number})


def add_others(url: str, number: int) -> None:
    """Add operators and all else that many organizations have."""
    _run(url, _ADD_OTHERS, {"number": number})


def client_id_of(copy: int, slot: int = 1) -> str:
    """Return the Client ID of a copy's credential."""
    return "cid_" + md5(f"{copy}-{slot}".encode(), usedforsecurity=False).hexdigest()[:16]


def _run(url: str, statements: tuple[str, ...], values: dict[str, object]) -> None:
    with psycopg.connect(url) as connection:
        # Without triggers and without looking up foreign keys, this takes a fraction of the time.
        connection.execute("SET session_replication_role = replica")
        for statement in statements:
            connection.execute(statement, values)
