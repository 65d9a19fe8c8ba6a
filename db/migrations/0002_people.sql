CREATE TABLE organisation (
    id uuid PRIMARY KEY,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    kind text NOT NULL CHECK (kind IN ('sud-program', 'primary-care')),
    part2 boolean NOT NULL,
    time_zone text NOT NULL,
    opens time NOT NULL DEFAULT '08:00',
    closes time NOT NULL DEFAULT '18:00',
    CHECK (opens < closes)
);
COMMENT ON COLUMN organisation.opens IS 'Wall time, Monday to Friday; outside these, alert_step.after_hours holds.';
COMMENT ON COLUMN organisation.part2 IS 'A program under 42 CFR Part 2.';

CREATE TABLE person (
    id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL REFERENCES organisation,
    kind text NOT NULL CHECK (kind IN ('patient', 'staff')),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    time_zone text NOT NULL,
    language text NOT NULL DEFAULT 'en' CHECK (language IN ('en', 'es')),
    created_at timestamptz NOT NULL
);
CREATE INDEX ON person (organisation_id, kind);

CREATE TABLE patient (
    person_id uuid PRIMARY KEY REFERENCES person,
    peer_beside boolean NOT NULL DEFAULT false
);
COMMENT ON COLUMN patient.peer_beside IS 'The patient wants a peer beside the clinician in an urgent alert.';

CREATE TABLE staff_role (
    person_id uuid NOT NULL REFERENCES person,
    role text NOT NULL CHECK (role IN
        ('peer', 'peer-lead', 'counselor', 'prescriber', 'primary-care', 'coordinator', 'supervisor', 'operator')),
    PRIMARY KEY (person_id, role)
);

CREATE TABLE care_team_member (
    id uuid PRIMARY KEY,
    patient_id uuid NOT NULL REFERENCES person,
    staff_id uuid NOT NULL REFERENCES person,
    lead boolean NOT NULL DEFAULT false,
    joined_at timestamptz NOT NULL,
    left_at timestamptz,
    CHECK (patient_id <> staff_id)
);
CREATE UNIQUE INDEX care_team_member_once ON care_team_member (patient_id, staff_id) WHERE left_at IS NULL;
CREATE UNIQUE INDEX care_team_one_lead ON care_team_member (patient_id) WHERE lead AND left_at IS NULL;
CREATE INDEX ON care_team_member (staff_id) WHERE left_at IS NULL;

CREATE TABLE duty_shift (
    id uuid PRIMARY KEY,
    staff_id uuid NOT NULL REFERENCES person,
    during tstzrange NOT NULL CHECK (NOT isempty(during)),
    CONSTRAINT duty_shift_once EXCLUDE USING gist (uuidrange(staff_id, staff_id, '[]') WITH &&, during WITH &&)
);
