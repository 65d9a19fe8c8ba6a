-- A patient leaves. For a while it can be taken back; then nobody gets in or is told any more, and the record is locked.
-- What the law lets go is shredded at once, the rest when it may be: a rule of the state, or somebody's hold, decides.

-- How long a record has to be kept after the last care: dated rows, not code.
CREATE TABLE retention_rule (
    jurisdiction text NOT NULL CHECK (jurisdiction ~ '^US(-[A-Z]{2})?$'),
    holds_from date NOT NULL,
    years integer NOT NULL CHECK (years BETWEEN 0 AND 100),
    source text NOT NULL CHECK (length(source) BETWEEN 1 AND 500),
    PRIMARY KEY (jurisdiction, holds_from)
);
INSERT INTO retention_rule VALUES ('US', '2026-01-01', 7, 'A default until the state''s own rule stands here (confirm).');
GRANT SELECT ON retention_rule TO cairn_app;
ALTER TABLE organisation ADD jurisdiction text NOT NULL DEFAULT 'US' CHECK (jurisdiction ~ '^US(-[A-Z]{2})?$');

CREATE TABLE closure (
    id uuid PRIMARY KEY,
    patient_id uuid NOT NULL REFERENCES patient,
    asked_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL CHECK (due_at > asked_at),
    taken_back_at timestamptz CHECK (taken_back_at IS NULL OR closed_at IS NULL),
    closed_at timestamptz,
    keep_until timestamptz,
    shredded_at timestamptz,
    CHECK ((closed_at IS NULL) = (keep_until IS NULL)),
    CHECK (shredded_at IS NULL OR closed_at IS NOT NULL)
);
CREATE UNIQUE INDEX closure_one ON closure (patient_id) WHERE taken_back_at IS NULL;
CREATE INDEX ON closure (due_at) WHERE taken_back_at IS NULL AND closed_at IS NULL;
CREATE INDEX ON closure (keep_until) WHERE closed_at IS NOT NULL AND shredded_at IS NULL;

-- Somebody answers for it that this record is kept, whatever else holds: a supervisor, with a reason.
CREATE TABLE legal_hold (
    id uuid PRIMARY KEY,
    patient_id uuid NOT NULL REFERENCES patient,
    reason_sealed bytea,
    set_by uuid NOT NULL REFERENCES person,
    set_at timestamptz NOT NULL,
    ended_by uuid REFERENCES person,
    ended_at timestamptz,
    CHECK ((ended_by IS NULL) = (ended_at IS NULL))
);
CREATE INDEX ON legal_hold (patient_id) WHERE ended_at IS NULL;

CREATE FUNCTION oversees(whom uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM person p WHERE p.id = whom AND p.kind = 'patient'
                   AND p.organisation_id = works_at('supervisor'))
$$;

ALTER TABLE closure ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON closure FOR SELECT USING (patient_id = me());
CREATE POLICY overseen ON closure FOR SELECT USING (oversees(patient_id));
CREATE POLICY asked ON closure FOR INSERT
    WITH CHECK (patient_id = me() AND taken_back_at IS NULL AND closed_at IS NULL AND due_at >= asked_at + interval '1 day');
CREATE POLICY taken_back ON closure FOR UPDATE USING (patient_id = me() AND closed_at IS NULL)
    WITH CHECK (patient_id = me() AND taken_back_at IS NOT NULL);
CREATE POLICY clock ON closure FOR SELECT USING (on_the_clock());
GRANT SELECT, INSERT, UPDATE (taken_back_at) ON closure TO cairn_app;

ALTER TABLE legal_hold ENABLE ROW LEVEL SECURITY;
CREATE POLICY overseen ON legal_hold FOR SELECT USING (oversees(patient_id));
CREATE POLICY set ON legal_hold FOR INSERT WITH CHECK (set_by = me() AND ended_at IS NULL AND oversees(patient_id));
CREATE POLICY ended ON legal_hold FOR UPDATE USING (oversees(patient_id) AND ended_at IS NULL)
    WITH CHECK (ended_by = me() AND oversees(patient_id));
