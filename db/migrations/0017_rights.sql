-- Relations hold inside the program and for their time, and nobody makes one for somebody else.

-- A claim and a booking reach a patient of one's own program only, whoever wrote the row.
CREATE OR REPLACE FUNCTION reach(VARIADIC relations text[]) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 50 AS $$
BEGIN
    IF 'self' = ANY (relations) AND me() IS NOT NULL THEN RETURN NEXT me(); END IF;
    IF 'team' = ANY (relations) THEN
        RETURN QUERY SELECT t.patient_id FROM care_team_member t
        JOIN person p ON p.id = t.patient_id JOIN person m ON m.id = t.staff_id
        WHERE t.staff_id = me() AND t.left_at IS NULL AND p.organisation_id = m.organisation_id;
    END IF;
    IF 'claimed' = ANY (relations) THEN
        RETURN QUERY SELECT a.patient_id FROM alert a
        JOIN person p ON p.id = a.patient_id JOIN person m ON m.id = a.claimed_by
        WHERE a.claimed_by = me() AND a.closed_at IS NULL AND p.organisation_id = m.organisation_id;
    END IF;
    IF 'booked' = ANY (relations) THEN
        RETURN QUERY SELECT a.patient_id FROM appointment a
        JOIN person p ON p.id = a.patient_id JOIN person m ON m.id = a.staff_id
        WHERE a.staff_id = me() AND a.status = 'booked' AND p.organisation_id = m.organisation_id;
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

CREATE FUNCTION answers_crises() RETURNS boolean LANGUAGE sql STABLE
    RETURN EXISTS (SELECT FROM staff_role WHERE person_id = me()
                   AND role IN ('counselor', 'prescriber', 'supervisor', 'program-lead'));

-- A peer who was told of a crisis sees that it is there, and changes nothing of it.
DROP POLICY told ON alert;
DROP POLICY by_relation ON alert;
CREATE POLICY told ON alert FOR SELECT USING (id IN (SELECT told_alerts()));
CREATE POLICY by_relation ON alert FOR SELECT USING (patient_id IN (SELECT reach('supervised')));
CREATE POLICY answered ON alert FOR UPDATE
    USING (id IN (SELECT told_alerts()) OR patient_id IN (SELECT reach('supervised')))
    WITH CHECK (class NOT IN ('p0', 'p1') OR answers_crises());
DROP POLICY opened_by_own_words ON alert;
CREATE POLICY opened_by_own_words ON alert FOR INSERT
    WITH CHECK (patient_id = me() AND claimed_by IS NULL AND closed_by IS NULL);

-- A claim is a relation, so nobody claims for another or takes another's claim, and an alert that was closed stays so.
-- A policy sees the new row only: a supervisor who closes what Sam answers leaves Sam's name in it, which says as much
-- as one who hands it to Sam. The owner, whom no policy binds, is free, and so are functions that look for themselves.
CREATE FUNCTION one_answers_for_oneself() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF on_the_clock() OR NOT row_security_active('alert') THEN RETURN NEW; END IF;
    IF NEW.claimed_by IS DISTINCT FROM OLD.claimed_by
            AND (coalesce(OLD.claimed_by, me()) IS DISTINCT FROM me()
                 OR coalesce(NEW.claimed_by, me()) IS DISTINCT FROM me())
       OR (NEW.closed_by, NEW.closed_at) IS DISTINCT FROM (OLD.closed_by, OLD.closed_at)
            AND (OLD.closed_at IS NOT NULL OR NEW.closed_by IS DISTINCT FROM me()) THEN
        RAISE EXCEPTION 'an alert is answered and closed in one''s own name' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION one_answers_for_oneself FROM PUBLIC;
CREATE TRIGGER one_answers_for_oneself BEFORE UPDATE OF claimed_by, closed_by, closed_at ON alert
FOR EACH ROW EXECUTE FUNCTION one_answers_for_oneself();

-- The history names nobody but who writes it; the clock names whose claim has lapsed.
DROP POLICY cause_logs ON alert_event;
CREATE POLICY cause_logs ON alert_event FOR INSERT
    WITH CHECK (on_the_clock() OR (by_person IS NULL OR by_person = me())
                                  AND EXISTS (SELECT FROM alert a WHERE a.id = alert_id));

