-- The second wall, in one place. The first is the WHERE clause of each query; this one holds when that is forgotten.
-- `= ANY(ARRAY(SELECT …))` runs the look-up once for a statement; the same rule as EXISTS runs it once a row.

-- Whose records the caller reaches, by relation. Inside the program only: across organisations consent decides.
CREATE FUNCTION reach(VARIADIC relations text[]) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 50 AS $$
BEGIN
    IF 'self' = ANY (relations) AND me() IS NOT NULL THEN RETURN NEXT me(); END IF;
    IF 'team' = ANY (relations) THEN
        RETURN QUERY SELECT t.patient_id FROM care_team_member t
        JOIN person p ON p.id = t.patient_id JOIN person m ON m.id = t.staff_id
        WHERE t.staff_id = me() AND t.left_at IS NULL AND p.organisation_id = m.organisation_id;
    END IF;
    IF 'claimed' = ANY (relations) THEN
        RETURN QUERY SELECT a.patient_id FROM alert a WHERE a.claimed_by = me() AND a.closed_at IS NULL;
    END IF;
    IF 'booked' = ANY (relations) THEN
        RETURN QUERY SELECT a.patient_id FROM appointment a WHERE a.staff_id = me() AND a.status = 'booked';
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

-- Alerts the caller was told of; a told alert can be answered before its patient is known.
CREATE FUNCTION told_alerts() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 50 AS $$
    SELECT alert_id FROM alert_told WHERE person_id = me()
$$;

-- Whether a new appointment is one of the caller's own that has just been moved: the same two people, once.
CREATE FUNCTION moves_own(old uuid, patient uuid, staff uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM appointment a
                   WHERE a.id = old AND a.patient_id = patient AND a.staff_id = staff AND staff = me())
$$;
REVOKE ALL ON FUNCTION reach, told_alerts, moves_own FROM PUBLIC;
GRANT EXECUTE ON FUNCTION reach, told_alerts, moves_own TO cairn_app;

GRANT SELECT ON organisation, staff_role, duty_shift, working_hours, working_exception,
                alert_step, alert_limit, crisis_resource, migration TO cairn_app;
GRANT INSERT ON organisation, person, staff_role TO cairn_app;
GRANT SELECT ON person, patient, care_team_member TO cairn_app;
GRANT INSERT, UPDATE ON duty_shift, working_hours, working_exception TO cairn_app;
GRANT DELETE ON duty_shift, working_hours, working_exception TO cairn_app;
GRANT INSERT, SELECT, UPDATE (ended_at) ON session TO cairn_app;
GRANT INSERT ON access_token TO cairn_app;
GRANT SELECT ON audit_event TO cairn_app;
GRANT SELECT, INSERT ON appointment, calendar_feed, alert, regimen, occurrence TO cairn_app;
GRANT SELECT, INSERT, UPDATE ON address, notification, delivery TO cairn_app;
-- Whose a row is never changes: a claim, an appointment or a regimen moved to another patient would be a way to them.
GRANT UPDATE (status, settled_by, settled_at, version) ON appointment TO cairn_app;
GRANT UPDATE (sha256, made_at, revoked_at) ON calendar_feed TO cairn_app;
GRANT UPDATE (step, next_step, escalates_at, reached_somebody, claimed_by, claimed_at, contacted_at, lapses_at,
              closed_by, closed_at, outcome, version) ON alert TO cairn_app;
GRANT UPDATE (status, stopped_by, stopped_at, made_until) ON regimen TO cairn_app;
GRANT UPDATE (state, answered_at) ON occurrence TO cairn_app;
GRANT SELECT, INSERT ON check_in, alert_told, alert_event, receipt, event TO cairn_app;
GRANT DELETE ON event TO cairn_app;

-- Before anyone is known, the door may make the first operator and open a session; nothing else.
ALTER TABLE organisation ENABLE ROW LEVEL SECURITY;
CREATE POLICY everyone_reads ON organisation FOR SELECT USING (true);
CREATE POLICY door_opens ON organisation FOR INSERT WITH CHECK (at_the_door());

ALTER TABLE staff_role ENABLE ROW LEVEL SECURITY;
CREATE POLICY everyone_reads ON staff_role FOR SELECT USING (true);
CREATE POLICY door_opens ON staff_role FOR INSERT WITH CHECK (at_the_door() AND role = 'operator');

ALTER TABLE session ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON session USING (person_id = me());
CREATE POLICY door_opens ON session FOR INSERT WITH CHECK (at_the_door());

