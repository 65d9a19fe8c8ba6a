-- An alert goes on until it is closed: answered or not, raised or given back, it is told again.

ALTER TABLE staff_role DROP CONSTRAINT staff_role_role_check;
ALTER TABLE staff_role ADD CONSTRAINT staff_role_role_check CHECK (role IN
    ('peer', 'peer-lead', 'counselor', 'prescriber', 'primary-care', 'coordinator', 'supervisor', 'program-lead',
     'operator'));

ALTER TABLE alert ADD COLUMN counts_from timestamptz;
ALTER TABLE alert ADD COLUMN class_since timestamptz;
ALTER TABLE alert ADD COLUMN given_back_by uuid REFERENCES person;
UPDATE alert SET counts_from = opened_at, class_since = opened_at;
ALTER TABLE alert ALTER COLUMN counts_from SET NOT NULL, ALTER COLUMN class_since SET NOT NULL;
COMMENT ON COLUMN alert.counts_from IS 'The instant from which the times of its plan count; it stands still while somebody answers.';
COMMENT ON COLUMN alert.class_since IS 'Since when it is as urgent as this: who was told before is told again.';
COMMENT ON COLUMN alert.given_back_by IS 'Who gave it back, and is asked again only when there is nobody else.';
COMMENT ON COLUMN alert.next_step IS 'The step to be told at escalates_at; beyond the last one, everybody is told again.';
COMMENT ON COLUMN alert.escalates_at IS 'When it is told next: to others while nobody answers it, else to whoever does.';
DROP INDEX alert_escalates_at_idx;
CREATE INDEX ON alert (escalates_at) WHERE closed_at IS NULL AND escalates_at IS NOT NULL;

COMMENT ON COLUMN alert_told.told_at IS 'When they were told last.';

ALTER TABLE alert_event ADD COLUMN seq bigint GENERATED ALWAYS AS IDENTITY;
COMMENT ON COLUMN alert_event.seq IS 'The order in which things were said at one instant.';
ALTER TABLE alert_event ADD COLUMN check_in_id uuid REFERENCES check_in;
COMMENT ON COLUMN alert_event.check_in_id IS 'The answer that opened it or joined it.';
UPDATE alert_event e SET check_in_id = a.check_in_id FROM alert a WHERE a.id = e.alert_id AND e.kind = 'opened';
CREATE INDEX ON alert_event (check_in_id) WHERE check_in_id IS NOT NULL;
ALTER TABLE alert_event DROP CONSTRAINT alert_event_kind_check;
ALTER TABLE alert_event ADD CONSTRAINT alert_event_kind_check CHECK (kind IN
    ('opened', 'joined', 'told', 'told-off-duty', 'nobody', 'escalated', 'claimed', 'contacted', 'brought-up',
     'released', 'lapsed', 'raised', 'closed'));

-- A crisis is never routed to peers: no site can write such a plan.
ALTER TABLE alert_step DROP CONSTRAINT alert_step_audience_check;
UPDATE alert_step SET audience = 'program-leads' WHERE class = 'p0' AND audience = 'lead';
ALTER TABLE alert_step ADD CONSTRAINT alert_step_audience_check CHECK (audience IN
    ('assigned-peer', 'duty-peers', 'peer-leads', 'team-clinicians', 'duty-clinicians', 'clinicians', 'supervisors',
     'program-leads', 'lead'));
ALTER TABLE alert_step ADD CONSTRAINT a_crisis_is_told_to_clinicians CHECK
    (class NOT IN ('p0', 'p1') OR audience NOT IN ('assigned-peer', 'duty-peers', 'peer-leads'));

ALTER TABLE alert_limit ADD COLUMN unclosed interval CHECK (unclosed > interval '0');
COMMENT ON COLUMN alert_limit.unclosed IS 'Who answers an alert and does not close it is reminded at this interval, and so are the supervisors.';
UPDATE alert_limit SET unclosed = CASE class WHEN 'p0' THEN interval '15 min' WHEN 'p1' THEN interval '2 hours'
                                             WHEN 'p2' THEN interval '1 day' END;
ALTER TABLE alert_limit ADD CONSTRAINT a_crisis_is_brought_up CHECK (class <> 'p0' OR unclosed IS NOT NULL);

-- Nobody but a clinician answers or closes a crisis, whoever asks the database to write it.
CREATE FUNCTION a_crisis_is_a_clinicians() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM unnest(ARRAY[NEW.claimed_by, NEW.closed_by]) AS who
               WHERE who IS NOT NULL AND NOT EXISTS (
                   SELECT FROM staff_role r
                   WHERE r.person_id = who
                     AND r.role IN ('counselor', 'prescriber', 'supervisor', 'program-lead'))) THEN
        RAISE EXCEPTION 'a crisis is answered and closed by a clinician' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION a_crisis_is_a_clinicians FROM PUBLIC;
