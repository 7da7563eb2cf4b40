"""All statements of the store, except the migrations.

Each names its tables with their schema and its columns one by one. So no search path matters, and a
later schema may have more columns. PostgreSQL prefers a function for just these types in any schema
to its own function for all types, so those are named with their schema too. `unnest` with several
arrays is always its own.
"""

from typing import Final

from credtui.store.postgres.schema import USABLE

SCHEMA: Final = "SELECT version_num FROM credtui.alembic_version"
IS_STANDBY: Final = "SELECT pg_is_in_recovery()"

# A mark: none for a store that is in use. Look-ups ask with each question why its answer might not
# count: a standby answers, the database was migrated meanwhile to a schema that this version
# doesn't know, or there is a mark.

MARK: Final = "SELECT kind, other FROM credtui.mark"
_WHY_NOT: Final = f"""
CASE WHEN pg_is_in_recovery() OR EXISTS (
    SELECT FROM credtui.alembic_version WHERE version_num > '{USABLE[-1]:04}'
) THEN ARRAY['unfit', ''] ELSE (SELECT ARRAY[kind, other] FROM credtui.mark) END
"""  # noqa: S608  # constants only

# Transactions

BEGIN: Final = "BEGIN ISOLATION LEVEL READ COMMITTED"
COMMIT: Final = "COMMIT"
ROLLBACK: Final = "ROLLBACK"
# A cluster may ask for more than `on`, never for less.
_DURABLE: Final = """set_config('synchronous_commit', CASE current_setting('synchronous_commit')
        WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, true)"""
# The limits free the row of a session that was stopped, or whose host has gone. A pooler in
# transaction mode leaves no other way to set them.
SETTINGS: Final = f"""
SELECT
    {_DURABLE},
    set_config('lock_timeout', '5s', true),
    set_config('statement_timeout', '8s', true),
    set_config('idle_in_transaction_session_timeout', '15s', true),
    (SELECT version_num FROM credtui.alembic_version)
"""  # noqa: S608  # constants only
ADD_LEDGER: Final = """
INSERT INTO credtui.ledger (environment, organization) VALUES (%(environment)s, %(organization)s)
ON CONFLICT DO NOTHING
"""
HOLD_LEDGER: Final = """
SELECT events, last_hash, networks FROM credtui.ledger
WHERE organization = %(organization)s AND environment = %(environment)s FOR UPDATE
"""
# Changes nothing. A commit after it waits for the standby, and so for all that was written before.
TOUCH_LEDGER: Final = """
UPDATE credtui.ledger SET networks = networks
WHERE organization = %(organization)s AND environment = %(environment)s
"""
SYNCHRONOUS: Final = """
SELECT current_setting('synchronous_standby_names'),
    (SELECT count(*) FROM pg_catalog.pg_stat_replication)
"""

# Organizations

_CREDENTIAL: Final = """
environment, organization, client_id, name, created_at, rotated_at, generation, handover_how,
handover_at, replaces, secret_hash, retired, is_primary, slot, position
"""
CREDENTIALS: Final = f"""
SELECT {_CREDENTIAL} FROM credtui.credential
WHERE organization = %(organization)s AND environment = %(environment)s ORDER BY position
"""  # noqa: S608  # constants only
ORGANIZATION: Final = f"""
SELECT {_CREDENTIAL}, networks
FROM credtui.ledger LEFT JOIN credtui.credential USING (organization, environment)
WHERE organization = %(organization)s AND environment = %(environment)s ORDER BY position
"""  # noqa: S608  # constants only
ADD_CREDENTIAL: Final = f"""
INSERT INTO credtui.credential ({_CREDENTIAL}, name_key) VALUES (
    %(environment)s, %(organization)s, %(client_id)s, %(name)s, %(created_at)s, %(rotated_at)s,
    %(generation)s, %(handover_how)s, %(handover_at)s, %(replaces)s, %(secret_hash)s, %(retired)s,
    %(is_primary)s, %(slot)s, %(position)s, %(name_key)s
)
"""  # noqa: S608  # constants only
CHANGE_CREDENTIAL: Final = """
UPDATE credtui.credential SET name = %(name)s, name_key = %(name_key)s,
    rotated_at = %(rotated_at)s, generation = %(generation)s, handover_how = %(handover_how)s,
    handover_at = %(handover_at)s, replaces = %(replaces)s, secret_hash = %(secret_hash)s,
    retired = %(retired)s, is_primary = %(is_primary)s
WHERE client_id = %(client_id)s AND environment = %(environment)s
"""
REMOVE_CREDENTIAL: Final = """
DELETE FROM credtui.credential WHERE client_id = %(client_id)s AND environment = %(environment)s
"""
SET_NETWORKS: Final = """
UPDATE credtui.ledger SET networks = %(networks)s
WHERE organization = %(organization)s AND environment = %(environment)s
"""
# The place without names holds the audit log about operators.
ORGANIZATIONS: Final = """
SELECT DISTINCT organization FROM credtui.ledger WHERE events > 0 AND organization <> ''
"""
HAS_ORGANIZATION: Final = """
SELECT EXISTS (
    SELECT FROM credtui.ledger WHERE organization = %(organization)s AND events > 0
)
"""
VERSION: Final = """
SELECT
    (SELECT events FROM credtui.ledger
        WHERE organization = %(organization)s AND environment = %(environment)s),
    (SELECT events FROM credtui.ledger WHERE organization = '' AND environment = ''),
    (SELECT max(revision) FROM credtui.usage
        WHERE organization = %(organization)s AND environment = %(environment)s)
"""
# A lost notification does no harm, so its commit waits for no disk and no standby.
NOTIFY: Final = """
SELECT set_config('synchronous_commit', 'off', true), pg_catalog.pg_notify(%(channel)s, '')
"""
BACKEND: Final = "SELECT pg_catalog.pg_backend_pid()"