ALTER TABLE access_token ENABLE ROW LEVEL SECURITY;
CREATE POLICY door_opens ON access_token FOR INSERT WITH CHECK (at_the_door());

-- That somebody is a patient is itself protected.
ALTER TABLE person ENABLE ROW LEVEL SECURITY;
CREATE POLICY staff_are_known ON person FOR SELECT USING (kind = 'staff');
CREATE POLICY patients_by_relation ON person FOR SELECT
    USING (kind = 'patient' AND id = ANY (ARRAY(SELECT reach('self', 'team', 'claimed', 'booked', 'supervised', 'coordinated'))));
CREATE POLICY clock ON person FOR SELECT USING (on_the_clock());
CREATE POLICY door_opens ON person FOR INSERT WITH CHECK (at_the_door() AND kind = 'staff');
CREATE POLICY door_reads ON person FOR SELECT USING (at_the_door());

ALTER TABLE patient ENABLE ROW LEVEL SECURITY;
CREATE POLICY by_relation ON patient FOR SELECT
    USING (person_id = ANY (ARRAY(SELECT reach('self', 'team', 'claimed', 'booked', 'supervised', 'coordinated'))));
CREATE POLICY clock ON patient FOR SELECT USING (on_the_clock());

ALTER TABLE care_team_member ENABLE ROW LEVEL SECURITY;
CREATE POLICY by_relation ON care_team_member FOR SELECT
    USING (patient_id = ANY (ARRAY(SELECT reach('self', 'team', 'claimed', 'supervised', 'coordinated'))));
CREATE POLICY clock ON care_team_member FOR SELECT USING (on_the_clock());

ALTER TABLE duty_shift ENABLE ROW LEVEL SECURITY;
CREATE POLICY everyone_reads ON duty_shift FOR SELECT USING (true);
CREATE POLICY own ON duty_shift USING (staff_id = me()) WITH CHECK (staff_id = me());

ALTER TABLE working_hours ENABLE ROW LEVEL SECURITY;
CREATE POLICY everyone_reads ON working_hours FOR SELECT USING (true);
CREATE POLICY own ON working_hours USING (staff_id = me()) WITH CHECK (staff_id = me());

ALTER TABLE working_exception ENABLE ROW LEVEL SECURITY;
CREATE POLICY everyone_reads ON working_exception FOR SELECT USING (true);
CREATE POLICY own ON working_exception USING (staff_id = me()) WITH CHECK (staff_id = me());

ALTER TABLE audit_event ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON audit_event FOR SELECT USING (patient_id = me());

-- What somebody takes, and that they see a prescriber, is for those who treat them and not for a peer on the same team.
CREATE FUNCTION treats() RETURNS boolean LANGUAGE sql STABLE
    RETURN EXISTS (SELECT FROM staff_role WHERE person_id = me() AND role IN ('counselor', 'prescriber', 'supervisor'));
CREATE FUNCTION prescribes() RETURNS boolean LANGUAGE sql STABLE
    RETURN EXISTS (SELECT FROM staff_role WHERE person_id = me() AND role = 'prescriber');

-- Whoever booked it sees it too, for as long as they support the patient. An appointment is a relation, so nobody
-- books themselves with a patient whom they do not reach already.
ALTER TABLE appointment ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON appointment FOR SELECT USING (patient_id = me() OR staff_id = me());
CREATE POLICY own_settled ON appointment FOR UPDATE USING (patient_id = me() OR staff_id = me());
CREATE POLICY own_booked ON appointment FOR INSERT
    WITH CHECK (patient_id = me() OR moves_own(moved_from, patient_id, staff_id));
CREATE POLICY by_relation ON appointment
    USING ((treats() OR booked_by = me()) AND patient_id = ANY (ARRAY(SELECT reach('team', 'supervised')))
           OR patient_id = ANY (ARRAY(SELECT reach('coordinated'))))
    WITH CHECK (patient_id = ANY (ARRAY(SELECT reach('team', 'supervised', 'coordinated'))));
CREATE POLICY clock ON appointment FOR SELECT USING (on_the_clock());

ALTER TABLE calendar_feed ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON calendar_feed USING (person_id = me()) WITH CHECK (person_id = me());

