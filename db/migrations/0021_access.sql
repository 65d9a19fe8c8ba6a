-- One declaration (app/grants.py), of which this is the database's half: the cells are rows, a relation is a branch of
-- `reach`, and a policy asks `patients_for(action, category)` and knows of no role. `access.sql` fills the cells.

CREATE TABLE access_cell (
    action text NOT NULL,
    category text NOT NULL,
    role text NOT NULL,
    relation text NOT NULL,
    purpose text NOT NULL,
    PRIMARY KEY (action, category, role, relation)
);
COMMENT ON TABLE access_cell IS 'Who may do what: the same as app/grants.py, or nothing starts.';
GRANT SELECT ON access_cell TO cairn_app;

-- The instant at which a request is decided, which is also the one that decides it; a command at a terminal has none.
CREATE FUNCTION moment() RETURNS timestamptz LANGUAGE sql STABLE
    RETURN coalesce(nullif(current_setting('cairn.now', true), '')::timestamptz, now());

-- A colleague stands in for somebody: their patients, from until.
CREATE TABLE coverage (
    id uuid PRIMARY KEY,
    covered_id uuid NOT NULL REFERENCES person,
    covering_id uuid NOT NULL REFERENCES person,
    during tstzrange NOT NULL CHECK (NOT isempty(during) AND lower_inc(during) AND NOT upper_inc(during)
                                     AND upper(during) <= lower(during) + interval '93 days'),
    made_by uuid NOT NULL REFERENCES person,
    made_at timestamptz NOT NULL,
    ended_by uuid REFERENCES person,
    ended_at timestamptz,
    CHECK (covered_id <> covering_id),
    CHECK ((ended_at IS NULL) = (ended_by IS NULL)),
    CONSTRAINT coverage_once EXCLUDE USING gist (
        uuidrange(covered_id, covered_id, '[]') WITH &&, uuidrange(covering_id, covering_id, '[]') WITH &&,
        during WITH &&) WHERE (ended_at IS NULL)
);
CREATE INDEX ON coverage (covering_id);
CREATE INDEX ON coverage (covered_id);
COMMENT ON COLUMN coverage.ended_at IS 'Taken back or ended early; without it, its own end holds.';

-- How long a booked visit is a reason to know the patient: site data, dated, so that a change is seen later for what
-- it was. A row without an organisation is the default. No rule gives hours; these are operational.
CREATE TABLE booked_window (
    organisation_id uuid REFERENCES organisation,
    holds_from timestamptz NOT NULL,
    opens_before interval NOT NULL CHECK (opens_before >= interval '0'),
    closes_after interval NOT NULL CHECK (closes_after >= interval '0'),
    UNIQUE NULLS NOT DISTINCT (organisation_id, holds_from)
);
INSERT INTO booked_window (holds_from, opens_before, closes_after) VALUES ('2026-01-01', '7 days', '1 day');
GRANT SELECT ON booked_window TO cairn_app;

-- What a patient shows to those beside them; nothing unless they say so.
ALTER TABLE patient ADD COLUMN shares_doses boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN patient.shares_doses IS 'The peers on their team see whether doses were taken, without what they are.';
GRANT UPDATE (shares_doses) ON patient TO cairn_app;

