-- What a patient and one of those beside them write to each other. A thread belongs to the two; a colleague on the same
-- team does not read it. Words are sealed with the patient's key; whoever leaves the team reads none of them any more.

CREATE TABLE thread (
    id uuid PRIMARY KEY,
    patient_id uuid NOT NULL REFERENCES patient,
    staff_id uuid NOT NULL REFERENCES person,
    opened_by uuid NOT NULL REFERENCES person,
    opened_at timestamptz NOT NULL,
    last_seq integer NOT NULL DEFAULT 0 CHECK (last_seq >= 0),
    last_at timestamptz NOT NULL,
    blocked_at timestamptz,
    CHECK (opened_by IN (patient_id, staff_id)),
    UNIQUE (patient_id, staff_id),
    UNIQUE (id, patient_id, staff_id)
);
CREATE INDEX ON thread (staff_id);
COMMENT ON COLUMN thread.last_seq IS 'The number of the last message. Whoever writes holds this row until they commit, so numbers appear in order and without a gap.';
COMMENT ON COLUMN thread.blocked_at IS 'The patient lets nothing more arrive.';

CREATE TABLE message (
    id uuid PRIMARY KEY,
    thread_id uuid NOT NULL,
    patient_id uuid NOT NULL,
    staff_id uuid NOT NULL,
    seq integer NOT NULL CHECK (seq > 0),
    kind text NOT NULL CHECK (kind IN ('said', 'notice')),
    author_id uuid REFERENCES person,
    text_sealed bytea CHECK (length(text_sealed) <= 9000),
    sent_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    UNIQUE (thread_id, seq),
    FOREIGN KEY (thread_id, patient_id, staff_id) REFERENCES thread (id, patient_id, staff_id),
    CHECK ((kind = 'said') = (author_id IS NOT NULL)),
    CHECK (author_id IN (patient_id, staff_id)),
    CHECK (kind = 'said' OR text_sealed IS NULL)
);
CREATE INDEX ON message (patient_id);
CREATE INDEX ON message (thread_id, received_at) WHERE kind = 'notice';
COMMENT ON COLUMN message.kind IS 'A notice says that nobody is there now, with the numbers that always answer; it has no words of its own.';

-- How far each of the two has come: it never goes back.
CREATE TABLE thread_mark (
    thread_id uuid NOT NULL,
    patient_id uuid NOT NULL,
    staff_id uuid NOT NULL,
    person_id uuid NOT NULL REFERENCES person,
    delivered integer NOT NULL CHECK (delivered >= 0),
    read integer NOT NULL CHECK (read BETWEEN 0 AND delivered),
    PRIMARY KEY (thread_id, person_id),
    FOREIGN KEY (thread_id, patient_id, staff_id) REFERENCES thread (id, patient_id, staff_id),
    CHECK (person_id IN (patient_id, staff_id))
);
CREATE INDEX ON thread_mark (patient_id);
CREATE INDEX ON thread_mark (staff_id);

