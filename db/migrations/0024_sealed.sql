-- What people write, where they are reached and where their phones ring is sealed by the app, with a key for each
-- person. Here lie the keys, wrapped: what unwraps them is kept apart from this database and from its backups.

CREATE TABLE data_key (
    person_id uuid NOT NULL REFERENCES person,
    version integer NOT NULL CHECK (version > 0),
    ring_key text NOT NULL CHECK (length(ring_key) BETWEEN 1 AND 200),
    wrapped bytea CHECK (length(wrapped) BETWEEN 1 AND 4096),
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    destroyed_at timestamptz,
    erased_at timestamptz CHECK (erased_at IS NULL OR destroyed_at IS NOT NULL),
    PRIMARY KEY (person_id, version),
    CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
);
CREATE INDEX ON data_key (ring_key) WHERE wrapped IS NOT NULL;
CREATE INDEX ON data_key (person_id) WHERE destroyed_at IS NOT NULL AND erased_at IS NULL;
COMMENT ON COLUMN data_key.erased_at IS 'When the secret of this person, which is not in this database, was destroyed as well.';

-- Nobody reads this table. A wrapped key opens nothing, and is given to whoever names its owner: what they may read is
-- settled where the sealed text is.
ALTER TABLE data_key ENABLE ROW LEVEL SECURITY;

