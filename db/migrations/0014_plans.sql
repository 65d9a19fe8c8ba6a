-- What is planned for people: what may be taken back or told again, and what only the program refused until now.

-- A subject's notifications that somebody may still hear of. Nobody could be reached for an unreachable one, until a
-- phone is registered.
DROP INDEX notification_kind_subject_id_idx;
CREATE INDEX notification_of_subject ON notification (kind, subject_id)
    WHERE state IN ('pending', 'planned', 'unreachable');
CREATE INDEX notification_unreachable ON notification (person_id) WHERE state = 'unreachable';

-- Taking back what has not been sent yet belongs to the cause, not to the person who would have been told, so it may
-- touch rows that its caller cannot read; it can do nothing else. What was sent to every phone stays as it is.
DROP FUNCTION withdraw_notifications(text, uuid, timestamptz);
CREATE FUNCTION withdraw_notifications(about text, subjects uuid[], at timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    locked uuid[];
    withdrawn uuid[];
BEGIN
    -- A statement by itself, so that the next one sees the deliveries of whoever was just planning them. In order of
    -- id, as whoever else locks several does.
    SELECT array_agg(n.id) INTO locked FROM (
        SELECT id FROM notification
        WHERE kind = about AND subject_id = ANY (subjects) AND state IN ('pending', 'planned', 'unreachable')
        ORDER BY id
        FOR NO KEY UPDATE
    ) AS n;
    WITH left_to_do AS (
        UPDATE notification n SET state = 'withdrawn', next_at = NULL
        WHERE n.id = ANY (locked) AND CASE n.state
            WHEN 'pending' THEN true
            WHEN 'unreachable' THEN n.expires_at > at
            WHEN 'planned' THEN EXISTS (SELECT FROM delivery d WHERE d.notification_id = n.id AND d.state = 'queued')
            ELSE false END
        RETURNING n.id
    )
    SELECT array_agg(id) INTO withdrawn FROM left_to_do;
    -- One that is being leased or settled at this moment is not waited for: should it be queued again, the sweep finds
    -- it under a notification that was withdrawn.
    WITH queued AS (
        SELECT id FROM delivery WHERE notification_id = ANY (withdrawn) AND state = 'queued'
        FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE delivery d SET state = 'dropped', next_at = NULL, lease = NULL, settled_at = at
    FROM queued q WHERE d.id = q.id;
    RETURN coalesce(cardinality(withdrawn), 0);
END $$;
REVOKE ALL ON FUNCTION withdraw_notifications FROM PUBLIC;
GRANT EXECUTE ON FUNCTION withdraw_notifications TO cairn_app;

-- A phone was registered: what nobody could be reached for and is still of use is planned again, for the caller alone.
-- A phone that was given up and has come back is rung again. Returns the lanes in which something waits now.
CREATE FUNCTION reach_again(at timestamptz) RETURNS SETOF boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    -- Whoever is about to find that this person has no phone waits for this one, or has found it and is seen below.
    PERFORM pg_advisory_xact_lock(hashtextextended('phones ' || me(), 0));
    RETURN QUERY
    WITH waiting AS (
        SELECT id FROM notification
        WHERE person_id = me() AND state = 'unreachable' AND expires_at > at
        FOR NO KEY UPDATE SKIP LOCKED
    ), again AS (
        UPDATE notification n SET state = 'pending', next_at = at FROM waiting w WHERE n.id = w.id
        RETURNING n.id, n.urgent
    ), rung AS (
        UPDATE delivery d SET state = 'queued', next_at = at, settled_at = NULL, error = NULL
        FROM again g, address a
        WHERE d.notification_id = g.id AND d.state IN ('dead', 'dropped') AND a.id = d.address_id
          AND a.closed_at IS NULL
        RETURNING 1
    )
    SELECT DISTINCT urgent FROM again;
END $$;
REVOKE ALL ON FUNCTION reach_again FROM PUBLIC;
GRANT EXECUTE ON FUNCTION reach_again TO cairn_app;

-- From here on: what the program has always kept to, and the database now refuses by itself.

-- What somebody is and where they belong is what all that is written of them rests on.
ALTER TABLE person ADD UNIQUE (id, organisation_id);
CREATE FUNCTION person_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE integrity_constraint_violation USING MESSAGE = 'a person stays a patient or staff, and in one organisation',
        CONSTRAINT = 'person_stays', TABLE = 'person';
END $$;
CREATE TRIGGER person_stays BEFORE UPDATE OF kind, organisation_id ON person FOR EACH ROW
    WHEN (old.kind <> new.kind OR old.organisation_id <> new.organisation_id) EXECUTE FUNCTION person_stays();

-- Whoever is a patient has a row that says so, and nobody else has one: what is written of a patient refers to it.
INSERT INTO patient (person_id) SELECT id FROM person WHERE kind = 'patient' ON CONFLICT DO NOTHING;
ALTER TABLE appointment DROP CONSTRAINT appointment_patient_id_fkey,
    ADD CONSTRAINT appointment_patient_id_fkey FOREIGN KEY (patient_id) REFERENCES patient;
ALTER TABLE check_in DROP CONSTRAINT check_in_patient_id_fkey,
    ADD CONSTRAINT check_in_patient_id_fkey FOREIGN KEY (patient_id) REFERENCES patient;
ALTER TABLE regimen DROP CONSTRAINT regimen_patient_id_fkey,
    ADD CONSTRAINT regimen_patient_id_fkey FOREIGN KEY (patient_id) REFERENCES patient;
ALTER TABLE care_team_member DROP CONSTRAINT care_team_member_patient_id_fkey,
    ADD CONSTRAINT care_team_member_patient_id_fkey FOREIGN KEY (patient_id) REFERENCES patient;

-- Triggers and not references, because these look at what somebody is; sound, because that does not change. They run
-- after the policies, so that a stranger is refused for being one.
CREATE FUNCTION is_a_patient() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM person WHERE id = NEW.person_id AND kind = 'patient') THEN
        RAISE check_violation USING MESSAGE = 'this person is no patient', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION works_here() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM person WHERE id = NEW.staff_id AND kind = 'staff') THEN
        RAISE check_violation USING MESSAGE = 'this person is not staff', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION of_one_program() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM person p JOIN person s USING (organisation_id)
                   WHERE p.id = NEW.patient_id AND s.id = NEW.staff_id AND s.kind = 'staff') THEN
        RAISE check_violation USING MESSAGE = 'these two are not a patient and staff of one program',
            CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION person_stays, is_a_patient, works_here, of_one_program FROM PUBLIC;
