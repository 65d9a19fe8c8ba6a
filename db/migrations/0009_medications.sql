-- A regimen is wall times in a zone; its doses are made ahead of time, named by the local slot and never by the instant.

CREATE TABLE regimen (
    id uuid PRIMARY KEY,
    patient_id uuid NOT NULL REFERENCES person,
    prescribed_by uuid NOT NULL REFERENCES person,
    medicine text NOT NULL CHECK (length(medicine) BETWEEN 1 AND 200),
    times time[] NOT NULL CHECK (cardinality(times) BETWEEN 1 AND 12),
    time_zone text NOT NULL,
    starts_on date NOT NULL,
    ends_on date CHECK (ends_on >= starts_on),
    version integer NOT NULL DEFAULT 1,
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'stopped')),
    made_until timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    stopped_by uuid REFERENCES person,
    stopped_at timestamptz,
    CHECK ((status = 'stopped') = (stopped_at IS NOT NULL) AND (stopped_at IS NULL) = (stopped_by IS NULL))
);
COMMENT ON COLUMN regimen.made_until IS 'Every dose due until then has its row.';
CREATE INDEX ON regimen (patient_id, created_at, id);
CREATE INDEX ON regimen (made_until) WHERE status = 'active';

CREATE TABLE occurrence (
    id uuid PRIMARY KEY,
    regimen_id uuid NOT NULL REFERENCES regimen,
    patient_id uuid NOT NULL REFERENCES person,
    version integer NOT NULL,
    slot timestamp NOT NULL,
    due_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'taken', 'skipped', 'superseded')),
    answered_at timestamptz,
    CONSTRAINT occurrence_once UNIQUE (regimen_id, version, slot),
    CHECK ((state IN ('taken', 'skipped')) = (answered_at IS NOT NULL))
);
CREATE INDEX ON occurrence (patient_id, due_at, id);
CREATE INDEX ON occurrence (regimen_id) WHERE state = 'pending';
COMMENT ON COLUMN occurrence.slot IS 'Wall time in the regimen''s zone: the name of the dose, whatever instant that is.';