-- Whose records the caller reaches by which relation: the place that says what a relation is. Inside the program only:
-- across organisations consent decides.
CREATE OR REPLACE FUNCTION reach(VARIADIC relations text[]) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 50 AS $$
BEGIN
    IF 'self' = ANY (relations) AND me() IS NOT NULL THEN RETURN NEXT me(); END IF;
    IF 'team' = ANY (relations) THEN
        RETURN QUERY SELECT t.patient_id FROM care_team_member t
        JOIN person p ON p.id = t.patient_id JOIN person m ON m.id = t.staff_id
        WHERE t.staff_id = me() AND t.left_at IS NULL AND p.organisation_id = m.organisation_id;
    END IF;
    IF 'lead' = ANY (relations) THEN
        RETURN QUERY SELECT t.patient_id FROM care_team_member t
        JOIN person p ON p.id = t.patient_id JOIN person m ON m.id = t.staff_id
        WHERE t.staff_id = me() AND t.lead AND t.left_at IS NULL AND p.organisation_id = m.organisation_id;
    END IF;
    IF 'covering' = ANY (relations) THEN
        RETURN QUERY SELECT t.patient_id FROM coverage c
        JOIN care_team_member t ON t.staff_id = c.covered_id AND t.left_at IS NULL
        JOIN person p ON p.id = t.patient_id JOIN person m ON m.id = c.covering_id JOIN person w ON w.id = c.covered_id
        WHERE c.covering_id = me() AND c.ended_at IS NULL AND c.during @> moment()
          AND p.organisation_id = m.organisation_id AND w.organisation_id = m.organisation_id;
    END IF;
    IF 'shared' = ANY (relations) THEN
        RETURN QUERY SELECT t.patient_id FROM care_team_member t JOIN patient s ON s.person_id = t.patient_id
        JOIN person p ON p.id = t.patient_id JOIN person m ON m.id = t.staff_id
        WHERE t.staff_id = me() AND t.left_at IS NULL AND s.shares_doses AND p.organisation_id = m.organisation_id;
    END IF;
    IF 'claimed' = ANY (relations) THEN
        RETURN QUERY SELECT a.patient_id FROM alert a
        JOIN person p ON p.id = a.patient_id JOIN person m ON m.id = a.claimed_by
        WHERE a.claimed_by = me() AND a.closed_at IS NULL AND p.organisation_id = m.organisation_id;
    END IF;
    IF 'booked' = ANY (relations) THEN
        RETURN QUERY SELECT a.patient_id FROM appointment a
        JOIN person p ON p.id = a.patient_id JOIN person m ON m.id = a.staff_id
        CROSS JOIN LATERAL (
            SELECT w.opens_before, w.closes_after FROM booked_window w
            WHERE (w.organisation_id = m.organisation_id OR w.organisation_id IS NULL) AND w.holds_from <= moment()
            ORDER BY w.organisation_id NULLS LAST, w.holds_from DESC LIMIT 1) w
        WHERE a.staff_id = me() AND a.status <> 'cancelled' AND p.organisation_id = m.organisation_id
          AND moment() >= lower(a.during) - w.opens_before AND moment() < upper(a.during) + w.closes_after;
    END IF;
    IF 'supervised' = ANY (relations) THEN
        RETURN QUERY SELECT p.id FROM person m JOIN staff_role r ON r.person_id = m.id
        JOIN person p ON p.organisation_id = m.organisation_id AND p.kind = 'patient'
        WHERE m.id = me() AND r.role = 'supervisor';
    END IF;
    IF 'coordinated' = ANY (relations) THEN
        RETURN QUERY SELECT p.id FROM person m JOIN staff_role r ON r.person_id = m.id
        JOIN person p ON p.organisation_id = m.organisation_id AND p.kind = 'patient'
        WHERE m.id = me() AND r.role = 'coordinator';
    END IF;
END $$;

-- Everybody in the care of the program where the caller works. Which roles that opens anything to is for the cells to
-- say, so nobody asks for it alone.
CREATE FUNCTION of_the_program() RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 200 AS $$
BEGIN
    RETURN QUERY SELECT p.id FROM person m
    JOIN person p ON p.organisation_id = m.organisation_id AND p.kind = 'patient'
    WHERE m.id = me();
END $$;
REVOKE ALL ON FUNCTION of_the_program FROM PUBLIC;

-- In this language, and not in SQL, because its statement is planned once for a connection and not once for a call.
CREATE OR REPLACE FUNCTION told_alerts() RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 50 AS $$
BEGIN
    RETURN QUERY SELECT t.alert_id FROM alert_told t WHERE t.person_id = me();
END $$;

-- Patients who have consented that the caller, or whoever they are, gets data of this category; and those for whom the
-- caller has given a reason in an emergency. Nobody has yet.
CREATE FUNCTION consented(category text) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
BEGIN
    RETURN;
END $$;
CREATE FUNCTION broken_glass() RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
BEGIN
    RETURN;
END $$;

-- By which relations the caller may do this, in whatever roles they hold at this moment and for whatever purposes their
-- transaction was begun; one that was begun for none in particular is held to roles and relations alone.
CREATE FUNCTION granted(did text, about text) RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    who uuid := me();
    purposes text := coalesce(current_setting('cairn.purpose', true), '');
BEGIN
    IF who IS NULL THEN RETURN '{}'; END IF;
    RETURN ARRAY(
        SELECT DISTINCT c.relation
        FROM (SELECT r.role FROM staff_role r WHERE r.person_id = who
              UNION ALL SELECT 'patient' FROM patient w WHERE w.person_id = who) AS held
        JOIN access_cell c ON c.action = did AND c.category = about AND c.role = held.role
        WHERE purposes = '' OR c.purpose = ANY (string_to_array(purposes, ' ')));
