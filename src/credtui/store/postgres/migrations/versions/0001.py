"""The tables of the first release with PostgreSQL, and the rules that they keep.

A rule holds for every client of the database. credtui's own service checks each rule first, so
a person sees a sentence of the service, and the database refuses only what went around it.
"""

from alembic import op

revision = "0001"
down_revision = None

TABLES = """
-- A place, with the end of its audit log. A change locks this row. The audit log about operators is
-- kept for the place without names.
CREATE TABLE credtui.ledger (
    environment text NOT NULL,
    organization text NOT NULL,
    networks text[] NOT NULL DEFAULT '{}',
    events bigint NOT NULL DEFAULT 0 CHECK (events >= 0),
    last_hash text NOT NULL DEFAULT repeat('0', 64),
    PRIMARY KEY (organization, environment)
);
INSERT INTO credtui.ledger (environment, organization) VALUES ('', '');

CREATE TABLE credtui.credential (
    environment text NOT NULL,
    client_id text NOT NULL,
    organization text NOT NULL,
    slot smallint NOT NULL,
    position bigint NOT NULL,
    is_primary boolean NOT NULL,
    name text NOT NULL,
    name_key text NOT NULL,
    created_at timestamptz NOT NULL,
    rotated_at timestamptz,
    generation integer NOT NULL CHECK (generation >= 1),
    secret_hash text NOT NULL,
    handover_how text,
    handover_at timestamptz,
    replaces text,
    retired json NOT NULL DEFAULT '[]',
    PRIMARY KEY (client_id, environment),
    CONSTRAINT at_most_three CHECK (slot BETWEEN 1 AND 3),
    CONSTRAINT one_in_a_slot UNIQUE (organization, environment, slot),
    CONSTRAINT unique_name UNIQUE (organization, environment, name_key),
    -- The key of other names depends on the version of Unicode, which Python and the database may
    -- not have in common. There, the database takes the key that it is given.
    CONSTRAINT key_of_name CHECK (
        octet_length(name) > length(name) OR name_key = lower(name COLLATE "C")
    ),
    FOREIGN KEY (organization, environment) REFERENCES credtui.ledger (organization, environment)
);
CREATE UNIQUE INDEX one_primary ON credtui.credential (organization, environment)
    WHERE is_primary;

CREATE TABLE credtui.event (
    environment text NOT NULL,
    organization text NOT NULL,
    number bigint NOT NULL,
    previous text NOT NULL,
    hash text NOT NULL,
    content json NOT NULL,
    PRIMARY KEY (organization, environment, number),
    FOREIGN KEY (organization, environment) REFERENCES credtui.ledger (organization, environment),
    CONSTRAINT columns_of_content CHECK (
        (content ->> 'number')::bigint = number
        AND content ->> 'previous' = previous
        AND content ->> 'hash' = hash
    )
);

CREATE TABLE credtui.operator (
    name text PRIMARY KEY,
    position bigint NOT NULL,
    representative boolean NOT NULL
);
CREATE INDEX representatives ON credtui.operator (name) WHERE representative;
CREATE TABLE credtui.permission (
    operator text NOT NULL REFERENCES credtui.operator (name) ON DELETE CASCADE,
    organization text NOT NULL,
    level smallint NOT NULL CHECK (level BETWEEN 0 AND 2),
    PRIMARY KEY (operator, organization)
);
CREATE INDEX permissions_for ON credtui.permission (organization);
CREATE TABLE credtui.operator_key (
    data bytea PRIMARY KEY,
    operator text NOT NULL REFERENCES credtui.operator (name) ON DELETE CASCADE,
    position smallint NOT NULL,
    line text NOT NULL
);
CREATE INDEX keys_of ON credtui.operator_key (operator);

-- How credentials are used. The numbers of a sequence tell which row changed last.
CREATE SEQUENCE credtui.usage_revision;
CREATE TABLE credtui.usage (
    environment text NOT NULL,
    organization text NOT NULL,
    client_id text NOT NULL,
    revision bigint NOT NULL DEFAULT pg_catalog.nextval('credtui.usage_revision'),
    content json,
    PRIMARY KEY (organization, environment, client_id)
);

-- Who has a new secret on screen. The session locks its row for as long as it lives.
CREATE TABLE credtui.lease (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    environment text NOT NULL,
    organization text NOT NULL,
    content json NOT NULL
);
CREATE INDEX leases_at ON credtui.lease (organization, environment);

CREATE TABLE credtui.preference (
    operator bytea PRIMARY KEY,
    theme text NOT NULL
);

CREATE TABLE credtui.token_key (
    id smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    key bytea NOT NULL CHECK (length(key) = 32)
);
CREATE TABLE credtui.revocation (
    environment text NOT NULL,
    token text NOT NULL,
    expiry bigint NOT NULL,
    PRIMARY KEY (token, environment)
);
CREATE INDEX revocations_by_expiry ON credtui.revocation (environment, expiry);
-- Spans of time whose revocations were swept. A token that expires within one counts as revoked.
CREATE TABLE credtui.swept (
    environment text NOT NULL,
    first bigint NOT NULL,
    last bigint NOT NULL CHECK (last >= first),
    PRIMARY KEY (environment, first)
);
"""