GRANT SELECT, INSERT, UPDATE (ended_by, ended_at) ON legal_hold TO cairn_app;

-- A locked record is nobody's, whatever they are to the patient: no relation reaches it, no policy lets it be read.
CREATE FUNCTION locked_patients() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 10 AS $$
    SELECT patient_id FROM closure WHERE closed_at IS NOT NULL
$$;

-- Wrapped around what was there, so that every policy and every function that asks for relations asks this.
DO $$
DECLARE
    asked text := pg_get_functiondef('patients_for(text,text)'::regprocedure);
    once text := pg_get_functiondef('patients_once_for(text,text)'::regprocedure);
BEGIN
    EXECUTE replace(asked, 'FUNCTION public.patients_for(', 'FUNCTION public.patients_unlocked_for(');
    EXECUTE replace(once, 'FUNCTION public.patients_once_for(', 'FUNCTION public.patients_once_unlocked_for(');
END $$;
CREATE OR REPLACE FUNCTION patients_for(did text, about text) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 50 AS $$
    SELECT near FROM patients_unlocked_for(did, about) AS near
    WHERE near = me() OR near <> ALL (ARRAY(SELECT locked_patients()))
$$;
CREATE OR REPLACE FUNCTION patients_once_for(did text, about text) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 10 AS $$
    SELECT near FROM patients_once_unlocked_for(did, about) AS near
    WHERE near <> ALL (ARRAY(SELECT locked_patients()))
$$;

-- Nobody comes in as somebody who has left, by whatever way.
CREATE FUNCTION has_left() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM closure WHERE patient_id = NEW.person_id AND closed_at IS NOT NULL) THEN
        RAISE EXCEPTION 'this account is closed' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER has_left BEFORE INSERT ON session FOR EACH ROW EXECUTE FUNCTION has_left();