# Clients. Each array has an element for each of a batch of look-ups. The first two columns are
# there even if no client is found. The first tells why the answer doesn't count. The second has the
# numbers, from 1, of the tokens that are revoked. A subquery that finds one row can't become a
# join. So an index finds that row, even where the tables have no statistics.

_LOOK_UP: Final = f"""
SELECT why_not, revoked, (
    SELECT networks FROM credtui.ledger WHERE ledger.organization = found.organization
        AND ledger.environment = found.environment
), {_CREDENTIAL}
FROM (SELECT {_WHY_NOT} AS why_not, %s AS revoked) AS server LEFT JOIN (
    unnest(%%(client_ids)s::text[], %%(environments)s::text[]) AS asked (id, place)
    CROSS JOIN LATERAL (
        SELECT {_CREDENTIAL} FROM credtui.credential
        WHERE client_id = asked.id AND environment = asked.place LIMIT 1
    ) AS found
) ON true
"""  # noqa: S608  # constants only
CLIENTS: Final = _LOOK_UP % "ARRAY[]::bigint[]"
# Spans don't overlap. So only the last span that began can hold a moment.
BEARERS: Final = (
    _LOOK_UP
    % """ARRAY(
    SELECT number FROM unnest(%(places)s::text[], %(tokens)s::text[], %(expiries)s::bigint[])
        WITH ORDINALITY AS asked (environment, token, expiry, number)
    WHERE (
        SELECT true FROM credtui.revocation AS revoked
        WHERE revoked.token = asked.token AND revoked.environment = asked.environment
    ) OR (
        SELECT last FROM credtui.swept WHERE swept.environment = asked.environment
            AND first <= asked.expiry ORDER BY first DESC LIMIT 1
    ) >= asked.expiry
)"""
)

# Audit events

ADD_EVENT: Final = """
INSERT INTO credtui.event (environment, organization, number, previous, hash, content)
VALUES (%(environment)s, %(organization)s, %(number)s, %(previous)s, %(hash)s, %(content)s)
"""
EVENT_HASH: Final = """
SELECT hash FROM credtui.event WHERE organization = %(organization)s
    AND environment = %(environment)s AND number = %(number)s
"""
EVENTS: Final = """
SELECT content FROM credtui.event WHERE organization = %(organization)s
    AND environment = %(environment)s AND number < %(before)s ORDER BY number DESC LIMIT %(limit)s
"""
EVENTS_AFTER: Final = """
SELECT content FROM credtui.event WHERE organization = %(organization)s
    AND environment = %(environment)s AND number > %(after)s ORDER BY number LIMIT %(limit)s
"""
END_OF_LOG: Final = """
SELECT events, last_hash FROM credtui.ledger
WHERE organization = %(organization)s AND environment = %(environment)s
"""

# Operators

_OPERATOR: Final = """
SELECT operator.name, operator.representative,
    ARRAY(SELECT line FROM credtui.operator_key AS key WHERE key.operator = operator.name
        ORDER BY key.position),
    (SELECT pg_catalog.json_object_agg(organization, level) FROM credtui.permission
        WHERE permission.operator = operator.name)
FROM credtui.operator
"""
OPERATORS: Final = f"{_OPERATOR} ORDER BY operator.position"
POSITIONS_OF_OPERATORS: Final = "SELECT name, position FROM credtui.operator"
# The third column tells whether the organization exists, or anybody has a permission for it.
STANDING: Final = f"""
SELECT (SELECT min(name) FROM credtui.operator WHERE representative),
    NOT EXISTS (SELECT FROM credtui.operator),
    EXISTS (SELECT FROM credtui.permission WHERE organization = %(organization)s) OR EXISTS (
        SELECT FROM credtui.ledger WHERE organization = %(organization)s AND events > 0
    ),
    found.*
FROM (SELECT) AS one LEFT JOIN ({_OPERATOR} WHERE operator.name = %(operator)s) AS found ON true
"""  # noqa: S608  # constants only
OPERATORS_FOR_KEY: Final = "SELECT operator FROM credtui.operator_key WHERE data = %s"
REMOVE_OPERATOR: Final = "DELETE FROM credtui.operator WHERE name = %(name)s"
ADD_OPERATOR: Final = """
INSERT INTO credtui.operator (name, position, representative)
VALUES (%(name)s, %(position)s, %(representative)s)
"""
ADD_PERMISSION: Final = """
INSERT INTO credtui.permission (operator, organization, level)
VALUES (%(name)s, %(organization)s, %(level)s)
"""
ADD_KEY: Final = """
INSERT INTO credtui.operator_key (data, operator, position, line)
VALUES (%(data)s, %(name)s, %(position)s, %(line)s)
"""