RULES = """
-- An event follows the last one of its log, which the ledger's row remembers.
CREATE FUNCTION credtui.follow_last_event() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE credtui.ledger SET events = NEW.number, last_hash = NEW.hash
    WHERE organization = NEW.organization AND environment = NEW.environment
        AND events = NEW.number - 1 AND last_hash = NEW.previous;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'audit event % does not follow the last one', NEW.number
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER follow_last_event AFTER INSERT ON credtui.event
    FOR EACH ROW EXECUTE FUNCTION credtui.follow_last_event();

CREATE FUNCTION credtui.keep_events() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'audit events can not be changed or removed'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER keep_events BEFORE UPDATE OR DELETE ON credtui.event
    FOR EACH STATEMENT EXECUTE FUNCTION credtui.keep_events();
CREATE TRIGGER keep_all_events BEFORE TRUNCATE ON credtui.event
    FOR EACH STATEMENT EXECUTE FUNCTION credtui.keep_events();

-- The end of a log is its newest event, so the log has no gap.
CREATE FUNCTION credtui.grow_log() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.events <> 0 OR NEW.last_hash <> repeat('0', 64) THEN
            RAISE EXCEPTION 'an audit log begins empty'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    ELSIF (NEW.events <> OLD.events OR NEW.last_hash <> OLD.last_hash) AND NOT EXISTS (
        SELECT FROM credtui.event AS added
        WHERE added.organization = NEW.organization AND added.environment = NEW.environment
            AND added.number = NEW.events AND added.number = OLD.events + 1
            AND added.hash = NEW.last_hash AND added.previous = OLD.last_hash
    ) THEN
        RAISE EXCEPTION 'an audit log only grows'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER grow_log BEFORE INSERT OR UPDATE ON credtui.ledger
    FOR EACH ROW EXECUTE FUNCTION credtui.grow_log();

-- A secret that was replaced never comes back: a new hash takes the next generation.
CREATE FUNCTION credtui.grow_generation() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.client_id <> OLD.client_id OR NEW.environment <> OLD.environment
        OR NEW.organization <> OLD.organization
    THEN
        RAISE EXCEPTION 'a credential keeps its Client ID and its place'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.generation < OLD.generation
        OR (NEW.generation = OLD.generation AND NEW.secret_hash <> OLD.secret_hash)
    THEN
        RAISE EXCEPTION 'a new secret takes the next generation'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER grow_generation BEFORE UPDATE ON credtui.credential
    FOR EACH ROW EXECUTE FUNCTION credtui.grow_generation();

-- A deleted credential never comes back.
CREATE TABLE credtui.departed (
    environment text NOT NULL,
    client_id text NOT NULL,
    PRIMARY KEY (client_id, environment)
);
CREATE FUNCTION credtui.note_departure() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO credtui.departed (environment, client_id) VALUES (OLD.environment, OLD.client_id);
    RETURN NULL;
END $$;
CREATE TRIGGER note_departure AFTER DELETE ON credtui.credential
    FOR EACH ROW EXECUTE FUNCTION credtui.note_departure();
CREATE FUNCTION credtui.stay_departed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT FROM credtui.departed AS gone
        WHERE gone.client_id = NEW.client_id AND gone.environment = NEW.environment
    ) THEN
        RAISE EXCEPTION 'a deleted credential never comes back'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER stay_departed BEFORE INSERT ON credtui.credential
    FOR EACH ROW EXECUTE FUNCTION credtui.stay_departed();
CREATE FUNCTION credtui.delete_one_by_one() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'credentials must be deleted, so that it is known which ones never come back'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER delete_one_by_one BEFORE TRUNCATE ON credtui.credential
    FOR EACH STATEMENT EXECUTE FUNCTION credtui.delete_one_by_one();

-- At the end of a transaction a place has a primary credential, or no credential.
CREATE FUNCTION credtui.have_a_primary() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    changed credtui.credential := coalesce(NEW, OLD);
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.is_primary = OLD.is_primary THEN
            RETURN NULL;
        END IF;
    END IF;
    -- Of two transactions at the same time, the second one waits, and sees what the first one did.
    UPDATE credtui.ledger SET networks = networks
    WHERE organization = changed.organization AND environment = changed.environment;
    IF EXISTS (
        SELECT FROM credtui.credential AS kept
        WHERE kept.organization = changed.organization AND kept.environment = changed.environment
    ) AND NOT EXISTS (
        SELECT FROM credtui.credential AS kept
        WHERE kept.organization = changed.organization AND kept.environment = changed.environment
            AND kept.is_primary
    ) THEN
        RAISE EXCEPTION 'one credential must be primary'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER have_a_primary
    AFTER INSERT OR UPDATE OF is_primary OR DELETE ON credtui.credential
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION credtui.have_a_primary();

-- Otherwise a role could put a function that works as the owner on a table of its own, and so move
-- the end of a log, or bring a deleted credential back.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA credtui FROM PUBLIC;
"""

