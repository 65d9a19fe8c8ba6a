-- People come in: staff by an operator, patients by a coordinator or a clinician, each with a one-time link.
-- The app's role gets no right to insert or delete here. Each of these functions does one thing for whoever the
-- transaction is, so that no statement of its own makes anybody more than they are.

-- The organisation in which the caller holds one of these roles; null where they hold none.
CREATE FUNCTION works_at(VARIADIC as_one_of text[]) RETURNS uuid LANGUAGE sql STABLE
    RETURN (SELECT m.organisation_id FROM person m JOIN staff_role r ON r.person_id = m.id
            WHERE m.id = me() AND r.role = ANY (as_one_of) LIMIT 1);

-- One's own zone, language and wish; nothing else of a person changes by a plain statement.
GRANT UPDATE (time_zone, language) ON person TO cairn_app;
GRANT UPDATE (peer_beside) ON patient TO cairn_app;
CREATE POLICY own ON person FOR UPDATE USING (id = me()) WITH CHECK (id = me());
CREATE POLICY own ON patient FOR UPDATE USING (person_id = me()) WITH CHECK (person_id = me());

-- False where the id is taken, or the caller operates nothing.
CREATE FUNCTION add_staff(number uuid, called text, zone text, speaks text, as_what text[], at timestamptz)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO person (id, organisation_id, kind, name, time_zone, language, created_at)
    SELECT number, works_at('operator'), 'staff', called, zone, speaks, at WHERE works_at('operator') IS NOT NULL
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN RETURN false; END IF;
    INSERT INTO staff_role SELECT number, unnest(as_what) ON CONFLICT DO NOTHING;
    RETURN true;
END $$;

-- False where the caller does not operate that organisation, would give a role to themselves, or would leave it
-- without an operator. One at a time in an organisation: two operators who take the role from each other would
-- otherwise both find the other one left.
CREATE FUNCTION give_roles(whom uuid, as_what text[]) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    house uuid := (SELECT organisation_id FROM person WHERE id = whom AND kind = 'staff');
    held text[];
BEGIN
    PERFORM FROM organisation WHERE id = house FOR NO KEY UPDATE;
    held := ARRAY(SELECT role FROM staff_role WHERE person_id = whom);
    IF (works_at('operator') = house) IS NOT TRUE OR whom = me() AND NOT as_what <@ held THEN RETURN false; END IF;
    IF NOT 'operator' = ANY (as_what) AND NOT EXISTS (
        SELECT FROM staff_role r JOIN person p ON p.id = r.person_id
        WHERE r.role = 'operator' AND p.organisation_id = house AND p.id <> whom)
    THEN RETURN false; END IF;
    DELETE FROM staff_role WHERE person_id = whom AND role <> ALL (as_what);
    INSERT INTO staff_role SELECT whom, unnest(as_what) ON CONFLICT DO NOTHING;
    RETURN true;
END $$;

