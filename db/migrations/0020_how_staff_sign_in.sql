-- How staff sign in, and prove that it is still them: passkeys, an authenticator app, an OpenID provider; and what a
-- one-time link is worth once somebody has one of these. Patients may have passkeys as well.

-- A passkey is a key pair for each person and device, of which only the public half ever comes here. Its owner is a
-- random number to an authenticator, and nothing else is known by it.
CREATE TABLE passkey_owner (
    person_id uuid PRIMARY KEY REFERENCES person,
    handle bytea NOT NULL UNIQUE CHECK (length(handle) = 32)
);

CREATE TABLE passkey (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES passkey_owner,
    credential_id bytea NOT NULL UNIQUE CHECK (length(credential_id) BETWEEN 16 AND 1023),
    public_key bytea NOT NULL CHECK (length(public_key) BETWEEN 32 AND 2048),
    sign_count bigint NOT NULL CHECK (sign_count BETWEEN 0 AND 4294967295),
    synced boolean NOT NULL,
    aaguid uuid NOT NULL,
    transports text[] NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    added_at timestamptz NOT NULL,
    last_used_at timestamptz,
    suspended_at timestamptz,
    removed_at timestamptz
);
CREATE INDEX ON passkey (person_id) WHERE removed_at IS NULL;
COMMENT ON COLUMN passkey.synced IS 'The authenticator may copy it to other devices of the person; such a one counts nothing.';
COMMENT ON COLUMN passkey.suspended_at IS 'Its counter went back: it may have been copied by somebody else.';

-- What an authenticator has to sign: once, soon, for one purpose, and in the session that asked. A row is taken away by
-- whoever answers it, right or wrong.
CREATE TABLE passkey_challenge (
    id uuid PRIMARY KEY,
    purpose text NOT NULL CHECK (purpose IN ('sign-in', 'register', 'prove')),
    challenge bytea NOT NULL CHECK (length(challenge) = 32),
    person_id uuid REFERENCES person,
    session_id uuid REFERENCES session,
    expires_at timestamptz NOT NULL,
    CHECK ((purpose = 'sign-in') = (session_id IS NULL)),
    CHECK ((person_id IS NULL) = (session_id IS NULL))
);
CREATE INDEX ON passkey_challenge (expires_at);

-- What became of somebody's ways to sign in. Written with what happened, and never changed.
CREATE TABLE account_event (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES person,
    at timestamptz NOT NULL,
    kind text NOT NULL CHECK (kind ~ '^[a-z-]{2,40}$'),
    by_person uuid REFERENCES person,
    subject_id uuid
);
CREATE INDEX ON account_event (person_id, at);
COMMENT ON COLUMN account_event.by_person IS 'Null where nobody had signed in yet.';

GRANT SELECT, INSERT ON passkey_owner TO cairn_app;
GRANT SELECT, INSERT, UPDATE (name, sign_count, last_used_at, suspended_at, removed_at) ON passkey TO cairn_app;
GRANT SELECT, INSERT, DELETE ON passkey_challenge TO cairn_app;
GRANT SELECT, INSERT ON account_event TO cairn_app;

ALTER TABLE passkey_owner ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON passkey_owner USING (person_id = me()) WITH CHECK (person_id = me());
ALTER TABLE passkey ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON passkey USING (person_id = me()) WITH CHECK (person_id = me());
ALTER TABLE account_event ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON account_event USING (person_id = me()) WITH CHECK (person_id = me() AND by_person = me());

-- At the door a challenge is nobody's: whoever holds its number may answer it.
ALTER TABLE passkey_challenge ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON passkey_challenge USING (person_id = me()) WITH CHECK (person_id = me());
CREATE POLICY door_asks ON passkey_challenge FOR INSERT WITH CHECK (at_the_door() AND purpose = 'sign-in');
CREATE POLICY clock_looks ON passkey_challenge FOR SELECT USING (on_the_clock());
CREATE POLICY clock_forgets ON passkey_challenge FOR DELETE USING (on_the_clock());

-- The challenge of the door by that number; it is gone. Null where it is too old, or another purpose's.
CREATE FUNCTION take_door_challenge(number uuid, at timestamptz) RETURNS bytea
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH taken AS (
        DELETE FROM passkey_challenge WHERE id = number AND purpose = 'sign-in' AND at_the_door()
        RETURNING challenge, expires_at
    )
    SELECT challenge FROM taken WHERE expires_at > at