CREATE TRIGGER a_crisis_is_a_clinicians BEFORE INSERT OR UPDATE OF class, claimed_by, closed_by ON alert
FOR EACH ROW WHEN (NEW.class IN ('p0', 'p1') AND (NEW.claimed_by IS NOT NULL OR NEW.closed_by IS NOT NULL))
EXECUTE FUNCTION a_crisis_is_a_clinicians();

GRANT UPDATE (counts_from, given_back_by) ON alert TO cairn_app;
GRANT UPDATE (step, told_at) ON alert_told TO cairn_app;
CREATE POLICY cause_tells_again ON alert_told FOR UPDATE
    USING (on_the_clock() OR EXISTS (SELECT FROM alert a WHERE a.id = alert_id AND a.patient_id = me()));

-- More urgent, never less. Whether a more urgent one is open already is more than its caller may read. A clinician who
-- answers goes on answering, and has to say once more that contact was tried.
DROP FUNCTION raise_alert(uuid, text, timestamptz);
CREATE FUNCTION raise_alert(which uuid, to_class text, stays boolean, lapse timestamptz, at timestamptz) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH raised AS (
        UPDATE alert a SET class = to_class, class_since = at, counts_from = at, step = 0, next_step = 0,
                           escalates_at = at, reached_somebody = false, given_back_by = NULL,
                           claimed_by = CASE WHEN stays THEN claimed_by END,
                           claimed_at = CASE WHEN stays THEN claimed_at END,
                           contacted_at = NULL, lapses_at = CASE WHEN stays THEN lapse END, version = version + 1
        WHERE a.id = which AND a.closed_at IS NULL AND a.class > to_class
          AND (EXISTS (SELECT FROM alert_told t WHERE t.alert_id = a.id AND t.person_id = me())
               OR EXISTS (SELECT FROM person m JOIN staff_role r ON r.person_id = m.id
                          WHERE m.id = me() AND r.role = 'supervisor' AND m.organisation_id = a.organisation_id))
          AND NOT EXISTS (SELECT FROM alert o
                          WHERE o.patient_id = a.patient_id AND o.class = to_class AND o.closed_at IS NULL)
        RETURNING 1
    )
    SELECT EXISTS (SELECT FROM raised)
$$;
REVOKE ALL ON FUNCTION raise_alert FROM PUBLIC;
GRANT EXECUTE ON FUNCTION raise_alert TO cairn_app;

-- A second worry joins the patient's own open alert, whose row they may not change otherwise. Where `lapse` is given,
-- whoever answers has to say once more that contact was tried.
CREATE FUNCTION join_alert(which uuid, answer uuid, why text[], told_late boolean, reached boolean, lapse timestamptz)
RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH joined AS (
        UPDATE alert a SET reasons = a.reasons || ARRAY(SELECT r FROM unnest(why) AS r WHERE r <> ALL (a.reasons)),
                           check_in_id = answer, late = a.late AND told_late,
                           reached_somebody = a.reached_somebody OR reached,
                           contacted_at = CASE WHEN lapse IS NULL THEN a.contacted_at END,
                           lapses_at = CASE WHEN a.claimed_by IS NULL THEN NULL ELSE coalesce(lapse, a.lapses_at) END,
                           version = version + 1
        WHERE a.id = which AND a.patient_id = me() AND a.closed_at IS NULL
        RETURNING 1
    )
    SELECT EXISTS (SELECT FROM joined)
$$;
REVOKE ALL ON FUNCTION join_alert FROM PUBLIC;
GRANT EXECUTE ON FUNCTION join_alert TO cairn_app;

-- How late the oldest reminder or alert is, for a health check that is nobody; each part is the first entry of an index.
CREATE OR REPLACE FUNCTION oldest_due_seconds(at timestamptz) RETURNS double precision
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT extract(epoch FROM at - min(due))::double precision FROM (
        SELECT min(next_at) AS due FROM notification WHERE urgent AND next_at <= at
        UNION ALL SELECT min(next_at) FROM notification WHERE NOT urgent AND next_at <= at
        UNION ALL SELECT min(next_at) FROM delivery WHERE urgent AND next_at <= at
        UNION ALL SELECT min(next_at) FROM delivery WHERE NOT urgent AND next_at <= at
        UNION ALL SELECT min(escalates_at) FROM alert WHERE closed_at IS NULL AND escalates_at <= at
        UNION ALL SELECT min(lapses_at) FROM alert WHERE closed_at IS NULL AND lapses_at <= at
    ) AS waiting
$$;