-- Whether these two may write to each other now: somebody on the patient's team, or in the place of somebody on it, in a
-- role that the cells name. Asked by either of them, and by nobody else.
CREATE FUNCTION may_write_to_each_other(patient uuid, staff uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN me() IN (patient, staff) AND EXISTS (
        SELECT FROM person p JOIN person m ON m.id = staff AND m.organisation_id = p.organisation_id
        JOIN staff_role r ON r.person_id = m.id
        JOIN access_cell c ON c.action = 'open' AND c.category = 'threads' AND c.role = r.role
        WHERE p.id = patient AND (
            c.relation = 'team' AND EXISTS (
                SELECT FROM care_team_member t
                WHERE t.patient_id = p.id AND t.staff_id = m.id AND t.left_at IS NULL)
            OR c.relation = 'covering' AND EXISTS (
                SELECT FROM coverage v JOIN care_team_member t ON t.staff_id = v.covered_id AND t.left_at IS NULL
                JOIN person w ON w.id = v.covered_id AND w.organisation_id = p.organisation_id
                WHERE v.covering_id = m.id AND t.patient_id = p.id AND v.ended_at IS NULL
                  AND v.during @> moment())));
END $$;
CREATE FUNCTION may_write_into(which uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM thread t WHERE t.id = which AND t.blocked_at IS NULL
                   AND may_write_to_each_other(t.patient_id, t.staff_id));
END $$;
REVOKE ALL ON FUNCTION may_write_to_each_other, may_write_into FROM PUBLIC;
GRANT EXECUTE ON FUNCTION may_write_to_each_other, may_write_into TO cairn_app;

-- A thread is blocked by its patient, and counts one message after the other.
CREATE FUNCTION a_thread_goes_on() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT row_security_active('thread') THEN RETURN NEW; END IF;
    IF NEW.blocked_at IS DISTINCT FROM OLD.blocked_at AND OLD.patient_id IS DISTINCT FROM me()
       OR NEW.last_seq NOT BETWEEN OLD.last_seq AND OLD.last_seq + 1 THEN
        RAISE EXCEPTION 'a thread is blocked by its patient and counts by one' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION a_thread_goes_on FROM PUBLIC;
CREATE TRIGGER a_thread_goes_on BEFORE UPDATE OF blocked_at, last_seq ON thread
FOR EACH ROW EXECUTE FUNCTION a_thread_goes_on();

ALTER TABLE thread ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON thread FOR SELECT USING (patient_id = me());
CREATE POLICY with_them ON thread FOR SELECT
    USING (staff_id = me() AND patient_id = ANY (ARRAY(SELECT patients_for('open', 'threads'))));
CREATE POLICY own_goes_on ON thread FOR UPDATE USING (patient_id = me());
CREATE POLICY goes_on ON thread FOR UPDATE
    USING (staff_id = me() AND patient_id = ANY (ARRAY(SELECT patients_for('open', 'threads'))));
CREATE POLICY opened ON thread FOR INSERT
    WITH CHECK (opened_by = me() AND last_seq = 0 AND blocked_at IS NULL
                AND may_write_to_each_other(patient_id, staff_id));
GRANT SELECT, INSERT, UPDATE (last_seq, last_at, blocked_at) ON thread TO cairn_app;

ALTER TABLE message ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON message FOR SELECT USING (patient_id = me());
CREATE POLICY with_them ON message FOR SELECT
    USING (staff_id = me() AND patient_id = ANY (ARRAY(SELECT patients_for('open', 'threads'))));
CREATE POLICY said ON message FOR INSERT WITH CHECK (author_id = me() AND may_write_into(thread_id));
CREATE POLICY noticed ON message FOR INSERT
    WITH CHECK (kind = 'notice' AND patient_id = me() AND may_write_into(thread_id));
GRANT SELECT, INSERT ON message TO cairn_app;

ALTER TABLE thread_mark ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON thread_mark FOR SELECT USING (patient_id = me());
CREATE POLICY with_them ON thread_mark FOR SELECT
    USING (staff_id = me() AND patient_id = ANY (ARRAY(SELECT patients_for('open', 'threads'))));
CREATE POLICY marked ON thread_mark FOR INSERT
    WITH CHECK (person_id = me() AND EXISTS (SELECT FROM thread t WHERE t.id = thread_id));
CREATE POLICY moved_on ON thread_mark FOR UPDATE
    USING (person_id = me() AND EXISTS (SELECT FROM thread t WHERE t.id = thread_id));
GRANT SELECT, INSERT, UPDATE (delivered, read) ON thread_mark TO cairn_app;

-- A push says that something waits. The one to whom it was sent takes it back by reading, and so may whoever wrote it.
ALTER TABLE notification DROP CONSTRAINT notification_kind_check;
ALTER TABLE notification ADD CONSTRAINT notification_kind_check
    CHECK (kind IN ('alert', 'message', 'appointment', 'medication', 'account', 'privacy'));
CREATE OR REPLACE FUNCTION may_withdraw(about text, subject uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT on_the_clock() OR CASE about
        WHEN 'alert' THEN EXISTS (
            SELECT FROM alert a WHERE a.id = subject
            AND (a.patient_id = me() OR a.id IN (SELECT alerts_for('claim'))
                 OR a.patient_id IN (SELECT patients_for('claim', 'alerts'))))
        WHEN 'appointment' THEN EXISTS (
            SELECT FROM appointment a WHERE a.id = subject
            AND (a.patient_id = me() OR a.staff_id = me() OR a.patient_id IN (SELECT patients_for('cancel', 'appointments'))
                 OR a.booked_by = me() AND a.patient_id IN (SELECT patients_for('book', 'appointments'))))
        WHEN 'medication' THEN EXISTS (
            SELECT FROM occurrence o WHERE o.id = subject
            AND (o.patient_id = me() OR o.patient_id IN (SELECT patients_for('stop', 'regimens'))))
        WHEN 'message' THEN EXISTS (
            SELECT FROM message m WHERE m.id = subject
            AND (m.patient_id = me()
                 OR m.staff_id = me() AND m.patient_id IN (SELECT patients_for('open', 'threads'))))
        ELSE false END
$$;

-- What was written goes with the record of whoever leaves, as do what they answered and what was said of their alerts.
CREATE OR REPLACE FUNCTION would_be_kept(whom uuid, at timestamptz)
RETURNS TABLE (years integer, source text, keep_until timestamptz, held boolean, alert_open boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
    SELECT r.years, r.source,
           (SELECT max(happened) FROM (
                SELECT p.created_at AS happened
                UNION ALL SELECT max(received_at) FROM check_in WHERE patient_id = whom
                UNION ALL SELECT max(last_at) FROM thread WHERE patient_id = whom
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
CREATE OR REPLACE FUNCTION shred_account(whom uuid, at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT on_the_clock() THEN RETURN false; END IF;
    PERFORM FROM patient WHERE person_id = whom FOR UPDATE;
    UPDATE closure SET shredded_at = at
    WHERE patient_id = whom AND closed_at IS NOT NULL AND shredded_at IS NULL AND keep_until <= at
      AND NOT EXISTS (SELECT FROM legal_hold h WHERE h.patient_id = whom AND h.ended_at IS NULL);
    IF NOT FOUND THEN RETURN false; END IF;
    PERFORM destroy_data_keys(whom, at);
    UPDATE check_in SET note_sealed = NULL, triggers = '{}', used = NULL, medication_taken = NULL
    WHERE patient_id = whom;
    UPDATE alert_review SET note_sealed = NULL WHERE patient_id = whom;
    UPDATE message SET text_sealed = NULL WHERE patient_id = whom;
    UPDATE legal_hold SET reason_sealed = NULL WHERE patient_id = whom;
    UPDATE regimen SET medicine = '-' WHERE patient_id = whom;
    UPDATE session SET device_name = NULL, device_key = NULL WHERE person_id = whom;
    UPDATE address SET time_zone = 'UTC' WHERE person_id = whom;
    DELETE FROM event WHERE person_id = whom;
    DELETE FROM contact WHERE person_id = whom;
    UPDATE person SET name = '-', time_zone = 'UTC', language = 'en' WHERE id = whom;
    RETURN true;
END $$;
