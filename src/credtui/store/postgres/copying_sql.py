"""The statements of a copy, besides those in `sql`."""

from typing import Final

from credtui.store.postgres import sql

SNAPSHOT: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
COPYING: Final = """
SELECT set_config('credtui.copying', 'on', true), set_config('synchronous_commit', 'off', true),
    set_config('idle_in_transaction_session_timeout', '0', true)
"""

# Copies hold this row. So no migration can change the tables meanwhile.
HOLD: Final = "SELECT version_num FROM credtui.alembic_version FOR UPDATE NOWAIT"
ADD_MARK: Final = """
INSERT INTO credtui.mark (kind, other) VALUES (%(kind)s, %(other)s)
ON CONFLICT (id) DO UPDATE SET kind = EXCLUDED.kind, other = EXCLUDED.other
"""
REMOVE_MARK: Final = "DELETE FROM credtui.mark"
# Each session that is making a change has locked one of these tables, or a row in it. Sessions that
# only read go on.
LOCK_TABLES: Final = """
LOCK TABLE credtui.ledger, credtui.credential, credtui.event, credtui.operator, credtui.permission,
    credtui.operator_key, credtui.usage, credtui.preference, credtui.token_key, credtui.revocation,
    credtui.swept IN EXCLUSIVE MODE
"""
IS_EMPTY: Final = """
SELECT NOT EXISTS (SELECT FROM credtui.event) AND NOT EXISTS (SELECT FROM credtui.credential)
    AND NOT EXISTS (SELECT FROM credtui.operator) AND NOT EXISTS (SELECT FROM credtui.usage)
    AND NOT EXISTS (SELECT FROM credtui.preference) AND NOT EXISTS (SELECT FROM credtui.token_key)
    AND NOT EXISTS (SELECT FROM credtui.revocation) AND NOT EXISTS (SELECT FROM credtui.swept)
"""

PLACES: Final = """
SELECT environment, organization FROM credtui.ledger
WHERE events > 0 AND organization <> '' ORDER BY environment, organization
"""
# Two credentials may have exchanged their names. So each first gets a name that none can have.
PARK_NAMES: Final = """
UPDATE credtui.credential SET name = client_id, name_key = lower(client_id)
WHERE organization = %(organization)s AND environment = %(environment)s
"""
REMOVE_OPERATORS: Final = "DELETE FROM credtui.operator"

USAGE: Final = f"{sql.USAGE} ORDER BY revision"
REMOVE_USAGE: Final = """
DELETE FROM credtui.usage
WHERE organization = %(organization)s AND environment = %(environment)s
"""
ADD_USAGE: Final = """
INSERT INTO credtui.usage (environment, organization, client_id, content)
VALUES (%(environment)s, %(organization)s, %(client_id)s, %(content)s)
"""

REVOCATIONS: Final = "SELECT environment, token, expiry FROM credtui.revocation"
SWEPT: Final = "SELECT environment, first, last FROM credtui.swept ORDER BY environment, first"
THEMES: Final = "SELECT operator, theme FROM credtui.preference"
REMOVE_REST: Final = (
    "DELETE FROM credtui.token_key",
    "DELETE FROM credtui.revocation",
    "DELETE FROM credtui.swept",
    "DELETE FROM credtui.preference",
)
