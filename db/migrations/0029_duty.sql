-- Whose turn it is to be on duty, planned ahead by the wall clock of a place. What is planned becomes shifts, and the
-- shifts alone say who is on duty.

CREATE TABLE duty_rotation (
    id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL REFERENCES organisation,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    wanted text NOT NULL CHECK (wanted IN ('peer', 'clinician')),
    time_zone text NOT NULL,
    starts_on date NOT NULL,
    members uuid[] NOT NULL CHECK (cardinality(members) BETWEEN 1 AND 50),
    every text NOT NULL CHECK (every IN ('day', 'week')),
    hands_over text NOT NULL CHECK (hands_over ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),
    windows jsonb NOT NULL CHECK (jsonb_typeof(windows) = 'array'),
    made_until timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX ON duty_rotation (organisation_id, id) WHERE ended_at IS NULL;
CREATE INDEX ON duty_rotation (made_until) WHERE ended_at IS NULL;
COMMENT ON COLUMN duty_rotation.made_until IS
    'Shifts that start before this were made, and are never made again: whoever ends one has ended it.';
COMMENT ON COLUMN duty_rotation.windows IS 'Parts of weekdays, as {weekday, starts, ends} by the wall clock; none: always.';

ALTER TABLE duty_shift ADD COLUMN rotation_id uuid REFERENCES duty_rotation;
CREATE INDEX ON duty_shift (rotation_id) WHERE rotation_id IS NOT NULL;
COMMENT ON COLUMN duty_shift.rotation_id IS 'What it was made from; without it, somebody came on duty themselves.';

-- That somebody will be on duty is no secret among those who work here. Rotations are changed by these functions only.
GRANT SELECT ON duty_rotation TO cairn_app;

CREATE FUNCTION fits_rotation(whom uuid, of_program uuid, is_wanted text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM person p JOIN staff_role r ON r.person_id = p.id
        WHERE p.id = whom AND p.organisation_id = of_program AND p.kind = 'staff'
          AND r.role = ANY (CASE is_wanted WHEN 'peer' THEN ARRAY['peer', 'peer-lead']
                                           ELSE ARRAY['counselor', 'prescriber'] END))
$$;

-- True: planned now. False: the id is used. Null: not the caller's to plan, or not with these people.
CREATE FUNCTION plan_rotation(given jsonb, at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    program uuid := (SELECT p.organisation_id FROM person p WHERE p.id = me());
    planned duty_rotation := jsonb_populate_record(
        NULL::duty_rotation, given || jsonb_build_object('organisation_id', program, 'made_until', at, 'ended_at', NULL));
BEGIN
    IF program IS NULL OR NOT 'program' = ANY (granted('add', 'rotations')) THEN RETURN NULL; END IF;
    IF NOT (SELECT bool_and(fits_rotation(one, program, planned.wanted)) FROM unnest(planned.members) AS one) THEN
        RETURN NULL;
    END IF;
    INSERT INTO duty_rotation SELECT planned.* ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN RETURN false; END IF;
    PERFORM audit_security('add', 'rotations', me(), planned.id, NULL);
    RETURN true;
END $$;

-- No more shifts come of it, and those that have not begun are taken back; whoever is on duty stays so to the end.
-- Null: not the caller's to end.
CREATE FUNCTION end_rotation(which uuid, at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT 'program' = ANY (granted('end', 'rotations')) THEN RETURN NULL; END IF;
    UPDATE duty_rotation SET ended_at = at
    WHERE id = which AND ended_at IS NULL
      AND organisation_id = (SELECT p.organisation_id FROM person p WHERE p.id = me());
    IF NOT FOUND THEN RETURN false; END IF;
    DELETE FROM duty_shift WHERE rotation_id = which AND lower(during) > at;
    PERFORM audit_security('end', 'rotations', me(), which, NULL);
    RETURN true;
END $$;

-- For the clock alone. Only whoever moves made_until on makes the shifts, so that two workers make each once; where
-- somebody is on duty by themselves at that time already, the rest of the turn becomes shifts.
CREATE FUNCTION make_shifts(which uuid, made timestamptz, until timestamptz, turns jsonb) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    plan duty_rotation;
    turn record;
    several integer;
    total integer := 0;
BEGIN
    IF NOT on_the_clock() THEN RETURN 0; END IF;
    UPDATE duty_rotation SET made_until = until WHERE id = which AND made_until = made AND ended_at IS NULL
    RETURNING * INTO plan;
    IF NOT FOUND THEN RETURN 0; END IF;
    FOR turn IN SELECT t.staff_id, tstzrange(t.starts_at, t.ends_at) AS during
                FROM jsonb_to_recordset(turns) AS t (staff_id uuid, starts_at timestamptz, ends_at timestamptz)
                WHERE fits_rotation(t.staff_id, plan.organisation_id, plan.wanted)
    LOOP
        INSERT INTO duty_shift (id, staff_id, during, rotation_id)
        SELECT gen_random_uuid(), turn.staff_id, piece, which
        FROM unnest(tstzmultirange(turn.during) - coalesce(
            (SELECT range_agg(d.during) FROM duty_shift d WHERE d.staff_id = turn.staff_id AND d.during && turn.during),
            '{}'::tstzmultirange)) AS piece
        ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS several = ROW_COUNT;
        total := total + several;
    END LOOP;
    RETURN total;
END $$;
REVOKE ALL ON FUNCTION fits_rotation, plan_rotation, end_rotation, make_shifts FROM PUBLIC;
GRANT EXECUTE ON FUNCTION fits_rotation, plan_rotation, end_rotation, make_shifts TO cairn_app;