END $$;

-- Patients of whom the caller may do this with everything there is of that category.
CREATE FUNCTION patients_for(did text, about text) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 50 AS $$
DECLARE
    relations text[] := granted(did, about);
BEGIN
    RETURN QUERY SELECT reach(VARIADIC relations);
    IF 'program' = ANY (relations) THEN RETURN QUERY SELECT of_the_program(); END IF;
    IF 'consented' = ANY (relations) THEN RETURN QUERY SELECT consented(about); END IF;
    IF 'break-glass' = ANY (relations) THEN RETURN QUERY SELECT broken_glass(); END IF;
END $$;

-- Alerts with which the caller may do this because they were told of them; the patient need not be known.
CREATE FUNCTION alerts_for(did text) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 50 AS $$
BEGIN
    IF 'told' = ANY (granted(did, 'alerts')) THEN RETURN QUERY SELECT told_alerts(); END IF;
END $$;

-- Patients whose team the caller has left, or for whom they stood in: of these they may do it with what they wrote
-- themselves.
CREATE FUNCTION patients_once_for(did text, about text) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 10 AS $$
BEGIN
    IF 'former' <> ALL (granted(did, about)) THEN RETURN; END IF;
    RETURN QUERY
        SELECT t.patient_id FROM care_team_member t
        JOIN person p ON p.id = t.patient_id JOIN person m ON m.id = t.staff_id
        WHERE t.staff_id = me() AND p.organisation_id = m.organisation_id
          AND NOT EXISTS (SELECT FROM care_team_member again WHERE again.staff_id = me()
                          AND again.patient_id = t.patient_id AND again.left_at IS NULL)
        UNION
        SELECT t.patient_id FROM coverage c JOIN care_team_member t ON t.staff_id = c.covered_id
        JOIN person p ON p.id = t.patient_id JOIN person m ON m.id = c.covering_id
        WHERE c.covering_id = me() AND lower(c.during) <= moment() AND p.organisation_id = m.organisation_id
          AND (c.ended_at IS NOT NULL OR upper(c.during) <= moment() OR t.left_at IS NOT NULL);
END $$;
REVOKE ALL ON FUNCTION consented, broken_glass, granted, patients_for, alerts_for, patients_once_for FROM PUBLIC;
GRANT EXECUTE ON FUNCTION consented, broken_glass, granted, patients_for, alerts_for, patients_once_for TO cairn_app;

-- People. Who arranges or treats learns who somebody is; what they wish for their care is for those who treat them.
DROP POLICY patients_by_relation ON person;
CREATE POLICY patients_by_relation ON person FOR SELECT
    USING (kind = 'patient' AND id = ANY (ARRAY(SELECT patients_for('read', 'identity'))));
DROP POLICY by_relation ON patient;
CREATE POLICY by_relation ON patient FOR SELECT
    USING (person_id = ANY (ARRAY(SELECT patients_for('read', 'record'))));
DROP POLICY by_relation ON care_team_member;
CREATE POLICY by_relation ON care_team_member FOR SELECT
    USING (patient_id = ANY (ARRAY(SELECT patients_for('read', 'care-team'))));

-- Whose team somebody arranges is for the cells to say; all else of it is as it was.
CREATE OR REPLACE FUNCTION arrange_care_team(whom uuid, members uuid[], led_by uuid, at timestamptz) RETURNS SETOF uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp ROWS 20 AS $$
DECLARE
    house uuid := (SELECT organisation_id FROM person WHERE id = whom AND kind = 'patient');
    staying uuid[];