-- Full answers for the patient, the team and the supervisor. A peer on duty reads a level, from the alert.
ALTER TABLE check_in ENABLE ROW LEVEL SECURITY;
-- One policy and a CASE: two policies become one OR, which PostgreSQL answers with both look-ups at once (BitmapOr),
-- so that a patient who reads their own days would pay for reach() as well.
CREATE POLICY by_relation ON check_in FOR SELECT
    USING (CASE WHEN patient_id = (SELECT me()) THEN true
                ELSE patient_id = ANY (ARRAY(SELECT reach('team', 'claimed', 'supervised'))) END);
CREATE POLICY own_words ON check_in FOR INSERT WITH CHECK (patient_id = me());

-- Alerts are many and their children more, so here the look-up is a hashed IN, made only for a row that needs it, and a
-- child asks for its one alert by its key: EXISTS, where IN would read every alert that the caller sees.
ALTER TABLE alert ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON alert FOR SELECT USING (patient_id = me());
CREATE POLICY opened_by_own_words ON alert FOR INSERT WITH CHECK (patient_id = me());
CREATE POLICY told ON alert USING (id IN (SELECT told_alerts()));
CREATE POLICY by_relation ON alert USING (patient_id IN (SELECT reach('supervised')));
CREATE POLICY clock ON alert USING (on_the_clock());

ALTER TABLE alert_told ENABLE ROW LEVEL SECURITY;
CREATE POLICY told ON alert_told FOR SELECT
    USING (person_id = me() OR on_the_clock() OR EXISTS (SELECT FROM alert a WHERE a.id = alert_id));
CREATE POLICY cause_tells ON alert_told FOR INSERT
    WITH CHECK (on_the_clock() OR EXISTS (SELECT FROM alert a WHERE a.id = alert_id AND a.patient_id = me()));

ALTER TABLE alert_event ENABLE ROW LEVEL SECURITY;
CREATE POLICY told ON alert_event FOR SELECT
    USING (on_the_clock() OR EXISTS (SELECT FROM alert a WHERE a.id = alert_id));
CREATE POLICY cause_logs ON alert_event FOR INSERT
    WITH CHECK (on_the_clock() OR EXISTS (SELECT FROM alert a WHERE a.id = alert_id));

ALTER TABLE regimen ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON regimen FOR SELECT USING (patient_id = me());
CREATE POLICY by_relation ON regimen FOR SELECT
    USING (treats() AND patient_id = ANY (ARRAY(SELECT reach('team', 'supervised'))));
CREATE POLICY prescribed ON regimen FOR INSERT
    WITH CHECK (prescribes() AND prescribed_by = me() AND patient_id = ANY (ARRAY(SELECT reach('team'))));
CREATE POLICY stopped ON regimen FOR UPDATE
    USING (prescribes() AND patient_id = ANY (ARRAY(SELECT reach('team'))));
CREATE POLICY clock ON regimen USING (on_the_clock());

ALTER TABLE occurrence ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON occurrence USING (patient_id = me());
CREATE POLICY by_relation ON occurrence FOR SELECT
    USING (treats() AND patient_id = ANY (ARRAY(SELECT reach('team', 'supervised'))));
CREATE POLICY prescribed ON occurrence FOR INSERT
    WITH CHECK (prescribes() AND patient_id = ANY (ARRAY(SELECT reach('team'))));
CREATE POLICY superseded ON occurrence FOR UPDATE
    USING (prescribes() AND patient_id = ANY (ARRAY(SELECT reach('team'))));
CREATE POLICY clock ON occurrence USING (on_the_clock());

ALTER TABLE address ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON address USING (person_id = me()) WITH CHECK (person_id = me());
CREATE POLICY clock ON address USING (on_the_clock());

ALTER TABLE notification ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON notification FOR SELECT USING (person_id = me());
CREATE POLICY cause_writes ON notification FOR INSERT WITH CHECK (true);
CREATE POLICY clock ON notification USING (on_the_clock());

ALTER TABLE delivery ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON delivery FOR SELECT USING (address_id IN (SELECT id FROM address WHERE person_id = me()));
CREATE POLICY clock ON delivery USING (on_the_clock());

ALTER TABLE receipt ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON receipt USING (EXISTS (SELECT FROM delivery d WHERE d.id = delivery_id))
    WITH CHECK (EXISTS (SELECT FROM delivery d WHERE d.id = delivery_id));

ALTER TABLE event ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON event FOR SELECT USING (person_id = me());
CREATE POLICY cause_writes ON event FOR INSERT WITH CHECK (true);
CREATE POLICY clock ON event USING (on_the_clock());