$$;

-- The passkey by what an authenticator calls it, before its owner is known.
CREATE FUNCTION passkey_at_the_door(credential bytea)
RETURNS TABLE (id uuid, person_id uuid, handle bytea, public_key bytea, sign_count bigint, synced boolean,
               suspended_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
    SELECT k.id, k.person_id, o.handle, k.public_key, k.sign_count, k.synced, k.suspended_at
    FROM passkey k JOIN passkey_owner o ON o.person_id = k.person_id
    WHERE k.credential_id = credential AND k.removed_at IS NULL AND at_the_door()
$$;

-- True where it was used: by its owner, or at the door by whoever has just shown that they hold it. Its counter goes
-- forward or, where it does not count, stays at nothing; of two uses at once with the same count one is refused.
CREATE FUNCTION use_passkey(number uuid, counted bigint, at timestamptz) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH used AS (
        UPDATE passkey SET sign_count = counted, last_used_at = at
        WHERE id = number AND removed_at IS NULL AND suspended_at IS NULL AND (at_the_door() OR person_id = me())
          AND (counted > sign_count OR counted = 0 AND sign_count = 0)
        RETURNING 1
    )
    SELECT EXISTS (SELECT FROM used)
$$;

-- A passkey whose counter went back opens nothing any more, and its owner can read why.
CREATE FUNCTION suspend_passkey(number uuid, event uuid, at timestamptz) RETURNS uuid
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH suspended AS (
        UPDATE passkey SET suspended_at = at
        WHERE id = number AND removed_at IS NULL AND suspended_at IS NULL AND (at_the_door() OR person_id = me())
        RETURNING id, person_id
    ), told AS (
        INSERT INTO account_event (id, person_id, at, kind, by_person, subject_id)
        SELECT event, person_id, at, 'passkey-suspended', me(), id FROM suspended
    )
    SELECT person_id FROM suspended
$$;

-- Whoever's account it is hears of what becomes of it.
ALTER TABLE notification DROP CONSTRAINT notification_kind_check;
ALTER TABLE notification ADD CONSTRAINT notification_kind_check
    CHECK (kind IN ('alert', 'appointment', 'medication', 'account'));

-- A secret that somebody's authenticator app shares with us, sealed under their own key. Codes are taken in the order of
-- their half minutes: the step of the last one is kept, so that none is taken twice.
CREATE TABLE totp (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES person,
    sealed bytea NOT NULL,
    begun_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    last_step bigint NOT NULL DEFAULT 0,
    last_used_at timestamptz,
    removed_at timestamptz
);
CREATE UNIQUE INDEX totp_one_confirmed ON totp (person_id) WHERE confirmed_at IS NOT NULL AND removed_at IS NULL;
CREATE UNIQUE INDEX totp_one_begun ON totp (person_id) WHERE confirmed_at IS NULL AND removed_at IS NULL;
GRANT SELECT, INSERT, UPDATE (confirmed_at, last_step, last_used_at, removed_at) ON totp TO cairn_app;
ALTER TABLE totp ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON totp USING (person_id = me()) WITH CHECK (person_id = me());

-- Whom an OpenID provider's subject is here. Made in a session of the person's own, by the person.
CREATE TABLE provider_link (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES person,
    issuer text NOT NULL CHECK (length(issuer) BETWEEN 1 AND 4096),
    subject text NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
    linked_at timestamptz NOT NULL,
    last_used_at timestamptz,
    removed_at timestamptz
);
CREATE UNIQUE INDEX provider_link_once ON provider_link (issuer, subject) WHERE removed_at IS NULL;
CREATE UNIQUE INDEX provider_link_one ON provider_link (person_id, issuer) WHERE removed_at IS NULL;
GRANT SELECT, INSERT, UPDATE (last_used_at, removed_at) ON provider_link TO cairn_app;
ALTER TABLE provider_link ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON provider_link USING (person_id = me()) WITH CHECK (person_id = me());

-- Somebody has left for the provider and is to come back, in the same browser: of what only the browser knows, and of
-- the state, the hashes.
CREATE TABLE provider_attempt (
    id uuid PRIMARY KEY,
    purpose text NOT NULL CHECK (purpose IN ('sign-in', 'link', 'prove')),
    state_sha256 bytea NOT NULL CHECK (length(state_sha256) = 32),
    browser_sha256 bytea NOT NULL UNIQUE CHECK (length(browser_sha256) = 32),
    nonce text NOT NULL,
    verifier text NOT NULL,
    person_id uuid REFERENCES person,
    session_id uuid REFERENCES session,
    begun_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CHECK ((purpose = 'sign-in') = (session_id IS NULL)),
    CHECK ((person_id IS NULL) = (session_id IS NULL))
);
CREATE INDEX ON provider_attempt (expires_at);
GRANT SELECT, INSERT, DELETE ON provider_attempt TO cairn_app;
ALTER TABLE provider_attempt ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON provider_attempt USING (person_id = me()) WITH CHECK (person_id = me());
CREATE POLICY door_asks ON provider_attempt FOR INSERT WITH CHECK (at_the_door() AND purpose = 'sign-in');
CREATE POLICY clock_looks ON provider_attempt FOR SELECT USING (on_the_clock());
CREATE POLICY clock_forgets ON provider_attempt FOR DELETE USING (on_the_clock());

-- Which of the provider's sessions one of ours began in, so that it ends with that.
CREATE TABLE provider_session (
    session_id uuid PRIMARY KEY REFERENCES session,
    link_id uuid NOT NULL REFERENCES provider_link,
    sid text CHECK (length(sid) BETWEEN 1 AND 255)
);
CREATE INDEX ON provider_session (link_id);
ALTER TABLE provider_session ENABLE ROW LEVEL SECURITY;

-- Somebody's one confirmed app, at the door: beside a link that was made for them.
CREATE FUNCTION totp_at_the_door(whose uuid) RETURNS TABLE (id uuid, sealed bytea, last_step bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
    SELECT t.id, t.sealed, t.last_step FROM totp t
    WHERE t.person_id = whose AND t.confirmed_at IS NOT NULL AND t.removed_at IS NULL AND at_the_door()
$$;

-- True for one code of each half minute, and never for an earlier one.
CREATE FUNCTION use_totp(number uuid, step bigint, at timestamptz) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH used AS (
        UPDATE totp SET last_step = step, last_used_at = at
        WHERE id = number AND last_step < step AND removed_at IS NULL AND (at_the_door() OR person_id = me())
        RETURNING 1
    )
    SELECT EXISTS (SELECT FROM used)
$$;

CREATE FUNCTION take_door_attempt(browser bytea, at timestamptz)
RETURNS TABLE (id uuid, state_sha256 bytea, nonce text, verifier text, begun_at timestamptz)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
    WITH taken AS (
        DELETE FROM provider_attempt a WHERE a.browser_sha256 = browser AND a.purpose = 'sign-in' AND at_the_door()
        RETURNING a.id, a.state_sha256, a.nonce, a.verifier, a.begun_at, a.expires_at
    )
    SELECT t.id, t.state_sha256, t.nonce, t.verifier, t.begun_at FROM taken t WHERE t.expires_at > at
$$;

-- Whose subject it is; the link was used just now.
CREATE FUNCTION use_provider_link(of_issuer text, of_subject text, at timestamptz)
RETURNS TABLE (id uuid, person_id uuid)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
    UPDATE provider_link l SET last_used_at = at
    WHERE l.issuer = of_issuer AND l.subject = of_subject AND l.removed_at IS NULL AND at_the_door()
    RETURNING l.id, l.person_id
$$;

-- The session that has just begun at the door, by its first token, and the one of the provider's in which it did.
CREATE FUNCTION begun_at_provider(link uuid, provider_sid text, access bytea) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH noted AS (
        INSERT INTO provider_session (session_id, link_id, sid)
        SELECT s.id, l.id, provider_sid
        FROM access_token t JOIN session s ON s.id = t.session_id
        JOIN provider_link l ON l.id = link AND l.person_id = s.person_id
        WHERE t.sha256 = access AND at_the_door()
        ON CONFLICT DO NOTHING RETURNING 1
    )
    SELECT EXISTS (SELECT FROM noted)
$$;

-- What the provider has ended ends here: one of its sessions, or all of a subject. Whose those were.
CREATE FUNCTION end_provider_sessions(of_issuer text, of_subject text, provider_sid text, at timestamptz)
RETURNS SETOF uuid
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp ROWS 5 AS $$
    UPDATE session s SET ended_at = at, ended_because = 'elsewhere'
    FROM provider_session o JOIN provider_link l ON l.id = o.link_id
    WHERE s.id = o.session_id AND s.ended_at IS NULL AND l.issuer = of_issuer AND at_the_door()
      AND (of_subject IS NOT NULL OR provider_sid IS NOT NULL)
      AND (of_subject IS NULL OR l.subject = of_subject) AND (provider_sid IS NULL OR o.sid = provider_sid)
    RETURNING s.person_id
$$;

-- Whether somebody has something to show that it is them, which nobody else can give them.
CREATE FUNCTION factor_of(whose uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM passkey k
                   WHERE k.person_id = whose AND k.removed_at IS NULL AND k.suspended_at IS NULL)
        OR EXISTS (SELECT FROM totp t
                   WHERE t.person_id = whose AND t.removed_at IS NULL AND t.confirmed_at IS NOT NULL)
        OR EXISTS (SELECT FROM provider_link l WHERE l.person_id = whose AND l.removed_at IS NULL)
$$;

-- A one-time link is whoever it was made for only until they have a factor of their own: from then on whoever makes one,
-- or steals it, would be them. It then opens by a code of their app beside it; by a colleague who has seen who holds it,
-- and who did not make it; or after a day in which every phone and page of theirs has said so and they did not object.
ALTER TABLE sign_in_link
    ADD opens_at timestamptz,
    ADD vouched_by uuid REFERENCES person,
    ADD vouched_at timestamptz,
    ADD refused_at timestamptz,
    ADD CHECK ((vouched_by IS NULL) = (vouched_at IS NULL)),
    ADD CHECK (vouched_by <> made_by AND vouched_by <> person_id);
COMMENT ON COLUMN sign_in_link.opens_at IS 'For somebody with a factor of their own; null where it opens at once, or not without help.';

CREATE FUNCTION a_link_waits() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    NEW.opens_at := CASE WHEN factor_of(NEW.person_id) THEN NEW.made_at + interval '24 hours' END;
    NEW.vouched_by := NULL;
    NEW.vouched_at := NULL;
    NEW.refused_at := NULL;
    RETURN NEW;
END $$;
CREATE TRIGGER a_link_waits BEFORE INSERT OR UPDATE OF sha256 ON sign_in_link
FOR EACH ROW EXECUTE FUNCTION a_link_waits();

CREATE FUNCTION a_link_is_told() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO account_event (id, person_id, at, kind, by_person)
    VALUES (gen_random_uuid(), NEW.person_id, NEW.made_at,
            CASE WHEN NEW.opens_at IS NULL THEN 'link-made' ELSE 'recovery-begun' END, me());
    RETURN NULL;
END $$;
CREATE TRIGGER a_link_is_told AFTER INSERT OR UPDATE OF sha256 ON sign_in_link
FOR EACH ROW EXECUTE FUNCTION a_link_is_told();

-- What whoever holds a link reads to a colleague: made from the link itself, so that nobody vouches for another one.
CREATE FUNCTION link_code(link bytea) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT lpad((('x' || encode(substr(sha256(link || 'vouch'::bytea), 1, 7), 'hex'))::bit(56)::bigint
                 % 100000000)::text, 8, '0')
$$;

-- What became of a link, for whoever holds it. No row for one that was used, refused, is too old, or never was.
CREATE FUNCTION look_at_link(link bytea, at timestamptz)
RETURNS TABLE (person_id uuid, waits boolean, opens_at timestamptz, code text, expires_at timestamptz, totp boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
    SELECT l.person_id, factor_of(l.person_id) AND l.vouched_at IS NULL AND (l.opens_at <= at) IS NOT TRUE,
           l.opens_at, link_code(l.sha256), l.expires_at,
           EXISTS (SELECT FROM totp t WHERE t.person_id = l.person_id AND t.removed_at IS NULL
                                        AND t.confirmed_at IS NOT NULL)
    FROM sign_in_link l
    WHERE l.sha256 = link AND l.used_at IS NULL AND l.refused_at IS NULL AND l.expires_at > at AND at_the_door()
$$;

-- Whose link it was, once; null where it does not open, or not without a code that was not shown.
DROP FUNCTION use_sign_in_link;
CREATE FUNCTION use_sign_in_link(link bytea, at timestamptz, code_shown boolean)
RETURNS TABLE (person_id uuid, recovers boolean, vouched boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
BEGIN
    IF NOT at_the_door() THEN RETURN; END IF;
    UPDATE sign_in_link l SET used_at = at
    WHERE l.sha256 = link AND l.used_at IS NULL AND l.refused_at IS NULL AND l.expires_at > at
      AND (code_shown OR l.vouched_at IS NOT NULL OR l.opens_at <= at OR NOT factor_of(l.person_id))
    RETURNING l.person_id, factor_of(l.person_id) AND NOT code_shown, l.vouched_at IS NOT NULL
    INTO person_id, recovers, vouched;
    IF NOT FOUND THEN RETURN; END IF;
    IF recovers THEN
        INSERT INTO account_event (id, person_id, at, kind)
        VALUES (gen_random_uuid(), use_sign_in_link.person_id, at, 'recovered');
    END IF;
    RETURN NEXT;
END $$;

-- The recovery that shows this code, to a colleague who may vouch for it: in a role that knows the staff, with a factor of
-- their own, and not whoever made the link.
CREATE FUNCTION recovery_with(digits text, at timestamptz)
RETURNS TABLE (person_id uuid, name text, made_at timestamptz, expires_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
    SELECT p.id, p.name, l.made_at, l.expires_at FROM sign_in_link l JOIN person p ON p.id = l.person_id
    WHERE link_code(l.sha256) = digits AND l.used_at IS NULL AND l.refused_at IS NULL AND l.vouched_at IS NULL
      AND l.expires_at > at AND l.opens_at IS NOT NULL AND l.made_by <> me() AND p.id <> me() AND factor_of(me())
      AND p.organisation_id
          = works_at('operator', 'supervisor', 'program-lead', 'coordinator', 'counselor', 'prescriber')
$$;

CREATE FUNCTION vouch_for_link(whom uuid, digits text, at timestamptz) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH vouched AS (
        UPDATE sign_in_link l SET vouched_by = me(), vouched_at = at
        WHERE l.person_id = whom AND l.used_at IS NULL AND link_code(l.sha256) = digits
          AND whom IN (SELECT r.person_id FROM recovery_with(digits, at) r)
        RETURNING l.person_id
    ), told AS (
        INSERT INTO account_event (id, person_id, at, kind, by_person)
        SELECT gen_random_uuid(), person_id, at, 'recovery-vouched', me() FROM vouched
    )
    SELECT EXISTS (SELECT FROM vouched)
$$;

-- A way in that somebody made for the caller and that waits.
CREATE FUNCTION own_recovery(at timestamptz) RETURNS TABLE (begun_at timestamptz, opens_at timestamptz, by_name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
    SELECT l.made_at, l.opens_at, m.name FROM sign_in_link l JOIN person m ON m.id = l.made_by
    WHERE l.person_id = me() AND l.used_at IS NULL AND l.refused_at IS NULL AND l.expires_at > at
      AND l.opens_at IS NOT NULL
$$;

-- It was not the caller who wanted it: it opens nothing any more.
CREATE FUNCTION refuse_recovery(at timestamptz) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH refused AS (
        UPDATE sign_in_link l SET refused_at = at
        WHERE l.person_id = me() AND l.used_at IS NULL AND l.refused_at IS NULL AND l.opens_at IS NOT NULL
        RETURNING l.person_id
    ), told AS (
        INSERT INTO account_event (id, person_id, at, kind, by_person)
        SELECT gen_random_uuid(), person_id, at, 'recovery-refused', me() FROM refused
    )
    SELECT EXISTS (SELECT FROM refused)
$$;

-- For the caller alone.
CREATE FUNCTION holds_factor() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT factor_of(me())
$$;

REVOKE ALL ON FUNCTION factor_of, a_link_waits, a_link_is_told, link_code FROM PUBLIC;
REVOKE ALL ON FUNCTION take_door_challenge, passkey_at_the_door, use_passkey, suspend_passkey, totp_at_the_door, use_totp, take_door_attempt,
    use_provider_link, begun_at_provider, end_provider_sessions, look_at_link, use_sign_in_link, recovery_with,
    vouch_for_link, own_recovery, refuse_recovery, holds_factor FROM PUBLIC;
GRANT EXECUTE ON FUNCTION take_door_challenge, passkey_at_the_door, use_passkey, suspend_passkey, totp_at_the_door, use_totp, take_door_attempt,
    use_provider_link, begun_at_provider, end_provider_sessions, look_at_link, use_sign_in_link, recovery_with,
    vouch_for_link, own_recovery, refuse_recovery, holds_factor TO cairn_app;