# `credtui store copy` marks its target until the copy is complete, and from the end of the copy on
# its source. A marked store takes no change, whichever client is connected. The copy locks the
# tables before it makes the mark, so that no change is under way then.
MARK = """
CREATE TABLE credtui.mark (
    id smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    kind text NOT NULL CHECK (kind IN ('moved', 'unfinished')),
    other text NOT NULL
);
CREATE FUNCTION credtui.refuse_if_marked() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    mark credtui.mark;
BEGIN
    SELECT * INTO mark FROM credtui.mark;
    IF mark.kind = 'moved' THEN
        RAISE EXCEPTION 'this store was copied to another one'
            USING ERRCODE = 'CT001', DETAIL = mark.other;
    ELSIF mark.kind = 'unfinished'
        AND current_setting('credtui.copying', true) IS DISTINCT FROM 'on'
    THEN
        RAISE EXCEPTION 'this store is an unfinished copy'
            USING ERRCODE = 'CT002', DETAIL = mark.other;
    END IF;
    RETURN NULL;
END $$;
"""
REFUSE_IF_MARKED = """
CREATE TRIGGER refuse_if_marked BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON credtui.{table}
    FOR EACH STATEMENT EXECUTE FUNCTION credtui.refuse_if_marked();
"""
KEEP_DATA = (
    *("ledger", "credential", "event", "operator", "permission", "operator_key"),
    *("usage", "preference", "token_key", "revocation", "swept"),
)


def upgrade() -> None:
    """Make the tables and their rules."""
    op.execute(TABLES)
    op.execute(RULES)
    op.execute(MARK)
    for table in KEEP_DATA:
        op.execute(REFUSE_IF_MARKED.format(table=table))