BEGIN
    PERFORM FROM patient WHERE person_id = whom FOR NO KEY UPDATE;
    staying := ARRAY(SELECT staff_id FROM care_team_member WHERE patient_id = whom AND left_at IS NULL);
    IF (whom IN (SELECT patients_for('arrange', 'care-team'))) IS NOT TRUE THEN RETURN; END IF;
    IF EXISTS (
        SELECT FROM unnest(members) AS m (number)
        WHERE number <> ALL (staying) AND NOT EXISTS (
            SELECT FROM person p JOIN staff_role r ON r.person_id = p.id
            WHERE p.id = number AND p.organisation_id = house
              AND r.role IN ('peer', 'peer-lead', 'counselor', 'prescriber', 'primary-care', 'supervisor')
              AND (p.id <> me() OR works_at('supervisor') = house)))
    THEN RETURN; END IF;
    IF (led_by = ANY (members)) IS NOT TRUE OR NOT EXISTS (
        SELECT FROM person p JOIN staff_role r ON r.person_id = p.id
        WHERE p.id = led_by AND p.organisation_id = house AND r.role IN ('counselor', 'prescriber', 'supervisor'))
    THEN RETURN; END IF;
    UPDATE care_team_member SET left_at = at
    WHERE patient_id = whom AND left_at IS NULL AND staff_id <> ALL (members);
    UPDATE care_team_member SET lead = false
    WHERE patient_id = whom AND left_at IS NULL AND lead AND staff_id <> led_by;
    INSERT INTO care_team_member (id, patient_id, staff_id, joined_at)
    SELECT gen_random_uuid(), whom, number, at FROM unnest(members) AS m (number)
    ON CONFLICT (patient_id, staff_id) WHERE left_at IS NULL DO NOTHING;
    UPDATE care_team_member SET lead = true
    WHERE patient_id = whom AND left_at IS NULL AND NOT lead AND staff_id = led_by;
    RETURN QUERY SELECT p.id FROM person p
    WHERE p.organisation_id = house AND p.id = ANY (staying || members);
END $$;

-- Who stands in for whom is for the two, and for those who arrange it. Only the covered, or who oversees the program,
-- lets somebody in; and only into a place of the same kind, inside the program.
CREATE FUNCTION may_cover(covered uuid, covering uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM person m JOIN person a ON a.organisation_id = m.organisation_id AND a.kind = 'staff'
        JOIN person b ON b.organisation_id = m.organisation_id AND b.kind = 'staff'
        WHERE m.id = me() AND a.id = covered AND b.id = covering AND covered <> covering
          AND ('self' = ANY (granted('add', 'coverage')) AND covered = me()
               OR 'program' = ANY (granted('add', 'coverage')) AND covering <> me())
          AND EXISTS (SELECT FROM staff_role x JOIN staff_role y ON y.person_id = covering
                      WHERE x.person_id = covered
                        AND (x.role IN ('counselor', 'prescriber') AND y.role IN ('counselor', 'prescriber')
                             OR x.role IN ('peer', 'peer-lead') AND y.role IN ('peer', 'peer-lead'))))
