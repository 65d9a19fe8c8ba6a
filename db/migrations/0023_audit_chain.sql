-- An audit that can be checked: every row is a link of one of sixteen chains, made when its transaction commits.

-- What a row says besides. A security event is about an account, or about no one; a look or a change about a patient.
ALTER TABLE audit_event
    ALTER COLUMN patient_id DROP NOT NULL,
    ADD COLUMN about_id uuid,
    ADD COLUMN actor_roles text[],
    ADD COLUMN session_id uuid,
    ADD COLUMN purpose text CHECK (purpose ~ '^[a-z-]{2,20}( [a-z-]{2,20})*$'),
    ADD COLUMN consent_id uuid,
    ADD COLUMN detail text CHECK (detail ~ '^[a-z0-9-]{1,60}$'),
    ADD COLUMN call_id bigint,
    ADD CHECK (patient_id IS NULL OR about_id IS NULL);
CREATE INDEX ON audit_event (about_id, id) WHERE patient_id IS NULL;
CREATE INDEX ON audit_event (call_id) WHERE call_id IS NOT NULL;
COMMENT ON COLUMN audit_event.about_id IS 'Whose account a security event is about; null where it is about the whole, as a key is.';
COMMENT ON COLUMN audit_event.actor_roles IS 'What the actor was at that moment; null where they acted for themselves or nobody did.';
COMMENT ON COLUMN audit_event.purpose IS 'What the actor''s roles may do this for: more than one, where they hold several.';
COMMENT ON COLUMN audit_event.detail IS 'One word from a closed set: a role, a factor, a reason. Never what somebody said.';
COMMENT ON COLUMN audit_event.call_id IS 'The first row of a call about several patients, in all of its rows.';

-- Where each chain ends. A row is locked while its transaction commits, and at no other time.
CREATE TABLE audit_head (
    shard smallint PRIMARY KEY CHECK (shard BETWEEN 0 AND 15),
    seq bigint NOT NULL,
    hash bytea NOT NULL CHECK (length(hash) = 32)
) WITH (fillfactor = 10);
INSERT INTO audit_head SELECT n, 0, sha256(convert_to('cairn audit shard ' || n, 'UTF8')) FROM generate_series(0, 15) n;

-- One link for each event: its bytes as they were stored, and SHA-256 of the hash before and these bytes. The hash before
-- is the one of `seq - 1` in this shard, so it is not kept twice. Events are for looking things up, links are the proof.
CREATE TABLE audit_link (
    seq bigint NOT NULL CHECK (seq > 0),
    shard smallint NOT NULL,
    event_id bigint NOT NULL,
    bytes bytea NOT NULL,
    hash bytea NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (seq, shard)
);
COMMENT ON COLUMN audit_link.bytes IS 'The event as JSON without nulls, made once, when it was chained; nobody makes it again.';

-- All that an event is, whatever columns it may get: none can be forgotten.
CREATE FUNCTION audit_bytes(event audit_event) RETURNS bytea LANGUAGE sql STABLE
    RETURN convert_to(json_strip_nulls(row_to_json(event))::text, 'UTF8');

-- What was there before becomes the beginning of the chains.
DO $$
DECLARE
    event audit_event;
    head audit_head;
    kept bytea;
BEGIN
    FOR event IN SELECT * FROM audit_event ORDER BY id LOOP
        kept := audit_bytes(event);
        UPDATE audit_head SET seq = seq + 1, hash = sha256(hash || kept) WHERE shard = event.id % 16
        RETURNING * INTO head;
        INSERT INTO audit_link VALUES (head.seq, head.shard, event.id, kept, head.hash);
    END LOOP;
END $$;

-- The link is made by a trigger that waits for the commit: whatever a transaction does, this comes last, no statement of
-- its own can leave it out, and what cannot be chained is not committed. A head is therefore the last lock that anybody
-- takes, and a transaction takes one only, that of its backend: no two of them ever wait for each other in a circle.
CREATE FUNCTION chain_audit_event() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    kept bytea := audit_bytes(NEW);
BEGIN
    WITH head AS (
        UPDATE audit_head SET seq = seq + 1, hash = sha256(hash || kept) WHERE shard = pg_backend_pid() % 16
        RETURNING shard, seq, hash
    )
    INSERT INTO audit_link (seq, shard, event_id, bytes, hash) SELECT seq, shard, NEW.id, kept, hash FROM head;
    IF NOT FOUND THEN RAISE EXCEPTION 'the audit has no chain to go on'; END IF;
    RETURN NULL;
END $$;

