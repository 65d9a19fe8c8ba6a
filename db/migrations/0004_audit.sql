-- One row for each read and write of a patient's record, in the transaction that did it. Nobody changes one.

CREATE TABLE audit_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor_id uuid,
    duty text NOT NULL DEFAULT '',
    request_id uuid,
    patient_id uuid NOT NULL,
    action text NOT NULL CHECK (action ~ '^[a-z-]{2,40}$'),
    category text NOT NULL CHECK (category ~ '^[a-z-]{2,40}$'),
    subject_id uuid
);
CREATE INDEX ON audit_event (patient_id, id);
COMMENT ON COLUMN audit_event.actor_id IS 'Null where a duty acted and no person: the worker.';

-- No actor can be claimed: the row says who the transaction is.
CREATE FUNCTION audit(did text, about text, patients uuid[], subject uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO audit_event (actor_id, duty, request_id, patient_id, action, category, subject_id)
    SELECT me(), coalesce(current_setting('cairn.duty', true), ''),
           nullif(current_setting('cairn.request', true), '')::uuid, patient, did, about, subject
    FROM unnest(patients) AS patient
$$;
REVOKE ALL ON FUNCTION audit FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit TO cairn_app;