-- When somebody is busy is for themselves and for those who may book them: staff for everybody of the program, a patient
-- for those who support or oversee them. Whoever moves an appointment has cancelled the old one when this is asked.
CREATE FUNCTION may_see_times(whose uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT whose = me() OR EXISTS (
        SELECT FROM person m JOIN person w ON w.organisation_id = m.organisation_id
        WHERE m.id = me() AND w.id = whose
          AND (w.kind = 'staff' OR w.id IN (SELECT reach('team', 'booked', 'supervised', 'coordinated'))
               OR EXISTS (SELECT FROM appointment a
                          WHERE a.patient_id = w.id AND a.staff_id = m.id
                            AND a.status = 'cancelled' AND a.settled_by = m.id)))
$$;
CREATE OR REPLACE FUNCTION busy_times(person uuid, within tstzrange)
RETURNS TABLE (starts_at timestamptz, ends_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 20 AS $$
    SELECT lower(during), upper(during) FROM appointment
    WHERE status <> 'cancelled' AND during && within AND (SELECT may_see_times(person))
      AND (uuidrange(staff_id, staff_id, '[]') && uuidrange(person, person, '[]')
           OR uuidrange(patient_id, patient_id, '[]') && uuidrange(person, person, '[]'))
$$;

-- Taking back what has not been sent belongs to its cause: the clock, and whoever may see what it is about. It is held
-- where the rows are, so that it holds for every function that takes them back, for one subject or for many.
CREATE FUNCTION may_withdraw(about text, subject uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT on_the_clock() OR CASE about
        WHEN 'alert' THEN EXISTS (
            SELECT FROM alert a WHERE a.id = subject
            AND (a.patient_id = me() OR a.patient_id IN (SELECT reach('supervised'))
                 OR EXISTS (SELECT FROM alert_told t WHERE t.alert_id = a.id AND t.person_id = me())))
        WHEN 'appointment' THEN EXISTS (
            SELECT FROM appointment a WHERE a.id = subject
            AND (a.patient_id = me() OR a.staff_id = me() OR a.patient_id IN (SELECT reach('coordinated'))
                 OR (treats() OR a.booked_by = me()) AND a.patient_id IN (SELECT reach('team', 'supervised'))))
        WHEN 'medication' THEN EXISTS (
            SELECT FROM occurrence o WHERE o.id = subject
            AND (o.patient_id = me() OR treats() AND o.patient_id IN (SELECT reach('team', 'supervised'))))
        ELSE false END
$$;
REVOKE ALL ON FUNCTION may_see_times, may_withdraw FROM PUBLIC;
GRANT EXECUTE ON FUNCTION may_withdraw TO cairn_app;
CREATE FUNCTION the_cause_takes_back() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF may_withdraw(NEW.kind, NEW.subject_id) IS NOT TRUE THEN
        RAISE EXCEPTION 'what it is about is not the caller''s to see' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION the_cause_takes_back FROM PUBLIC;
CREATE TRIGGER the_cause_takes_back BEFORE UPDATE OF state ON notification
FOR EACH ROW WHEN (NEW.state = 'withdrawn' AND OLD.state <> 'withdrawn') EXECUTE FUNCTION the_cause_takes_back();

-- The door knows staff, as everybody does, and no patient. Of a demo it may show who is there: they are made up, and a
-- database that has the demo's mark serves nobody else.
DROP POLICY door_reads ON person;
CREATE FUNCTION demo_people() RETURNS TABLE (id uuid, name text, roles text[], organisation text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 20 AS $$
    SELECT p.id, p.name, ARRAY(SELECT r.role FROM staff_role r WHERE r.person_id = p.id ORDER BY r.role), o.name
    FROM person p JOIN organisation o ON o.id = p.organisation_id
    WHERE at_the_door() AND EXISTS (SELECT FROM demo_mark)
$$;
REVOKE ALL ON FUNCTION demo_people FROM PUBLIC;
GRANT EXECUTE ON FUNCTION demo_people TO cairn_app;

-- What somebody wrote, and that they were in danger, is for themselves and for those who treat them; everybody else who
-- supports them, a peer above all, reads levels. Rows cannot be told apart by column, hence the functions below.
DROP POLICY by_relation ON check_in;
CREATE POLICY by_relation ON check_in FOR SELECT
    USING (CASE WHEN patient_id = (SELECT me()) THEN true
                ELSE (SELECT treats()) AND patient_id = ANY (ARRAY(SELECT reach('team', 'claimed', 'supervised'))) END);

-- Each day in its latest version. Who reads their own days does not pay for reach().
CREATE FUNCTION levels_between(of_patient uuid, first date, last date)
RETURNS TABLE (day date, mood smallint, craving smallint, wants_to_talk boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 30 AS $$
    SELECT DISTINCT ON (c.day) c.day, c.mood, c.craving, c.wants_to_talk
    FROM check_in c WHERE c.patient_id = of_patient AND c.day BETWEEN first AND last
      AND (SELECT CASE WHEN of_patient = me() THEN true
                       ELSE of_patient IN (SELECT reach('team', 'claimed', 'supervised')) END)
    ORDER BY c.day, c.version DESC
$$;
CREATE FUNCTION levels_of(answers uuid[])
RETURNS TABLE (id uuid, mood smallint, craving smallint, wants_to_talk boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 30 AS $$
    SELECT c.id, c.mood, c.craving, c.wants_to_talk
    FROM check_in c WHERE c.id = ANY (answers)
      AND CASE WHEN c.patient_id = (SELECT me()) THEN true
               ELSE c.patient_id = ANY (ARRAY(SELECT reach('team', 'claimed', 'supervised'))) END
$$;
REVOKE ALL ON FUNCTION levels_between, levels_of FROM PUBLIC;
GRANT EXECUTE ON FUNCTION levels_between, levels_of TO cairn_app;

-- Whoever has a feed's address looks at it for its owner, and is nobody whom we know.
CREATE OR REPLACE FUNCTION audit(did text, about text, patients uuid[], subject uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO audit_event (actor_id, duty, request_id, patient_id, action, category, subject_id)
    SELECT CASE WHEN current_setting('cairn.duty', true) = 'feed' THEN NULL ELSE me() END,
           coalesce(current_setting('cairn.duty', true), ''),
           nullif(current_setting('cairn.request', true), '')::uuid, patient, did, about, subject
    FROM unnest(patients) AS patient
$$;
COMMENT ON COLUMN audit_event.actor_id IS 'Null where no person acted whom we know: the worker, or who has the address of a feed.';