-- The same for all rows of one call: a head that is changed fifty times in a transaction costs more each time.
CREATE FUNCTION chain_audit_call() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    event audit_event;
    head audit_head;
    kept bytea;
BEGIN
    SELECT * INTO STRICT head FROM audit_head WHERE shard = pg_backend_pid() % 16 FOR NO KEY UPDATE;
    FOR event IN SELECT * FROM audit_event WHERE call_id = NEW.id ORDER BY id LOOP
        kept := audit_bytes(event);
        head.seq := head.seq + 1;
        head.hash := sha256(head.hash || kept);
        INSERT INTO audit_link (seq, shard, event_id, bytes, hash)
        VALUES (head.seq, head.shard, event.id, kept, head.hash);
    END LOOP;
    UPDATE audit_head SET seq = head.seq, hash = head.hash WHERE shard = head.shard;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER chained AFTER INSERT ON audit_event DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (NEW.call_id IS NULL) EXECUTE FUNCTION chain_audit_event();
CREATE CONSTRAINT TRIGGER chained_together AFTER INSERT ON audit_event DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (NEW.call_id = NEW.id) EXECUTE FUNCTION chain_audit_call();

-- The heads, signed with a key that is not in the database, and what hands one key's trust on to the next. `signed` is
-- what the signature is over, byte for byte; each names the hash of the one before. The same stand in a file outside.
CREATE TABLE audit_anchor (
    number bigint PRIMARY KEY CHECK (number > 0),
    at timestamptz NOT NULL,
    kind text NOT NULL CHECK (kind IN ('heads', 'key')),
    key_id text NOT NULL CHECK (key_id ~ '^[0-9a-f]{16}$'),
    signed bytea NOT NULL,
    signature bytea NOT NULL CHECK (length(signature) = 64)
);

-- Nobody changes what is written, its owner neither; who switches this off is found by `app audit verify`.
CREATE FUNCTION nothing_of_the_audit_changes() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'nothing of the audit is changed or removed' USING ERRCODE = 'insufficient_privilege';
END $$;
REVOKE ALL ON FUNCTION nothing_of_the_audit_changes FROM PUBLIC;
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON audit_event
FOR EACH ROW EXECUTE FUNCTION nothing_of_the_audit_changes();
CREATE TRIGGER stays_whole BEFORE TRUNCATE ON audit_event EXECUTE FUNCTION nothing_of_the_audit_changes();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON audit_link
FOR EACH ROW EXECUTE FUNCTION nothing_of_the_audit_changes();
CREATE TRIGGER stays_whole BEFORE TRUNCATE ON audit_link EXECUTE FUNCTION nothing_of_the_audit_changes();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON audit_anchor
FOR EACH ROW EXECUTE FUNCTION nothing_of_the_audit_changes();
CREATE TRIGGER stays_whole BEFORE TRUNCATE ON audit_anchor EXECUTE FUNCTION nothing_of_the_audit_changes();
CREATE TRIGGER stays BEFORE DELETE ON audit_head
FOR EACH ROW EXECUTE FUNCTION nothing_of_the_audit_changes();
CREATE TRIGGER goes_on BEFORE UPDATE ON audit_head
FOR EACH ROW WHEN (NEW.shard <> OLD.shard OR NEW.seq <= OLD.seq) EXECUTE FUNCTION nothing_of_the_audit_changes();
CREATE TRIGGER stays_whole BEFORE TRUNCATE ON audit_head EXECUTE FUNCTION nothing_of_the_audit_changes();

-- Who a row says that it was. Whoever has a feed's address is nobody whom we know.
CREATE FUNCTION audit_actor() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN current_setting('cairn.duty', true) = 'feed' THEN NULL ELSE me() END;

