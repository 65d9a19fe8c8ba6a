-- How patients come in: codes, invitations, and what lifts a session that a code alone has opened.
--
-- Nothing that opens a door is stored. A code, a key and a link are made from a random seed in the row and a key that
-- the database never sees: whoever has the rows lacks the one, whoever has the key lacks the other. Nobody but the
-- owner writes these rows; each function below does one thing for whoever the transaction is.

-- Words to somebody's mail or telephone. The address is a blind index: whether it is anybody's is looked up when it is
-- sent, so that asking costs and says the same for a contact that nobody has.
CREATE TABLE letter (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('code', 'invitation')),
    subject_id uuid NOT NULL,
    post text NOT NULL CHECK (post IN ('email', 'sms')),
    blind bytea NOT NULL CHECK (length(blind) = 32),
    person_id uuid REFERENCES person,
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sent', 'dead', 'expired', 'void')),
    next_at timestamptz,
    not_after timestamptz NOT NULL,
    attempt integer NOT NULL DEFAULT 0,
    lease uuid,
    error text CHECK (error ~ '^[A-Za-z0-9_]{1,60}$'),
    settled_at timestamptz,
    CHECK ((state = 'queued') = (next_at IS NOT NULL)),
    CHECK ((state = 'queued') = (settled_at IS NULL))
);
CREATE INDEX ON letter (post, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX ON letter (settled_at) WHERE settled_at IS NOT NULL;
COMMENT ON COLUMN letter.person_id IS 'To an address of theirs only; null for a code that is asked for at the door.';
COMMENT ON COLUMN letter.error IS 'A short word of ours: what a server says may quote an address.';
ALTER TABLE letter ENABLE ROW LEVEL SECURITY;
CREATE POLICY clock ON letter USING (on_the_clock());
GRANT SELECT, UPDATE (state, next_at, attempt, lease, error, settled_at), DELETE ON letter TO cairn_app;

-- A code that was asked for. Of those for one contact and purpose the latest alone is open.
CREATE TABLE code_challenge (
    id uuid PRIMARY KEY,
    purpose text NOT NULL CHECK (purpose IN ('sign-in', 'contact', 'second-contact')),
    post text NOT NULL CHECK (post IN ('email', 'sms')),
    blind bytea NOT NULL CHECK (length(blind) = 32),
    person_id uuid REFERENCES person,
    device bytea CHECK (length(device) = 32),
    seed bytea NOT NULL CHECK (length(seed) = 32),
    made_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > made_at),
    tries smallint NOT NULL DEFAULT 0 CHECK (tries BETWEEN 0 AND 5),
    ended_at timestamptz,
    used boolean NOT NULL DEFAULT false,
    CHECK ((purpose = 'sign-in') = (person_id IS NULL)),
    CHECK (NOT used OR ended_at IS NOT NULL)
);
CREATE UNIQUE INDEX code_challenge_one_open ON code_challenge (purpose, post, blind, person_id) NULLS NOT DISTINCT
    WHERE ended_at IS NULL;
CREATE INDEX ON code_challenge (expires_at);
COMMENT ON COLUMN code_challenge.device IS 'SHA-256 of the public key of the device that asked, where it has one.';
ALTER TABLE code_challenge ENABLE ROW LEVEL SECURITY;
CREATE POLICY clock ON code_challenge USING (on_the_clock());
GRANT SELECT, DELETE ON code_challenge TO cairn_app;

