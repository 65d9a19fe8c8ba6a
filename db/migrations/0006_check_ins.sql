-- What a patient said, never changed: an amendment is the next version of the same day.

CREATE TABLE check_in (
    id uuid PRIMARY KEY,
    patient_id uuid NOT NULL REFERENCES person,
    day date NOT NULL,
    version integer NOT NULL,
    mood smallint NOT NULL CHECK (mood BETWEEN 0 AND 10),
    craving smallint NOT NULL CHECK (craving BETWEEN 0 AND 10),
    wants_to_talk boolean NOT NULL,
    in_danger boolean NOT NULL DEFAULT false,
    note text NOT NULL DEFAULT '' CHECK (length(note) <= 2000),
    answered_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX check_in_version_once ON check_in (patient_id, day, version);
COMMENT ON COLUMN check_in.day IS 'The patient''s own date, sent by the phone.';