$$;
CREATE FUNCTION oversees_coverage(of_whom uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT 'program' = ANY (granted('list', 'coverage')) AND EXISTS (
        SELECT FROM person m JOIN person w ON w.organisation_id = m.organisation_id
        WHERE m.id = me() AND w.id = of_whom)
$$;
REVOKE ALL ON FUNCTION may_cover, oversees_coverage FROM PUBLIC;
GRANT EXECUTE ON FUNCTION may_cover, oversees_coverage TO cairn_app;
GRANT SELECT, INSERT, UPDATE (ended_by, ended_at) ON coverage TO cairn_app;
ALTER TABLE coverage ENABLE ROW LEVEL SECURITY;
CREATE POLICY concerned ON coverage FOR SELECT
    USING (covered_id = me() OR covering_id = me() OR oversees_coverage(covered_id));
CREATE POLICY arranged ON coverage FOR INSERT
    WITH CHECK (made_by = me() AND ended_at IS NULL AND may_cover(covered_id, covering_id));
CREATE POLICY ended ON coverage FOR UPDATE
    USING (covered_id = me() OR covering_id = me() OR oversees_coverage(covered_id)) WITH CHECK (ended_by = me());

-- Appointments. Whoever booked one sees it too, for as long as they may book for that patient.
DROP POLICY by_relation ON appointment;
CREATE POLICY by_relation ON appointment FOR SELECT
    USING (patient_id = ANY (ARRAY(SELECT patients_for('read', 'appointments')))
           OR booked_by = me() AND patient_id = ANY (ARRAY(SELECT patients_for('book', 'appointments'))));
CREATE POLICY settled_by_relation ON appointment FOR UPDATE
    USING (patient_id = ANY (ARRAY(SELECT patients_for('cancel', 'appointments')))
           OR booked_by = me() AND patient_id = ANY (ARRAY(SELECT patients_for('book', 'appointments'))));
CREATE POLICY booked_by_relation ON appointment FOR INSERT
    WITH CHECK (patient_id = ANY (ARRAY(SELECT patients_for('book', 'appointments'))));

-- With whom one has an appointment is part of the appointment, however long ago it was.
CREATE FUNCTION patients_of_appointments(which uuid[]) RETURNS TABLE (id uuid, name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 50 AS $$
    SELECT a.id, p.name FROM appointment a JOIN person p ON p.id = a.patient_id
    WHERE a.id = ANY (which)
      AND (a.patient_id = me() OR a.staff_id = me()
           OR a.patient_id = ANY (ARRAY(SELECT patients_for('read', 'appointments')))
           OR a.booked_by = me() AND a.patient_id = ANY (ARRAY(SELECT patients_for('book', 'appointments'))))
$$;
REVOKE ALL ON FUNCTION patients_of_appointments FROM PUBLIC;
GRANT EXECUTE ON FUNCTION patients_of_appointments TO cairn_app;

-- Words and levels. Who reads their own days does not pay for the look-up.
DROP POLICY by_relation ON check_in;
CREATE POLICY by_relation ON check_in FOR SELECT
    USING (CASE WHEN patient_id = (SELECT me()) THEN true
                ELSE patient_id = ANY (ARRAY(SELECT patients_for('read', 'check-ins'))) END);
CREATE OR REPLACE FUNCTION levels_between(of_patient uuid, first date, last date)
RETURNS TABLE (day date, mood smallint, craving smallint, wants_to_talk boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 30 AS $$
    SELECT DISTINCT ON (c.day) c.day, c.mood, c.craving, c.wants_to_talk
    FROM check_in c WHERE c.patient_id = of_patient AND c.day BETWEEN first AND last
      AND (SELECT CASE WHEN of_patient = me() THEN true
                       ELSE of_patient IN (SELECT patients_for('read', 'check-in-levels')) END)
    ORDER BY c.day, c.version DESC
$$;
CREATE OR REPLACE FUNCTION levels_of(answers uuid[])
RETURNS TABLE (id uuid, mood smallint, craving smallint, wants_to_talk boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 30 AS $$
    SELECT c.id, c.mood, c.craving, c.wants_to_talk
    FROM check_in c WHERE c.id = ANY (answers)
      AND CASE WHEN c.patient_id = (SELECT me()) THEN true
               ELSE c.patient_id = ANY (ARRAY(SELECT patients_for('read', 'check-in-levels'))) END
$$;

-- Alerts: for those who were told, and for who watches over the program.
DROP POLICY told ON alert;
DROP POLICY by_relation ON alert;
DROP POLICY answered ON alert;
CREATE POLICY told ON alert FOR SELECT USING (id IN (SELECT alerts_for('read')));
-- Whoever was told is not looked up any further: policies are asked in the order of their names.
CREATE POLICY watched ON alert FOR SELECT USING (patient_id IN (SELECT patients_for('read', 'alerts')));
CREATE POLICY answered ON alert FOR UPDATE
    USING (id IN (SELECT alerts_for('claim')) OR patient_id IN (SELECT patients_for('claim', 'alerts')))
    WITH CHECK (class NOT IN ('p0', 'p1') OR answers_crises());

-- Whoever answers an alert closes it, and so does who watches over the program; being told of it is not enough.
CREATE OR REPLACE FUNCTION one_answers_for_oneself() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF on_the_clock() OR NOT row_security_active('alert') THEN RETURN NEW; END IF;
    IF NEW.claimed_by IS DISTINCT FROM OLD.claimed_by
            AND (coalesce(OLD.claimed_by, me()) IS DISTINCT FROM me()
                 OR coalesce(NEW.claimed_by, me()) IS DISTINCT FROM me())
       OR (NEW.closed_by, NEW.closed_at) IS DISTINCT FROM (OLD.closed_by, OLD.closed_at)
            AND (OLD.closed_at IS NOT NULL OR NEW.closed_by IS DISTINCT FROM me()
                 OR OLD.claimed_by IS DISTINCT FROM me()
                    AND OLD.patient_id NOT IN (SELECT patients_for('close', 'alerts'))) THEN
        RAISE EXCEPTION 'an alert is answered and closed in one''s own name' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION raise_alert(which uuid, to_class text, stays boolean, lapse timestamptz, at timestamptz)
RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH raised AS (
        UPDATE alert a SET class = to_class, class_since = at, counts_from = at, step = 0, next_step = 0,
                           escalates_at = at, reached_somebody = false, given_back_by = NULL,
                           claimed_by = CASE WHEN stays THEN claimed_by END,
                           claimed_at = CASE WHEN stays THEN claimed_at END,
                           contacted_at = NULL, lapses_at = CASE WHEN stays THEN lapse END, version = version + 1
        WHERE a.id = which AND a.closed_at IS NULL AND a.class > to_class
          AND (a.id IN (SELECT alerts_for('raise')) OR a.patient_id IN (SELECT patients_for('raise', 'alerts')))
          AND NOT EXISTS (SELECT FROM alert o
                          WHERE o.patient_id = a.patient_id AND o.class = to_class AND o.closed_at IS NULL)
        RETURNING 1
    )
    SELECT EXISTS (SELECT FROM raised)
$$;

-- What somebody takes. Who prescribed it may still read what they wrote when they treat the patient no more.
DROP POLICY by_relation ON regimen;
DROP POLICY prescribed ON regimen;
DROP POLICY stopped ON regimen;
CREATE POLICY by_relation ON regimen FOR SELECT
    USING (patient_id = ANY (ARRAY(SELECT patients_for('read', 'regimens'))));
CREATE POLICY written ON regimen FOR SELECT
    USING (prescribed_by = me() AND patient_id = ANY (ARRAY(SELECT patients_once_for('read', 'regimens'))));
CREATE POLICY prescribed ON regimen FOR INSERT
    WITH CHECK (prescribed_by = me() AND patient_id = ANY (ARRAY(SELECT patients_for('start', 'regimens'))));
CREATE POLICY stopped ON regimen FOR UPDATE
    USING (patient_id = ANY (ARRAY(SELECT patients_for('stop', 'regimens'))));

DROP POLICY by_relation ON occurrence;
DROP POLICY prescribed ON occurrence;
DROP POLICY superseded ON occurrence;
CREATE POLICY by_relation ON occurrence FOR SELECT
    USING (patient_id = ANY (ARRAY(SELECT patients_for('read', 'dose-log'))));
CREATE POLICY prescribed ON occurrence FOR INSERT
    WITH CHECK (patient_id = ANY (ARRAY(SELECT patients_for('start', 'regimens'))));
CREATE POLICY superseded ON occurrence FOR UPDATE
    USING (patient_id = ANY (ARRAY(SELECT patients_for('stop', 'regimens'))));
DROP FUNCTION prescribes();

-- When somebody is busy is for themselves and for those who may book them: staff for everybody of the program, a
-- patient for those who book for them. Whoever moves an appointment has cancelled the old one when this is asked.
CREATE OR REPLACE FUNCTION may_see_times(whose uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT whose = me() OR EXISTS (
        SELECT FROM person m JOIN person w ON w.organisation_id = m.organisation_id
        WHERE m.id = me() AND w.id = whose
          AND (w.kind = 'staff' OR w.id IN (SELECT patients_for('book', 'appointments'))
               OR EXISTS (SELECT FROM appointment a
                          WHERE a.patient_id = w.id AND a.staff_id = m.id
                            AND (a.status = 'booked' OR a.status = 'cancelled' AND a.settled_by = m.id))))
$$;
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
        ELSE false END
$$;

-- The audit names a patient only where the caller has something to do with them: nobody fills another's audit with
-- looks that never were. One's own is told at once; a duty has no relations.
CREATE FUNCTION concerns(patients uuid[]) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF patients = ARRAY[me()] OR me() IS NULL AND current_setting('cairn.duty', true) IN ('clock', 'door') THEN
        RETURN true;
    END IF;
    IF patients <@ ARRAY(SELECT reach('team', 'claimed')) THEN RETURN true; END IF;
    RETURN me() IS NOT NULL AND patients <@ (
        ARRAY(SELECT patients_for('read', 'identity'))
        || ARRAY(SELECT reach('self', 'team', 'covering', 'claimed', 'booked'))
        || ARRAY(SELECT patients_once_for('read', 'regimens'))
        || ARRAY(SELECT a.patient_id FROM appointment a WHERE a.staff_id = me() OR a.booked_by = me())
        || ARRAY(SELECT a.patient_id FROM alert a WHERE a.id IN (SELECT told_alerts())));
END $$;
REVOKE ALL ON FUNCTION concerns FROM PUBLIC;
CREATE OR REPLACE FUNCTION audit(did text, about text, patients uuid[], subject uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT concerns(patients) THEN
        RAISE EXCEPTION 'an audit row is about somebody whom its actor deals with'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO audit_event (actor_id, duty, request_id, patient_id, action, category, subject_id)
    SELECT CASE WHEN current_setting('cairn.duty', true) = 'feed' THEN NULL ELSE me() END,
           coalesce(current_setting('cairn.duty', true), ''),
           nullif(current_setting('cairn.request', true), '')::uuid, patient, did, about, subject
    FROM unnest(patients) AS patient;
END $$;