-- At the door for signing in, in a session for one's own contacts. Looks nothing up but earlier challenges, so it does
-- the same whoever's contact this is, and whether it is anybody's.
CREATE FUNCTION ask_for_code(number uuid, what text, by_post text, index bytea, key_of_device bytea, random bytea,
                             letter_number uuid, at timestamptz, until timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    whose uuid := CASE WHEN what = 'sign-in' THEN NULL ELSE me() END;
BEGIN
    IF NOT (CASE WHEN what = 'sign-in' THEN at_the_door() ELSE me() IS NOT NULL END) THEN RETURN false; END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('code ' || encode(index, 'hex'), 0));
    UPDATE code_challenge SET ended_at = at
    WHERE purpose = what AND post = by_post AND blind = index AND person_id IS NOT DISTINCT FROM whose
      AND ended_at IS NULL;
    INSERT INTO code_challenge (id, purpose, post, blind, person_id, device, seed, made_at, expires_at)
    VALUES (number, what, by_post, index, whose, key_of_device, random, at, until);
    INSERT INTO letter (id, kind, subject_id, post, blind, person_id, next_at, not_after)
    VALUES (letter_number, 'code', number, by_post, index, whose, at, until);
    RETURN true;
END $$;

-- One of five tries, counted whatever comes of it: the caller commits before it looks. No row where there is none left.
CREATE FUNCTION try_code(number uuid, what text, at timestamptz) RETURNS TABLE (seed bytea, device bytea)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
    UPDATE code_challenge c SET tries = tries + 1
    WHERE c.id = number AND c.purpose = what AND c.ended_at IS NULL AND c.expires_at > at AND c.tries < 5
      AND CASE WHEN what = 'sign-in' THEN at_the_door() ELSE c.person_id = me() END
    RETURNING c.seed, c.device
$$;

-- A challenge whose code was right, once. Which contact that was; no row where another was first, or it is too late.
CREATE FUNCTION use_code(number uuid, what text, at timestamptz) RETURNS TABLE (post text, blind bytea)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
    UPDATE code_challenge c SET ended_at = at, used = true
    WHERE c.id = number AND c.purpose = what AND c.ended_at IS NULL AND c.expires_at > at
      AND CASE WHEN what = 'sign-in' THEN at_the_door() ELSE c.person_id = me() END
    RETURNING c.post, c.blind
$$;

-- Whose code it was, once it has been given: a patient's whom one may write to. Written as procedures, since contacts
-- are kept by a migration of their own.
CREATE FUNCTION code_owner(of_post text, index bytea) RETURNS TABLE (person_id uuid, shared boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
BEGIN
    RETURN QUERY SELECT k.person_id, k.shared FROM contact k JOIN person p ON p.id = k.person_id
    WHERE k.kind = of_post AND k.value_index = index AND k.verified_at IS NOT NULL AND k.closed_at IS NULL
      AND k.may_text AND p.kind = 'patient' AND at_the_door();
END $$;

-- Whether this person was here for sure on the device with this key, and did not have that session ended as stolen.
CREATE FUNCTION knows_device(whose uuid, key bytea) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM session s
        WHERE s.person_id = whose AND s.device_key = key AND s.assurance = 'full' AND at_the_door())
      AND NOT EXISTS (
        SELECT FROM session s
        WHERE s.person_id = whose AND s.device_key = key AND s.ended_because IN ('reuse', 'recovery', 'operator'))
$$;

-- Whether this is a verified contact of the caller's to which nobody else has eyes, and not the one by whose code this
-- session began: such a session begins at the instant at which its code was used.
CREATE FUNCTION is_second_contact(of_session uuid, of_post text, index bytea) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM contact k JOIN session s ON s.person_id = k.person_id
        WHERE s.id = of_session AND s.person_id = me() AND k.kind = of_post AND k.value_index = index
          AND k.verified_at IS NOT NULL AND k.closed_at IS NULL AND NOT k.shared
          AND NOT EXISTS (
              SELECT FROM code_challenge c
              WHERE c.purpose = 'sign-in' AND c.used AND c.post = of_post AND c.blind = index
                AND c.ended_at = s.started_at));
END $$;
REVOKE ALL ON FUNCTION ask_for_code, try_code, use_code, code_owner, knows_device, is_second_contact FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ask_for_code, try_code, use_code, code_owner, knows_device, is_second_contact TO cairn_app;

-- How a patient may be reached is for those to whom the declaration gives it; where, only for those who write to them.
CREATE FUNCTION stands_beside(whom uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM person WHERE id = whom AND kind = 'patient')
       AND whom IN (SELECT patients_for('read', 'contact-preferences'));