CREATE CONSTRAINT TRIGGER patient_is_one AFTER INSERT OR UPDATE ON patient
    FOR EACH ROW EXECUTE FUNCTION is_a_patient();
CREATE CONSTRAINT TRIGGER care_team_member_staff AFTER INSERT OR UPDATE OF staff_id ON care_team_member
    FOR EACH ROW EXECUTE FUNCTION works_here();
CREATE CONSTRAINT TRIGGER duty_shift_staff AFTER INSERT OR UPDATE OF staff_id ON duty_shift
    FOR EACH ROW EXECUTE FUNCTION works_here();
CREATE CONSTRAINT TRIGGER working_hours_staff AFTER INSERT OR UPDATE OF staff_id ON working_hours
    FOR EACH ROW EXECUTE FUNCTION works_here();
CREATE CONSTRAINT TRIGGER working_exception_staff AFTER INSERT OR UPDATE OF staff_id ON working_exception
    FOR EACH ROW EXECUTE FUNCTION works_here();
CREATE CONSTRAINT TRIGGER appointment_one_program AFTER INSERT OR UPDATE OF patient_id, staff_id ON appointment
    FOR EACH ROW EXECUTE FUNCTION of_one_program();

-- A range without an end would take somebody's time, or have them on duty, for ever. 'infinity' is no end either.
ALTER TABLE appointment ADD CONSTRAINT appointment_ends
    CHECK (coalesce(isfinite(lower(during)) AND isfinite(upper(during)), false));
ALTER TABLE duty_shift ADD CONSTRAINT duty_shift_ends
    CHECK (coalesce(isfinite(lower(during)) AND isfinite(upper(during)), false));

CREATE TYPE timerange AS RANGE (subtype = time);
ALTER TABLE working_hours ADD CONSTRAINT working_hours_once EXCLUDE USING gist (
    uuidrange(staff_id, staff_id, '[]') WITH &&,
    int4range(weekday, weekday, '[]') WITH &&,
    timerange(starts, coalesce(nullif(ends, '00:00'), '24:00')) WITH &&
);

ALTER TABLE regimen ADD UNIQUE (id, patient_id);
ALTER TABLE occurrence DROP CONSTRAINT occurrence_regimen_id_fkey,
    ADD CONSTRAINT occurrence_regimen_id_fkey FOREIGN KEY (regimen_id, patient_id) REFERENCES regimen (id, patient_id),
    DROP CONSTRAINT occurrence_patient_id_fkey;

ALTER TABLE alert DROP CONSTRAINT alert_patient_id_fkey,
    ADD CONSTRAINT alert_patient_id_fkey
        FOREIGN KEY (patient_id, organisation_id) REFERENCES person (id, organisation_id),
    ADD CONSTRAINT alert_outcome
        CHECK (outcome IN ('reached-safe', 'reached-follow-up', 'handed-over', 'not-reached', 'emergency-services')),
    ADD CONSTRAINT alert_closed_by CHECK ((closed_at IS NULL) = (closed_by IS NULL));

-- A crisis is told again until somebody closes it.
ALTER TABLE alert_limit
    ADD CONSTRAINT alert_limit_lapses CHECK (lapses > interval '0'),
    ADD CONSTRAINT alert_limit_repeats CHECK (repeats > interval '0'),
    ADD CONSTRAINT alert_limit_crisis_repeats CHECK (class <> 'p0' OR repeats IS NOT NULL);