# Usage

USAGE: Final = """
SELECT client_id, content FROM credtui.usage
WHERE organization = %(organization)s AND environment = %(environment)s AND content IS NOT NULL
"""
# Rows are made before they are locked: two token endpoints may add the first usage at once.
MAKE_USAGE: Final = """
INSERT INTO credtui.usage (environment, organization, client_id)
SELECT %(environment)s, %(organization)s, client_id
FROM pg_catalog.unnest(%(client_ids)s::text[]) AS client_id
ORDER BY client_id ON CONFLICT DO NOTHING
"""
HOLD_USAGE: Final = """
SELECT client_id, content FROM credtui.usage WHERE organization = %(organization)s
    AND environment = %(environment)s AND client_id = ANY(%(client_ids)s)
ORDER BY client_id FOR UPDATE
"""
SET_USAGE: Final = """
UPDATE credtui.usage
SET content = %(content)s, revision = pg_catalog.nextval('credtui.usage_revision')
WHERE organization = %(organization)s AND environment = %(environment)s
    AND client_id = %(client_id)s
"""
FORGET_USAGE: Final = """
DELETE FROM credtui.usage WHERE organization = %(organization)s AND environment = %(environment)s
    AND revision < (
        SELECT min(revision) FROM (
            SELECT revision FROM credtui.usage WHERE organization = %(organization)s
                AND environment = %(environment)s ORDER BY revision DESC LIMIT %(kept)s
        ) AS newest
    )
"""
SOON: Final = "SELECT set_config('synchronous_commit', 'off', true)"

# Leases. A session that shows a secret locks its row, so a row that can be locked is left over.

ADD_LEASE: Final = """
INSERT INTO credtui.lease (environment, organization, content)
VALUES (%(environment)s, %(organization)s, %(content)s) RETURNING id
"""
HOLD_LEASE: Final = "SELECT id FROM credtui.lease WHERE id = %(id)s FOR UPDATE"
# PostgreSQL has the second setting from version 17 on.
NO_TIME_LIMIT: Final = """
SELECT set_config(name, '0', true) FROM pg_catalog.pg_settings
WHERE name IN ('idle_in_transaction_session_timeout', 'transaction_timeout')
"""
REMOVE_LEASE: Final = "DELETE FROM credtui.lease WHERE id = %(id)s"
SWEEP_LEASES: Final = """
DELETE FROM credtui.lease WHERE id IN (
    SELECT id FROM credtui.lease WHERE organization = %(organization)s
        AND environment = %(environment)s FOR UPDATE SKIP LOCKED
)
"""
LEASES: Final = """
WITH left_over AS MATERIALIZED (
    SELECT id FROM credtui.lease WHERE organization = %(organization)s
        AND environment = %(environment)s FOR KEY SHARE SKIP LOCKED
)
SELECT id, content FROM credtui.lease WHERE organization = %(organization)s
    AND environment = %(environment)s AND id NOT IN (SELECT id FROM left_over) ORDER BY id
"""

# Preferences

THEME: Final = "SELECT theme FROM credtui.preference WHERE operator = %(operator)s"
KEEP_THEME: Final = """
INSERT INTO credtui.preference (operator, theme) VALUES (%(operator)s, %(theme)s)
ON CONFLICT (operator) DO UPDATE SET theme = EXCLUDED.theme
"""

# Access tokens

TOKEN_KEY: Final = "SELECT key FROM credtui.token_key"  # noqa: S105
MAKE_TOKEN_KEY: Final = """
INSERT INTO credtui.token_key (key) VALUES (%s) ON CONFLICT DO NOTHING
"""  # noqa: S105
# A revocation counts even where the server's own setting would not wait for the disk.
DURABLY: Final = f"SELECT {_DURABLE}"
REVOKE: Final = """
INSERT INTO credtui.revocation (environment, token, expiry)
VALUES (%(environment)s, %(token)s, %(expiry)s) ON CONFLICT DO NOTHING
"""
SPANS: Final = (
    "SELECT first, last FROM credtui.swept WHERE environment = %(environment)s FOR UPDATE"
)
EXPIRED: Final = """
DELETE FROM credtui.revocation WHERE environment = %(environment)s AND expiry < %(now)s
RETURNING expiry
"""
FORGET_SPANS: Final = "DELETE FROM credtui.swept WHERE environment = %(environment)s"
ADD_SPAN: Final = """
INSERT INTO credtui.swept (environment, first, last) VALUES (%(environment)s, %(first)s, %(last)s)
"""