END $$;
CREATE FUNCTION contact_preferences(whom uuid)
RETURNS TABLE (kind text, may_text boolean, may_leave_voicemail boolean, shared boolean, verified boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 3 AS $$
BEGIN
    RETURN QUERY SELECT k.kind, k.may_text, k.may_leave_voicemail, k.shared, k.verified_at IS NOT NULL
    FROM contact k WHERE k.person_id = whom AND k.closed_at IS NULL AND stands_beside(whom)
    ORDER BY k.verified_at IS NULL, k.added_at, k.id;
END $$;
REVOKE ALL ON FUNCTION stands_beside, contact_preferences FROM PUBLIC;
GRANT EXECUTE ON FUNCTION stands_beside, contact_preferences TO cairn_app;

-- A link and a key, which travel apart. Of those for one person the latest alone is open; five wrong keys end it.
CREATE TABLE invitation (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES person,
    made_by uuid NOT NULL REFERENCES person,
    made_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > made_at),
    seed bytea NOT NULL CHECK (length(seed) = 32),
    link_sha256 bytea NOT NULL UNIQUE CHECK (length(link_sha256) = 32),
    post text CHECK (post IN ('email', 'sms')),
    blind bytea CHECK (length(blind) = 32),
    tries smallint NOT NULL DEFAULT 0 CHECK (tries BETWEEN 0 AND 5),
    ended_at timestamptz,
    used boolean NOT NULL DEFAULT false,
    CHECK (person_id <> made_by),
    CHECK ((post IS NULL) = (blind IS NULL)),
    CHECK (NOT used OR ended_at IS NOT NULL)
);
CREATE UNIQUE INDEX invitation_one_open ON invitation (person_id) WHERE ended_at IS NULL;
COMMENT ON COLUMN invitation.blind IS 'Where the link was sent and shown to nobody else: whoever has it reads that contact.';
ALTER TABLE invitation ENABLE ROW LEVEL SECURITY;
CREATE POLICY clock ON invitation FOR SELECT USING (on_the_clock());
GRANT SELECT ON invitation TO cairn_app;

-- A patient whom the declaration lets the caller invite.
CREATE FUNCTION may_invite(whom uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM person WHERE id = whom AND kind = 'patient')
       AND whom IN (SELECT patients_for('make', 'invitations'));
END $$;

-- False where the caller may not. With an address the link goes there in a letter.
CREATE FUNCTION invite(number uuid, whom uuid, random bytea, link bytea, by_post text, index bytea,
                       letter_number uuid, at timestamptz, until timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF may_invite(whom) IS NOT TRUE THEN RETURN false; END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('invite ' || whom, 0));
    UPDATE invitation SET ended_at = at WHERE person_id = whom AND ended_at IS NULL;
    INSERT INTO invitation (id, person_id, made_by, made_at, expires_at, seed, link_sha256, post, blind)
    VALUES (number, whom, me(), at, until, random, link, by_post, index);
    INSERT INTO letter (id, kind, subject_id, post, blind, person_id, next_at, not_after)
    SELECT letter_number, 'invitation', number, by_post, index, whom, at, until WHERE by_post IS NOT NULL;
    RETURN true;
END $$;

CREATE FUNCTION try_invitation(link bytea, at timestamptz) RETURNS TABLE (id uuid, seed bytea)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
    UPDATE invitation i SET tries = tries + 1
    WHERE i.link_sha256 = link AND i.ended_at IS NULL AND i.expires_at > at AND i.tries < 5 AND at_the_door()
    RETURNING i.id, i.seed
$$;

-- Whose it was, once, and where its link had been sent. `again`: somebody has come in as them before, so that one
-- member of staff alone cannot become a patient who is here already.
CREATE FUNCTION use_invitation(number uuid, at timestamptz)
RETURNS TABLE (person_id uuid, again boolean, post text, blind bytea)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
    UPDATE invitation i SET ended_at = at, used = true
    WHERE i.id = number AND i.ended_at IS NULL AND i.expires_at > at AND at_the_door()
    RETURNING i.person_id, EXISTS (SELECT FROM session s WHERE s.person_id = i.person_id), i.post, i.blind
