-- What happened to an alert is written once. Each hop names whom it told; that nobody was told is a hop as well.
ALTER TABLE alert_event ADD COLUMN told uuid[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN alert_event.told IS 'Whose phones this hop rang.';
ALTER TABLE alert_event DROP CONSTRAINT alert_event_kind_check;
ALTER TABLE alert_event ADD CONSTRAINT alert_event_kind_check CHECK (kind IN
    ('opened', 'joined', 'told', 'told-off-duty', 'nobody', 'escalated', 'claimed', 'contacted', 'brought-up',
     'released', 'lapsed', 'raised', 'closed', 'reviewed'));
CREATE FUNCTION what_happened_stays() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'what happened to an alert is never changed' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER what_happened_stays BEFORE UPDATE OR DELETE ON alert_event
FOR EACH ROW EXECUTE FUNCTION what_happened_stays();

-- A supervisor looks at each crisis and each urgent alert after it was closed, once, and not at what they answered
-- themselves, unless there is nobody else who could.
CREATE TABLE alert_review (
    id uuid PRIMARY KEY,
    alert_id uuid NOT NULL UNIQUE REFERENCES alert,
    patient_id uuid NOT NULL REFERENCES patient,
    reviewed_by uuid NOT NULL REFERENCES person,
    reviewed_at timestamptz NOT NULL,
    finding text NOT NULL CHECK (finding IN ('as-it-should-be', 'too-late', 'not-as-planned', 'change-the-plan')),
    note_sealed bytea
);
CREATE INDEX ON alert_review (patient_id);
CREATE INDEX alert_to_review ON alert (organisation_id, closed_at) WHERE class IN ('p0', 'p1') AND closed_at IS NOT NULL;
GRANT SELECT, INSERT ON alert_review TO cairn_app;
ALTER TABLE alert_review ENABLE ROW LEVEL SECURITY;
CREATE POLICY by_relation ON alert_review FOR SELECT
    USING (patient_id = ANY (ARRAY(SELECT patients_for('review', 'alerts'))));
CREATE POLICY reviewed ON alert_review FOR INSERT
    WITH CHECK (reviewed_by = me() AND patient_id = ANY (ARRAY(SELECT patients_for('review', 'alerts'))));
CREATE FUNCTION only_what_is_over_is_reviewed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM alert a WHERE a.id = NEW.alert_id AND a.patient_id = NEW.patient_id
                                         AND a.class IN ('p0', 'p1') AND a.closed_at IS NOT NULL) THEN
        RAISE EXCEPTION 'a crisis or an urgent alert that is closed is reviewed' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION only_what_is_over_is_reviewed FROM PUBLIC;
CREATE TRIGGER only_what_is_over_is_reviewed BEFORE INSERT ON alert_review
FOR EACH ROW EXECUTE FUNCTION only_what_is_over_is_reviewed();
