-- Somebody needs an answer. Everything a tick must know to escalate is in the row.

CREATE TABLE alert (
    id uuid PRIMARY KEY,
    patient_id uuid NOT NULL REFERENCES person,
    organisation_id uuid NOT NULL REFERENCES organisation,
    class text NOT NULL CHECK (class IN ('p0', 'p1', 'p2', 'p3')),
    reasons text[] NOT NULL CHECK (cardinality(reasons) > 0),
    late boolean NOT NULL DEFAULT false,
    check_in_id uuid REFERENCES check_in,
    opened_at timestamptz NOT NULL,
    step integer NOT NULL DEFAULT 0,
    next_step integer NOT NULL DEFAULT 0,
    escalates_at timestamptz,
    reached_somebody boolean NOT NULL DEFAULT false,
    claimed_by uuid REFERENCES person,
    claimed_at timestamptz,
    contacted_at timestamptz,
    lapses_at timestamptz,
    closed_by uuid REFERENCES person,
    closed_at timestamptz,
    outcome text,
    version integer NOT NULL DEFAULT 1,
    CHECK ((claimed_by IS NULL) = (claimed_at IS NULL)),
    CHECK ((closed_at IS NULL) = (outcome IS NULL))
);
COMMENT ON COLUMN alert.step IS 'The last step that was told.';
COMMENT ON COLUMN alert.next_step IS 'The step to be told at escalates_at; the same one again after a claim was given back.';
COMMENT ON COLUMN alert.reached_somebody IS 'Somebody on duty has been told.';
CREATE UNIQUE INDEX alert_open_once ON alert (patient_id, class) WHERE closed_at IS NULL;
CREATE INDEX ON alert (escalates_at) WHERE closed_at IS NULL AND claimed_by IS NULL;
CREATE INDEX ON alert (lapses_at) WHERE closed_at IS NULL AND lapses_at IS NOT NULL;
CREATE INDEX ON alert (patient_id, opened_at);
-- What is open, and what was closed since some day.
CREATE INDEX ON alert (closed_at);

-- Who was told, so who may see and answer it.
CREATE TABLE alert_told (
    alert_id uuid NOT NULL REFERENCES alert,
    person_id uuid NOT NULL REFERENCES person,
    step integer NOT NULL,
    told_at timestamptz NOT NULL,
    PRIMARY KEY (alert_id, person_id)
);
CREATE INDEX ON alert_told (person_id);

CREATE TABLE alert_event (
    id uuid PRIMARY KEY,
    alert_id uuid NOT NULL REFERENCES alert,
    at timestamptz NOT NULL,
    kind text NOT NULL CHECK (kind IN
        ('opened', 'told', 'nobody', 'escalated', 'claimed', 'contacted', 'released', 'lapsed', 'raised', 'closed')),
    by_person uuid,
    step integer NOT NULL
);
CREATE INDEX ON alert_event (alert_id, at);

-- Who is told after how long: site-configurable data. A row without an organisation is the default.
-- No published standard gives minutes; these are operational defaults, not validated.
CREATE TABLE alert_step (
    organisation_id uuid REFERENCES organisation,
    class text NOT NULL CHECK (class IN ('p0', 'p1', 'p2', 'p3')),
    step integer NOT NULL CHECK (step >= 0),
    after interval NOT NULL CHECK (after >= interval '0'),
    after_hours interval CHECK (after_hours >= interval '0'),
    audience text NOT NULL CHECK (audience IN
        ('assigned-peer', 'duty-peers', 'peer-leads', 'team-clinicians', 'duty-clinicians', 'clinicians',
         'supervisors', 'lead')),
    UNIQUE NULLS NOT DISTINCT (organisation_id, class, step, audience)
);
COMMENT ON COLUMN alert_step.after IS 'Time since the alert opened.';
COMMENT ON COLUMN alert_step.after_hours IS 'The same outside working hours, where it differs.';

CREATE TABLE alert_limit (
    organisation_id uuid REFERENCES organisation,
    class text NOT NULL CHECK (class IN ('p0', 'p1', 'p2', 'p3')),
    lapses interval NOT NULL,
    repeats interval,
    UNIQUE NULLS NOT DISTINCT (organisation_id, class)
);
COMMENT ON COLUMN alert_limit.lapses IS 'A claim with no contact attempt ends after this.';
COMMENT ON COLUMN alert_limit.repeats IS 'After the last step the alert is told again at this interval until closed.';

INSERT INTO alert_step (class, step, after, after_hours, audience) VALUES
    ('p0', 0, '0', NULL, 'duty-clinicians'), ('p0', 0, '0', NULL, 'supervisors'),
    ('p0', 1, '5 min', NULL, 'clinicians'),
    ('p0', 2, '10 min', NULL, 'supervisors'),
    ('p0', 3, '15 min', NULL, 'lead'),
    ('p1', 0, '0', NULL, 'team-clinicians'), ('p1', 0, '0', NULL, 'duty-clinicians'),
    ('p1', 1, '30 min', '60 min', 'clinicians'),
    ('p1', 2, '60 min', '120 min', 'supervisors'),
    ('p2', 0, '0', NULL, 'assigned-peer'),
    ('p2', 1, '15 min', NULL, 'duty-peers'),
    ('p2', 2, '30 min', NULL, 'peer-leads'),
    ('p2', 3, '60 min', NULL, 'team-clinicians'), ('p2', 3, '60 min', NULL, 'duty-clinicians'),
    ('p3', 0, '0', NULL, 'assigned-peer'),
    ('p3', 1, '1 day', NULL, 'lead');

INSERT INTO alert_limit (class, lapses, repeats) VALUES
    ('p0', '10 min', '5 min'), ('p1', '10 min', '60 min'), ('p2', '30 min', '60 min'), ('p3', '1 day', NULL);

-- More urgent, never less. Whether a more urgent one is open already is more than its caller may read.
CREATE FUNCTION raise_alert(which uuid, to_class text, at timestamptz) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH raised AS (
        UPDATE alert a SET class = to_class, step = 0, next_step = 0, escalates_at = at, reached_somebody = false,
                           claimed_by = NULL, claimed_at = NULL, contacted_at = NULL, lapses_at = NULL,
                           version = version + 1
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