$$;
-- The contact to which a link went, as long as it is theirs.
CREATE FUNCTION invited_contact(whose uuid, of_post text, index bytea) RETURNS uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN (SELECT k.id FROM contact k
            WHERE k.person_id = whose AND k.kind = of_post AND k.value_index = index AND k.closed_at IS NULL
              AND at_the_door());
END $$;
REVOKE ALL ON FUNCTION may_invite, invite, try_invitation, use_invitation, invited_contact FROM PUBLIC;
GRANT EXECUTE ON FUNCTION may_invite, invite, try_invitation, use_invitation, invited_contact TO cairn_app;

-- A one-time link without a key is for staff alone, by an operator, until they have a passkey. Those that were made for
-- patients and not used open nothing any more.
CREATE OR REPLACE FUNCTION make_sign_in_link(whom uuid, link_sha256 bytea, at timestamptz, until timestamptz)
RETURNS text
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH found AS (
        SELECT id, kind FROM person
        WHERE id = whom AND kind = 'staff' AND organisation_id = works_at('operator')
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
DELETE FROM sign_in_link l USING person p WHERE p.id = l.person_id AND p.kind = 'patient' AND l.used_at IS NULL;

-- Ten codes on paper. Of each only an HMAC is kept, under a key that the database never sees.
CREATE TABLE recovery_code (
    person_id uuid NOT NULL REFERENCES person,
    hmac bytea NOT NULL CHECK (length(hmac) = 32),
    made_at timestamptz NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (person_id, hmac)
);
ALTER TABLE recovery_code ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON recovery_code USING (person_id = me()) WITH CHECK (person_id = me());
GRANT SELECT, INSERT, DELETE, UPDATE (used_at) ON recovery_code TO cairn_app;

-- A device asks, another one of the same person answers, by the number that the first one shows.
CREATE TABLE approval (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES person,
    session_id uuid NOT NULL REFERENCES session,
    number text NOT NULL CHECK (number ~ '^[0-9]{2}$'),
    asked_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > asked_at),
    answered_at timestamptz,
    answered_in uuid REFERENCES session,
    approved boolean,
    CHECK (answered_in <> session_id),
    CHECK ((answered_at IS NULL) = (approved IS NULL)),
    CHECK (approved IS NOT TRUE OR answered_in IS NOT NULL)
);
CREATE UNIQUE INDEX approval_one_open ON approval (session_id) WHERE answered_at IS NULL;
CREATE INDEX ON approval (person_id) WHERE answered_at IS NULL;
ALTER TABLE approval ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON approval USING (person_id = me())
    WITH CHECK (person_id = me() AND EXISTS (SELECT FROM session s WHERE s.id = session_id AND s.person_id = me()));
GRANT SELECT, INSERT (id, person_id, session_id, number, asked_at, expires_at),
      UPDATE (answered_at, answered_in, approved) ON approval TO cairn_app;

-- Two members of the program's staff say that they know who holds the device that shows this number. The patient reads
-- the number to them; neither of the two is the other, neither is the patient, and the rows that say so come from
-- `vouch_for` alone.
CREATE TABLE vouch (
    id uuid PRIMARY KEY,
    patient_id uuid NOT NULL REFERENCES person,
    session_id uuid NOT NULL REFERENCES session,
    number text NOT NULL CHECK (number ~ '^[0-9]{8}$'),
    asked_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at BETWEEN asked_at AND asked_at + interval '10 minutes'),
    first_by uuid REFERENCES person,
    first_at timestamptz,
    first_how text CHECK (first_how IN ('in-person', 'video', 'known-voice')),
    second_by uuid REFERENCES person,
    second_at timestamptz,
    second_how text CHECK (second_how IN ('in-person', 'video', 'known-voice')),
    used_at timestamptz,
    CHECK (first_by <> second_by),
    CHECK (patient_id <> first_by),
    CHECK (patient_id <> second_by),
    CHECK ((first_by IS NULL) = (first_at IS NULL) AND (first_by IS NULL) = (first_how IS NULL)),
    CHECK ((second_by IS NULL) = (second_at IS NULL) AND (second_by IS NULL) = (second_how IS NULL)),
    CHECK (second_by IS NULL OR first_by IS NOT NULL),
    CHECK (used_at IS NULL OR second_by IS NOT NULL)
);
CREATE UNIQUE INDEX vouch_one_open ON vouch (session_id) WHERE used_at IS NULL;
CREATE INDEX ON vouch (number) WHERE used_at IS NULL;
ALTER TABLE vouch ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON vouch USING (patient_id = me())
    WITH CHECK (patient_id = me() AND EXISTS (SELECT FROM session s WHERE s.id = session_id AND s.person_id = me()));
