-- When a member of staff works, as wall time in their own zone; exceptions open or close single days.

CREATE TABLE working_hours (
    id uuid PRIMARY KEY,
    staff_id uuid NOT NULL REFERENCES person,
    weekday smallint NOT NULL CHECK (weekday BETWEEN 1 AND 7),
    starts time NOT NULL,
    ends time NOT NULL,
    CHECK (starts < ends OR ends = '00:00')
);
CREATE INDEX ON working_hours (staff_id);
COMMENT ON COLUMN working_hours.weekday IS 'ISO: Monday is 1.';
COMMENT ON COLUMN working_hours.ends IS '00:00 is the midnight that ends the day.';

CREATE TABLE working_exception (
    id uuid PRIMARY KEY,
    staff_id uuid NOT NULL REFERENCES person,
    day date NOT NULL,
    starts time,
    ends time,
    CHECK ((starts IS NULL) = (ends IS NULL) AND (starts IS NULL OR starts < ends OR ends = '00:00'))
);
CREATE INDEX ON working_exception (staff_id, day);
COMMENT ON TABLE working_exception IS 'Replaces the week on that day: without times the day is closed.';

-- An appointment is never moved in place: the old row is cancelled and the new one says where it came from.
CREATE TABLE appointment (
    id uuid PRIMARY KEY,
    patient_id uuid NOT NULL REFERENCES person,
    staff_id uuid NOT NULL REFERENCES person,
    kind text NOT NULL CHECK (kind IN ('counseling', 'medication', 'peer')),
    during tstzrange NOT NULL CHECK (NOT isempty(during)),
    status text NOT NULL DEFAULT 'booked' CHECK (status IN ('booked', 'fulfilled', 'cancelled', 'noshow')),
    booked_by uuid NOT NULL,
    booked_at timestamptz NOT NULL,
    settled_by uuid,
    settled_at timestamptz,
    moved_from uuid UNIQUE REFERENCES appointment,
    version integer NOT NULL DEFAULT 1,
    CHECK (patient_id <> staff_id),
    CHECK ((status = 'booked') = (settled_at IS NULL) AND (settled_at IS NULL) = (settled_by IS NULL)),
    CONSTRAINT appointment_staff_once EXCLUDE USING gist
        (uuidrange(staff_id, staff_id, '[]') WITH &&, during WITH &&) WHERE (status <> 'cancelled'),
    CONSTRAINT appointment_patient_once EXCLUDE USING gist
        (uuidrange(patient_id, patient_id, '[]') WITH &&, during WITH &&) WHERE (status <> 'cancelled')
);
CREATE INDEX ON appointment (patient_id, lower(during), id);
CREATE INDEX ON appointment (staff_id, lower(during), id);
COMMENT ON COLUMN appointment.status IS 'FHIR R4 Appointment.status.';
COMMENT ON COLUMN appointment.settled_at IS 'When it stopped being booked, and by whom.';

CREATE TABLE calendar_feed (
    sha256 bytea PRIMARY KEY CHECK (length(sha256) = 32),
    person_id uuid NOT NULL REFERENCES person,
    made_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE UNIQUE INDEX calendar_feed_one ON calendar_feed (person_id) WHERE revoked_at IS NULL;

-- A calendar program has no session: the feed's token is what it shows.
CREATE FUNCTION calendar_owner(token_sha256 bytea) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT person_id FROM calendar_feed WHERE sha256 = token_sha256 AND revoked_at IS NULL
$$;
REVOKE ALL ON FUNCTION calendar_owner FROM PUBLIC;
GRANT EXECUTE ON FUNCTION calendar_owner TO cairn_app;

-- What is taken on a person's day, without saying by whom or for what: a booker needs the times only.
CREATE FUNCTION busy_times(person uuid, within tstzrange) RETURNS TABLE (starts_at timestamptz, ends_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 20 AS $$
    SELECT lower(during), upper(during) FROM appointment
    WHERE status <> 'cancelled' AND during && within
      AND (uuidrange(staff_id, staff_id, '[]') && uuidrange(person, person, '[]')
           OR uuidrange(patient_id, patient_id, '[]') && uuidrange(person, person, '[]'))
$$;
REVOKE ALL ON FUNCTION busy_times FROM PUBLIC;
GRANT EXECUTE ON FUNCTION busy_times TO cairn_app;
