-- Not only a check-in opens an alert: a questionnaire does, a message that somebody flagged, days without an answer, and
-- the worry of somebody who stands beside the patient. The cause is kept with what happened, whatever it was.
ALTER TABLE alert_event ADD COLUMN cause text, ADD COLUMN cause_id uuid;
UPDATE alert_event SET cause = 'check-in', cause_id = check_in_id WHERE check_in_id IS NOT NULL;
ALTER TABLE alert_event DROP COLUMN check_in_id;
ALTER TABLE alert_event
    ADD CONSTRAINT alert_event_cause CHECK (cause IN ('check-in', 'response', 'message', 'missed', 'no-show', 'concern')),
    ADD CONSTRAINT alert_event_cause_whole CHECK ((cause IS NULL) = (cause_id IS NULL)),
    ADD CONSTRAINT alert_event_caused CHECK ((kind IN ('opened', 'joined')) = (cause IS NOT NULL));
CREATE INDEX ON alert_event (cause_id) WHERE cause_id IS NOT NULL;
COMMENT ON COLUMN alert_event.cause IS 'What opened it or joined it, and its id.';
COMMENT ON COLUMN alert.check_in_id IS 'The latest check-in among its causes, whose levels are shown.';

-- Who may say that somebody needs an answer: the patient, the clock, and whoever the declaration lets.
CREATE FUNCTION may_open_alerts(of_patient uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN of_patient = me() OR on_the_clock() OR of_patient IN (SELECT patients_for('open', 'alerts'));
END $$;
CREATE FUNCTION may_log_of(which uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM alert a WHERE a.id = which AND may_open_alerts(a.patient_id));
END $$;
-- People are told in the patient's name, by the clock, or because of what somebody has just said of it.
CREATE FUNCTION may_tell_of(which uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN on_the_clock() OR EXISTS (SELECT FROM alert a WHERE a.id = which AND a.patient_id = me())
        OR EXISTS (SELECT FROM alert_event e JOIN alert a ON a.id = e.alert_id
                   WHERE e.alert_id = which AND e.by_person = me() AND e.kind IN ('opened', 'joined')
                     AND a.closed_at IS NULL AND may_open_alerts(a.patient_id));
END $$;

-- Whether one is open already is more than its caller may read; they may join it.
CREATE FUNCTION open_alert_of(of_patient uuid, of_class text)
RETURNS TABLE (alert_class text, next_step integer, counts_from timestamptz, given_back_by uuid, id uuid, patient_id uuid,
               organisation_id uuid, class_since timestamptz, step integer, reached_somebody boolean, claimed_by uuid,
               contacted_at timestamptz, closed_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
#variable_conflict use_column
BEGIN
    IF may_open_alerts(of_patient) IS NOT TRUE THEN RETURN; END IF;
    RETURN QUERY SELECT a.class, a.next_step, a.counts_from, a.given_back_by, a.id, a.patient_id, a.organisation_id,
                        a.class_since, a.step, a.reached_somebody, a.claimed_by, a.contacted_at, a.closed_at
                 FROM alert a WHERE a.patient_id = of_patient AND a.class = of_class AND a.closed_at IS NULL;
END $$;

-- What the reasons rest on, for the sentence that says why: ratings, medians, means, thresholds, by name.
ALTER TABLE alert ADD COLUMN numbers jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(numbers) = 'object');

-- As before, and by whoever may open one; a cause that is no check-in leaves the levels as they are.
DROP FUNCTION join_alert(uuid, uuid, text[], boolean, boolean, timestamptz);
CREATE FUNCTION join_alert(which uuid, answer uuid, why text[], figures jsonb, told_late boolean, reached boolean,
                           lapse timestamptz)
RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH joined AS (
        UPDATE alert a SET reasons = a.reasons || ARRAY(SELECT r FROM unnest(why) AS r WHERE r <> ALL (a.reasons)),
                           numbers = a.numbers || figures,
                           check_in_id = coalesce(answer, check_in_id), late = a.late AND told_late,
                           reached_somebody = a.reached_somebody OR reached,
                           contacted_at = CASE WHEN lapse IS NULL THEN a.contacted_at END,
                           lapses_at = CASE WHEN a.claimed_by IS NULL THEN NULL ELSE coalesce(lapse, a.lapses_at) END,
                           version = version + 1
        WHERE a.id = which AND may_open_alerts(a.patient_id) AND a.closed_at IS NULL
        RETURNING 1
    )
    SELECT EXISTS (SELECT FROM joined)
$$;
REVOKE ALL ON FUNCTION join_alert FROM PUBLIC;
GRANT EXECUTE ON FUNCTION join_alert TO cairn_app;
REVOKE ALL ON FUNCTION may_open_alerts, may_log_of, may_tell_of, open_alert_of FROM PUBLIC;
GRANT EXECUTE ON FUNCTION may_open_alerts, may_log_of, may_tell_of, open_alert_of TO cairn_app;

ALTER TABLE alert ADD COLUMN opened_by uuid REFERENCES person;
COMMENT ON COLUMN alert.opened_by IS 'Who stands beside the patient and was worried; null where it was the patient''s own words, or the clock.';
DROP POLICY opened_by_own_words ON alert;
CREATE POLICY opened_by_own_words ON alert FOR INSERT
    WITH CHECK (claimed_by IS NULL AND closed_by IS NULL AND (
        patient_id = me() AND opened_by IS NULL
        OR opened_by = me() AND patient_id IN (SELECT patients_for('open', 'alerts'))));
CREATE POLICY opened ON alert FOR SELECT USING (opened_by = me());

DROP POLICY cause_tells ON alert_told;
CREATE POLICY cause_tells ON alert_told FOR INSERT WITH CHECK (may_tell_of(alert_id));
DROP POLICY cause_tells_again ON alert_told;
CREATE POLICY cause_tells_again ON alert_told FOR UPDATE USING (may_tell_of(alert_id));
DROP POLICY cause_logs ON alert_event;
CREATE POLICY cause_logs ON alert_event FOR INSERT
    WITH CHECK (on_the_clock() OR (by_person IS NULL OR by_person = me())
                                  AND (may_log_of(alert_id) OR EXISTS (SELECT FROM alert a WHERE a.id = alert_id)));
