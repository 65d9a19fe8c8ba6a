-- A patient takes their record with them: asked for, made by the worker with the patient's own eyes, sealed like what
-- is in it, and gone after a week.
CREATE TABLE export (
    id uuid PRIMARY KEY,
    patient_id uuid NOT NULL REFERENCES patient,
    asked_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'making', 'ready', 'failed', 'gone')),
    progress smallint NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 100),
    next_at timestamptz,
    attempt integer NOT NULL DEFAULT 0,
    ready_at timestamptz,
    expires_at timestamptz,
    bytes integer,
    downloads integer NOT NULL DEFAULT 0,
    archive_sealed bytea,
    CHECK ((state IN ('waiting', 'making')) = (next_at IS NOT NULL)),
    CHECK ((state = 'ready') = (archive_sealed IS NOT NULL)),
    CHECK (state <> 'ready' OR expires_at IS NOT NULL AND bytes IS NOT NULL)
);
CREATE UNIQUE INDEX export_one_at_a_time ON export (patient_id) WHERE state IN ('waiting', 'making');
CREATE INDEX ON export (patient_id, asked_at);
CREATE INDEX ON export (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX ON export (expires_at) WHERE state = 'ready';

ALTER TABLE export ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON export FOR SELECT USING (patient_id = me());
CREATE POLICY asked ON export FOR INSERT WITH CHECK (patient_id = me() AND state = 'waiting');
CREATE POLICY own_changed ON export FOR UPDATE USING (patient_id = me());
CREATE POLICY clock ON export USING (on_the_clock());
GRANT SELECT, INSERT ON export TO cairn_app;
GRANT UPDATE (state, progress, next_at, attempt, ready_at, expires_at, bytes, downloads, archive_sealed)
    ON export TO cairn_app;