CREATE FUNCTION data_keys_of(owners uuid[], versions integer[])
RETURNS TABLE (person_id uuid, version integer, ring_key text, wrapped bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 5 AS $$
    SELECT k.person_id, k.version, k.ring_key, k.wrapped
    FROM unnest(owners, versions) AS wanted (person_id, version) JOIN data_key k USING (person_id, version)
$$;

CREATE FUNCTION newest_data_key(whose uuid)
RETURNS TABLE (person_id uuid, version integer, ring_key text, wrapped bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
    SELECT k.person_id, k.version, k.ring_key, k.wrapped FROM data_key k
    WHERE k.person_id = whose ORDER BY k.version DESC LIMIT 1
$$;

-- Asked for in the statement that reads sealed text: where a person's keys were destroyed, it is not even given out.
CREATE FUNCTION data_keys_live(whose uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT NOT EXISTS (SELECT FROM data_key WHERE person_id = whose AND destroyed_at IS NOT NULL)
$$;

-- Whoever is the first to write for somebody makes their key; of two at once the later one waits and uses that.
-- False where that version is there, is not the next one, or the person's keys were destroyed.
CREATE FUNCTION keep_data_key(whose uuid, number integer, closed bytea, with_key text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF me() IS NULL AND NOT on_the_clock() AND NOT at_the_door() THEN RETURN false; END IF;
    IF number <> 1 + coalesce((SELECT max(version) FROM data_key WHERE person_id = whose), 0)
       OR NOT data_keys_live(whose) THEN RETURN false; END IF;
    INSERT INTO data_key (person_id, version, ring_key, wrapped) VALUES (whose, number, with_key, closed)
    ON CONFLICT DO NOTHING;
    RETURN FOUND;
END $$;

-- From the commit on nothing of this person's opens. How many keys there were; the clock does it when the time has come.
CREATE FUNCTION destroy_data_keys(whose uuid, at timestamptz) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH destroyed AS (
        UPDATE data_key SET wrapped = NULL, destroyed_at = at
        WHERE person_id = whose AND destroyed_at IS NULL AND on_the_clock() RETURNING 1
    )
    SELECT count(*)::integer FROM destroyed
$$;

-- Whose secrets outside this database are still to be destroyed, and that they have been.
CREATE FUNCTION to_be_erased() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 10 AS $$
    SELECT DISTINCT person_id FROM data_key
    WHERE destroyed_at IS NOT NULL AND erased_at IS NULL AND on_the_clock()
$$;
CREATE FUNCTION data_keys_erased(whose uuid, at timestamptz) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH erased AS (
        UPDATE data_key SET erased_at = at
        WHERE person_id = whose AND destroyed_at IS NOT NULL AND erased_at IS NULL AND on_the_clock() RETURNING 1
    )
    SELECT count(*)::integer FROM erased
$$;

-- Which keys of the ring are needed: whoever starts without one of them is told so before anybody is served.
CREATE FUNCTION ring_keys_in_use() RETURNS TABLE (ring_key text, keys bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 5 AS $$
    SELECT k.ring_key, count(*) FROM data_key k WHERE k.wrapped IS NOT NULL GROUP BY 1 ORDER BY 1
$$;
REVOKE ALL ON FUNCTION data_keys_of, newest_data_key, data_keys_live, keep_data_key, destroy_data_keys, to_be_erased,
    data_keys_erased, ring_keys_in_use FROM PUBLIC;
GRANT EXECUTE ON FUNCTION data_keys_of, newest_data_key, data_keys_live, keep_data_key, destroy_data_keys,
    to_be_erased, data_keys_erased, ring_keys_in_use TO cairn_app;

-- Where somebody is written to. A closed one keeps neither the value nor its index.
CREATE TABLE contact (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES person,
    kind text NOT NULL CHECK (kind IN ('email', 'sms')),
    value_sealed bytea,
    value_index bytea CHECK (length(value_index) = 32),
    added_by uuid NOT NULL REFERENCES person,
    added_at timestamptz NOT NULL,
    verified_at timestamptz,
    may_text boolean NOT NULL DEFAULT true,
    may_leave_voicemail boolean NOT NULL DEFAULT false,
    shared boolean NOT NULL DEFAULT false,
    closed_at timestamptz,
    closed_because text CHECK (closed_because IN ('own', 'staff', 'moved', 'account')),
    CHECK ((closed_at IS NULL) = (value_sealed IS NOT NULL)),
    CHECK ((closed_at IS NULL) = (value_index IS NOT NULL)),
    CHECK ((closed_at IS NULL) = (closed_because IS NULL))
);
CREATE UNIQUE INDEX contact_open_once ON contact (person_id, kind, value_index) WHERE closed_at IS NULL;
CREATE UNIQUE INDEX contact_verified_once ON contact (kind, value_index)
    WHERE verified_at IS NOT NULL AND closed_at IS NULL;
COMMENT ON COLUMN contact.shared IS 'Somebody else may see what arrives there: nothing but neutral lines, and no code that opens a record.';

-- A patient's: themselves, those who treat them, the desk and the supervisors. A colleague's: themselves and operators.
CREATE FUNCTION writes_to(whom uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT whom = me() OR EXISTS (
        SELECT FROM person p WHERE p.id = whom AND CASE p.kind
            WHEN 'staff' THEN p.organisation_id = works_at('operator')
            ELSE p.id IN (SELECT reach('supervised', 'coordinated'))
                 OR treats() AND p.id IN (SELECT reach('team')) END)
$$;

ALTER TABLE contact ENABLE ROW LEVEL SECURITY;
CREATE POLICY by_relation ON contact FOR SELECT USING (writes_to(person_id));
CREATE POLICY added ON contact FOR INSERT
    WITH CHECK (writes_to(person_id) AND added_by = me() AND verified_at IS NULL AND closed_at IS NULL);
CREATE POLICY changed ON contact FOR UPDATE USING (writes_to(person_id));
CREATE POLICY clock ON contact FOR SELECT USING (on_the_clock());
GRANT SELECT, INSERT ON contact TO cairn_app;
GRANT UPDATE (value_sealed, value_index, may_text, may_leave_voicemail, shared, closed_at, closed_because)
    ON contact TO cairn_app;

-- Whose verified contact this is, for the door that sends a code there.
CREATE FUNCTION contact_owner(of_kind text, of_index bytea) RETURNS TABLE (person_id uuid, contact_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
    SELECT c.person_id, c.id FROM contact c
    WHERE c.kind = of_kind AND c.value_index = of_index AND c.verified_at IS NOT NULL AND c.closed_at IS NULL
      AND at_the_door()
$$;

-- Somebody has shown that they read what arrives there. A number that was another's has moved with them, as numbers do.
CREATE FUNCTION verify_contact(which uuid, at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    mine contact;
BEGIN
    SELECT * INTO mine FROM contact c
    WHERE c.id = which AND c.closed_at IS NULL AND (c.person_id = me() OR at_the_door()) FOR UPDATE;
    IF mine.id IS NULL THEN RETURN false; END IF;
    UPDATE contact c SET closed_at = at, closed_because = 'moved', value_sealed = NULL, value_index = NULL
    WHERE c.kind = mine.kind AND c.value_index = mine.value_index AND c.closed_at IS NULL
      AND c.verified_at IS NOT NULL AND c.id <> mine.id;
    UPDATE contact c SET verified_at = coalesce(c.verified_at, at) WHERE c.id = which;
    RETURN true;
END $$;
REVOKE ALL ON FUNCTION writes_to, contact_owner, verify_contact FROM PUBLIC;
GRANT EXECUTE ON FUNCTION writes_to, contact_owner, verify_contact TO cairn_app;

-- Until everything that was plain has been sealed, which needs keys that this database does not have, both stand side
-- by side; the next file drops what was plain, and refuses as long as any is left.
ALTER TABLE check_in ADD note_sealed bytea CHECK (length(note_sealed) <= 9000);
ALTER TABLE address ADD value_sealed bytea, ADD value_index bytea CHECK (length(value_index) = 32);
ALTER TABLE address ALTER value DROP NOT NULL;

-- A process of the release before may still be running, and may change what has been sealed already.
CREATE FUNCTION seal_again() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    NEW.value_sealed := NULL;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION seal_again FROM PUBLIC;
CREATE TRIGGER seal_again BEFORE UPDATE OF value ON address
FOR EACH ROW WHEN (NEW.value IS DISTINCT FROM OLD.value) EXECUTE FUNCTION seal_again();