-- No actor can be claimed: the row says who the transaction is, and is about somebody whom they deal with.
DROP FUNCTION audit(text, text, uuid[], uuid);
CREATE FUNCTION audit(did text, about text, patients uuid[], subject uuid, why text DEFAULT NULL, under uuid DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    self uuid := me();
    held text[];
    call bigint;
BEGIN
    IF cardinality(patients) = 0 THEN RETURN; END IF;
    IF NOT concerns(patients) THEN
        RAISE EXCEPTION 'an audit row is about somebody whom its actor deals with'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF patients <> ARRAY[self] THEN
        held := ARRAY(SELECT role FROM staff_role WHERE person_id = self ORDER BY role);
    END IF;
    IF cardinality(patients) > 1 THEN call := nextval('audit_event_id_seq'); END IF;
    INSERT INTO audit_event (id, actor_id, actor_roles, duty, request_id, session_id, patient_id, action, category,
                             subject_id, purpose, consent_id, call_id)
    OVERRIDING SYSTEM VALUE
    SELECT CASE WHEN place = 1 AND call IS NOT NULL THEN call ELSE nextval('audit_event_id_seq') END,
           audit_actor(), CASE WHEN audit_actor() IS NOT NULL THEN held END, coalesce(current_setting('cairn.duty', true), ''),
           nullif(current_setting('cairn.request', true), '')::uuid,
           nullif(current_setting('cairn.session', true), '')::uuid, patient, did, about, subject,
           coalesce(why, nullif(current_setting('cairn.purpose', true), '')),
           coalesce(under, nullif(current_setting('cairn.consent', true), '')::uuid), call
    FROM unnest(patients) WITH ORDINALITY AS given (patient, place);
END $$;

-- What concerns an account, or the keys of the whole, and no patient's record.
CREATE FUNCTION audit_security(did text, about text, account uuid, subject uuid, word text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO audit_event (actor_id, actor_roles, duty, request_id, session_id, about_id, action, category, subject_id,
                             detail)
    VALUES (audit_actor(),
            CASE WHEN audit_actor() <> account
                 THEN ARRAY(SELECT role FROM staff_role WHERE person_id = audit_actor() ORDER BY role) END,
            coalesce(current_setting('cairn.duty', true), ''),
            nullif(current_setting('cairn.request', true), '')::uuid,
            nullif(current_setting('cairn.session', true), '')::uuid, account, did, about, subject, word);
END $$;
REVOKE ALL ON FUNCTION audit, audit_security, chain_audit_event, chain_audit_call, audit_bytes, audit_actor FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit, audit_security TO cairn_app;

-- A session that begins or ends, and a role that is given or taken, leave their row whoever did it, and by whatever way.
CREATE FUNCTION session_is_audited() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    row_of jsonb := to_jsonb(NEW);
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM audit_security('sign-in', 'sessions', NEW.person_id, NEW.id, row_of ->> 'factor');
    ELSE
        PERFORM audit_security('sign-out', 'sessions', NEW.person_id, NEW.id, row_of ->> 'ended_because');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER begins_on_record AFTER INSERT ON session
FOR EACH ROW EXECUTE FUNCTION session_is_audited();
CREATE TRIGGER ends_on_record AFTER UPDATE OF ended_at ON session
FOR EACH ROW WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL) EXECUTE FUNCTION session_is_audited();

CREATE FUNCTION role_is_audited() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM audit_security('give', 'roles', NEW.person_id, NULL, NEW.role);
    ELSE
        PERFORM audit_security('take', 'roles', OLD.person_id, NULL, OLD.role);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER on_record AFTER INSERT OR DELETE ON staff_role FOR EACH ROW EXECUTE FUNCTION role_is_audited();
REVOKE ALL ON FUNCTION session_is_audited, role_is_audited FROM PUBLIC;

-- Patients read their own; who supervises a program what is about its patients and its accounts. The worker anchors.
CREATE FUNCTION overseen_accounts() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 50 AS $$
    SELECT p.id FROM person m JOIN staff_role r ON r.person_id = m.id JOIN person p ON p.organisation_id = m.organisation_id
    WHERE m.id = me() AND r.role = 'supervisor'
$$;
REVOKE ALL ON FUNCTION overseen_accounts FROM PUBLIC;
GRANT EXECUTE ON FUNCTION overseen_accounts TO cairn_app;
DROP POLICY own ON audit_event;
CREATE POLICY own ON audit_event FOR SELECT
    USING (CASE WHEN patient_id = (SELECT me()) THEN true
                WHEN patient_id IS NOT NULL THEN patient_id = ANY (ARRAY(SELECT patients_for('read', 'audit-events')))
                ELSE about_id = ANY (ARRAY(SELECT overseen_accounts())) END);

GRANT SELECT ON audit_head TO cairn_app;
GRANT SELECT, INSERT ON audit_anchor TO cairn_app;
ALTER TABLE audit_head ENABLE ROW LEVEL SECURITY;
CREATE POLICY clock ON audit_head FOR SELECT USING (on_the_clock());
ALTER TABLE audit_link ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_anchor ENABLE ROW LEVEL SECURITY;
CREATE POLICY clock_reads ON audit_anchor FOR SELECT USING (on_the_clock());
CREATE POLICY clock_anchors ON audit_anchor FOR INSERT WITH CHECK (on_the_clock());