-- What has to be known to tell a patient what would become of their record. The last care is what was last done here.
CREATE FUNCTION would_be_kept(whom uuid, at timestamptz)
RETURNS TABLE (years integer, source text, keep_until timestamptz, held boolean, alert_open boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
    SELECT r.years, r.source,
           (SELECT max(happened) FROM (
                SELECT p.created_at AS happened
                UNION ALL SELECT max(received_at) FROM check_in WHERE patient_id = whom
                UNION ALL SELECT max(upper(during)) FROM appointment WHERE patient_id = whom AND status = 'fulfilled'
                UNION ALL SELECT max(closed_at) FROM alert WHERE patient_id = whom
                UNION ALL SELECT max(answered_at) FROM occurrence WHERE patient_id = whom
            ) AS care) + make_interval(years => r.years),
           EXISTS (SELECT FROM legal_hold h WHERE h.patient_id = whom AND h.ended_at IS NULL),
           EXISTS (SELECT FROM alert a WHERE a.patient_id = whom AND a.closed_at IS NULL)
    FROM person p JOIN organisation o ON o.id = p.organisation_id
    CROSS JOIN LATERAL (
        SELECT w.years, w.source FROM retention_rule w
        WHERE w.jurisdiction IN (o.jurisdiction, 'US') AND w.holds_from <= at::date
        ORDER BY w.jurisdiction = o.jurisdiction DESC, w.holds_from DESC LIMIT 1) r
    WHERE p.id = whom AND p.kind = 'patient' AND (whom = me() OR on_the_clock())
$$;

-- The day has come. False where it has not, where it was taken back, and as long as an alert is open: somebody answers
-- that first. Whoever had an appointment with them has time; what would have reminded of anything is taken back.
CREATE FUNCTION close_account(whom uuid, at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    found_one closure;
    kept record;
BEGIN
    IF NOT on_the_clock() THEN RETURN false; END IF;
    PERFORM FROM patient WHERE person_id = whom FOR UPDATE;
    SELECT * INTO found_one FROM closure c
    WHERE c.patient_id = whom AND c.taken_back_at IS NULL AND c.closed_at IS NULL AND c.due_at <= at FOR UPDATE;
    SELECT * INTO kept FROM would_be_kept(whom, at);
    IF found_one.id IS NULL OR kept.alert_open THEN RETURN false; END IF;
    UPDATE session SET ended_at = at, ended_because = 'account-closed' WHERE person_id = whom AND ended_at IS NULL;
    UPDATE address SET closed_at = coalesce(closed_at, at), closed_because = coalesce(closed_because, 'signed-out'),
                       value_sealed = NULL, value_index = NULL WHERE person_id = whom;
    UPDATE contact SET closed_at = at, closed_because = 'account', value_sealed = NULL, value_index = NULL
    WHERE person_id = whom AND closed_at IS NULL;
    UPDATE calendar_feed SET revoked_at = at WHERE person_id = whom AND revoked_at IS NULL;
    UPDATE sign_in_link SET used_at = at WHERE person_id = whom AND used_at IS NULL;
    UPDATE care_team_member SET left_at = at WHERE patient_id = whom AND left_at IS NULL;
    UPDATE appointment SET status = 'cancelled', settled_by = whom, settled_at = at, version = version + 1
    WHERE patient_id = whom AND status = 'booked' AND lower(during) > at;
    PERFORM withdraw_notifications('appointment', ARRAY(SELECT id FROM appointment WHERE patient_id = whom), at);
    UPDATE regimen SET status = 'stopped', stopped_by = prescribed_by, stopped_at = at
    WHERE patient_id = whom AND status = 'active';
    UPDATE occurrence SET state = 'superseded' WHERE patient_id = whom AND state = 'pending';
    PERFORM withdraw_notifications('medication', ARRAY(SELECT id FROM occurrence WHERE patient_id = whom), at);
    UPDATE export SET state = 'gone', next_at = NULL, archive_sealed = NULL WHERE patient_id = whom AND state <> 'gone';
    UPDATE closure c SET closed_at = at, keep_until = greatest(kept.keep_until, at) WHERE c.id = found_one.id;
    RETURN true;
END $$;

-- Nothing keeps it any more: the keys go, and with them every word; who it was is taken out of what is left.
CREATE FUNCTION shred_account(whom uuid, at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT on_the_clock() THEN RETURN false; END IF;
    PERFORM FROM patient WHERE person_id = whom FOR UPDATE;
    UPDATE closure SET shredded_at = at
    WHERE patient_id = whom AND closed_at IS NOT NULL AND shredded_at IS NULL AND keep_until <= at
      AND NOT EXISTS (SELECT FROM legal_hold h WHERE h.patient_id = whom AND h.ended_at IS NULL);
    IF NOT FOUND THEN RETURN false; END IF;
    PERFORM destroy_data_keys(whom, at);
    UPDATE check_in SET note_sealed = NULL WHERE patient_id = whom;
    UPDATE legal_hold SET reason_sealed = NULL WHERE patient_id = whom;
    UPDATE regimen SET medicine = '-' WHERE patient_id = whom;
    UPDATE session SET device_name = NULL, device_key = NULL WHERE person_id = whom;
    UPDATE address SET time_zone = 'UTC' WHERE person_id = whom;
    DELETE FROM event WHERE person_id = whom;
    DELETE FROM contact WHERE person_id = whom;
    UPDATE person SET name = '-', time_zone = 'UTC', language = 'en' WHERE id = whom;
    RETURN true;
END $$;

-- Whose day has come: to be closed, or to be shredded.
CREATE FUNCTION leaving(at timestamptz) RETURNS TABLE (patient_id uuid, is_closed boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 10 AS $$
    SELECT c.patient_id, c.closed_at IS NOT NULL FROM closure c
    WHERE on_the_clock() AND c.taken_back_at IS NULL AND c.shredded_at IS NULL
      AND (c.closed_at IS NULL AND c.due_at <= at OR c.closed_at IS NOT NULL AND c.keep_until <= at)
    ORDER BY c.due_at
$$;
REVOKE ALL ON FUNCTION oversees, locked_patients, patients_unlocked_for, patients_once_unlocked_for, has_left,
    would_be_kept, close_account, shred_account, leaving FROM PUBLIC;
GRANT EXECUTE ON FUNCTION oversees, would_be_kept, close_account, shred_account, leaving TO cairn_app;