GRANT SELECT, INSERT (id, patient_id, session_id, number, asked_at, expires_at), DELETE ON vouch TO cairn_app;

-- Whom the holder of this number says they are, to staff of the patient's own program.
CREATE FUNCTION vouch_asked(digits text, at timestamptz)
RETURNS TABLE (id uuid, patient_id uuid, name text, first_by uuid, expires_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
BEGIN
    RETURN QUERY SELECT v.id, v.patient_id, p.name, v.first_by, v.expires_at
    FROM vouch v JOIN person p ON p.id = v.patient_id
    WHERE v.number = digits AND v.expires_at > at AND v.second_by IS NULL
      AND v.patient_id IN (SELECT patients_for('find', 'newcomers'));
END $$;

-- 'first' or 'second', as which the caller has vouched; 'same' where they were the first already; 'strangers' where
-- neither of the two would be on the team or a coordinator. No row where nothing is asked of this caller.
CREATE FUNCTION vouch_for(digits text, by_which text, at timestamptz) RETURNS TABLE (patient_id uuid, said text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
DECLARE
    asked vouch%ROWTYPE;
BEGIN
    SELECT v.* INTO asked FROM vouch v
    WHERE v.id IN (SELECT a.id FROM vouch_asked(digits, at) a) FOR NO KEY UPDATE;
    IF NOT FOUND OR asked.second_by IS NOT NULL THEN RETURN; END IF;
    patient_id := asked.patient_id;
    IF asked.first_by IS NULL THEN
        UPDATE vouch v SET first_by = me(), first_at = at, first_how = by_which WHERE v.id = asked.id;
        said := 'first';
    ELSIF asked.first_by = me() THEN
        said := 'same';
    ELSIF NOT EXISTS (
        SELECT FROM person p JOIN person w ON w.organisation_id = p.organisation_id
        WHERE p.id = asked.patient_id AND w.id IN (asked.first_by, me())
          AND (EXISTS (SELECT FROM care_team_member t
                       WHERE t.patient_id = p.id AND t.staff_id = w.id AND t.left_at IS NULL)
               OR EXISTS (SELECT FROM staff_role r WHERE r.person_id = w.id AND r.role = 'coordinator')))
    THEN
        said := 'strangers';
    ELSE
        UPDATE vouch v SET second_by = me(), second_at = at, second_how = by_which WHERE v.id = asked.id;
        said := 'second';
    END IF;
    RETURN NEXT;
END $$;

-- Whether both have vouched for whoever holds this session, in time, once.
CREATE FUNCTION use_vouch(of_session uuid, at timestamptz) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH used AS (
        UPDATE vouch SET used_at = at
        WHERE session_id = of_session AND patient_id = me() AND second_by IS NOT NULL AND used_at IS NULL
          AND expires_at > at
        RETURNING 1
    )
    SELECT EXISTS (SELECT FROM used)
$$;
REVOKE ALL ON FUNCTION vouch_asked, vouch_for, use_vouch FROM PUBLIC;
GRANT EXECUTE ON FUNCTION vouch_asked, vouch_for, use_vouch TO cairn_app;