-- A clinician leads the team of whom they bring in, since they would not reach them otherwise.
-- False where the id is taken, or the caller brings in nobody.
CREATE FUNCTION add_patient(number uuid, called text, zone text, speaks text, at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    house uuid := works_at('coordinator', 'counselor', 'prescriber');
BEGIN
    INSERT INTO person (id, organisation_id, kind, name, time_zone, language, created_at)
    SELECT number, house, 'patient', called, zone, speaks, at WHERE house IS NOT NULL ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN RETURN false; END IF;
    INSERT INTO patient (person_id) VALUES (number);
    INSERT INTO care_team_member (id, patient_id, staff_id, lead, joined_at)
    SELECT gen_random_uuid(), number, me(), true, at WHERE works_at('counselor', 'prescriber') IS NOT NULL;
    RETURN true;
END $$;

-- Everybody of the organisation whom the change concerns: who left, who stayed, who came; nobody where it is refused.
-- Who is on the team already may stay, from whatever organisation. Who comes works here in a role that stands beside
-- people. Nobody but a supervisor, who reaches everybody anyhow, puts themselves on a team.
CREATE FUNCTION arrange_care_team(whom uuid, members uuid[], led_by uuid, at timestamptz) RETURNS SETOF uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp ROWS 20 AS $$
DECLARE
    house uuid := (SELECT organisation_id FROM person WHERE id = whom AND kind = 'patient');
    staying uuid[];
BEGIN
    PERFORM FROM patient WHERE person_id = whom FOR NO KEY UPDATE;
    staying := ARRAY(SELECT staff_id FROM care_team_member WHERE patient_id = whom AND left_at IS NULL);
    IF (works_at('coordinator', 'supervisor') = house OR works_at('counselor', 'prescriber') = house AND EXISTS (
            SELECT FROM care_team_member
            WHERE patient_id = whom AND staff_id = me() AND lead AND left_at IS NULL)) IS NOT TRUE
    THEN RETURN; END IF;
    IF EXISTS (
        SELECT FROM unnest(members) AS m (number)
        WHERE number <> ALL (staying) AND NOT EXISTS (
            SELECT FROM person p JOIN staff_role r ON r.person_id = p.id
            WHERE p.id = number AND p.organisation_id = house
              AND r.role IN ('peer', 'peer-lead', 'counselor', 'prescriber', 'primary-care', 'supervisor')
              AND (p.id <> me() OR works_at('supervisor') = house)))
    THEN RETURN; END IF;
    IF (led_by = ANY (members)) IS NOT TRUE OR NOT EXISTS (
        SELECT FROM person p JOIN staff_role r ON r.person_id = p.id
        WHERE p.id = led_by AND p.organisation_id = house AND r.role IN ('counselor', 'prescriber', 'supervisor'))
    THEN RETURN; END IF;
    UPDATE care_team_member SET left_at = at
    WHERE patient_id = whom AND left_at IS NULL AND staff_id <> ALL (members);
    UPDATE care_team_member SET lead = false
    WHERE patient_id = whom AND left_at IS NULL AND lead AND staff_id <> led_by;
    INSERT INTO care_team_member (id, patient_id, staff_id, joined_at)
    SELECT gen_random_uuid(), whom, number, at FROM unnest(members) AS m (number)
    ON CONFLICT (patient_id, staff_id) WHERE left_at IS NULL DO NOTHING;
    UPDATE care_team_member SET lead = true
    WHERE patient_id = whom AND left_at IS NULL AND NOT lead AND staff_id = led_by;
    RETURN QUERY SELECT p.id FROM person p
    WHERE p.organisation_id = house AND p.id = ANY (staying || members);
END $$;

-- Of a link only the hash is kept, and nobody reads even that. Those that were used stay, so that it can be told who
-- let whom in, and when.
CREATE TABLE sign_in_link (
    sha256 bytea PRIMARY KEY CHECK (length(sha256) = 32),
    person_id uuid NOT NULL REFERENCES person,
    made_by uuid NOT NULL REFERENCES person,
    made_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE UNIQUE INDEX sign_in_link_one_open ON sign_in_link (person_id) WHERE used_at IS NULL;
ALTER TABLE sign_in_link ENABLE ROW LEVEL SECURITY;

-- The newest link of a person replaces the one that was not used. What kind of person it is for; null where it is
-- nobody whom the caller lets in: an operator everybody of the organisation, a coordinator its patients.
CREATE FUNCTION make_sign_in_link(whom uuid, link_sha256 bytea, at timestamptz, until timestamptz) RETURNS text
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH found AS (
        SELECT id, kind FROM person
        WHERE id = whom AND (organisation_id = works_at('operator')
                             OR kind = 'patient' AND organisation_id = works_at('coordinator'))
    ), made AS (
        INSERT INTO sign_in_link (sha256, person_id, made_by, made_at, expires_at)
        SELECT link_sha256, id, me(), at, until FROM found
        ON CONFLICT (person_id) WHERE used_at IS NULL DO UPDATE
        SET sha256 = excluded.sha256, made_by = excluded.made_by, made_at = excluded.made_at,
            expires_at = excluded.expires_at
        RETURNING 1
    )
    SELECT kind FROM found, made
$$;

-- Whose link it was, once; null for one that was used, is too old, or never was.
CREATE FUNCTION use_sign_in_link(link_sha256 bytea, at timestamptz) RETURNS uuid
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE sign_in_link SET used_at = at
    WHERE sha256 = link_sha256 AND used_at IS NULL AND expires_at > at
    RETURNING person_id
$$;

REVOKE ALL ON FUNCTION add_staff, give_roles, add_patient, arrange_care_team, make_sign_in_link, use_sign_in_link
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION add_staff, give_roles, add_patient, arrange_care_team, make_sign_in_link, use_sign_in_link
    TO cairn_app;
