-- A session is one device that somebody has signed in on. Its access token opens doors for ten minutes; its refresh
-- token brings the next pair, once. Of both only the SHA-256 is kept, and the app's role reads and writes neither.

ALTER TABLE session
    ADD assurance text NOT NULL DEFAULT 'full' CHECK (assurance IN ('limited', 'full')),
    ADD signed_in_by text NOT NULL DEFAULT 'link' CHECK (signed_in_by ~ '^[a-z-]{2,40}$'),
    ADD proved_at timestamptz,
    ADD proved_by text CHECK (proved_by ~ '^[a-z-]{2,40}$'),
    ADD device_key bytea CHECK (length(device_key) = 91),
    ADD device_name text CHECK (length(device_name) BETWEEN 1 AND 200),
    ADD signed_at timestamptz,
    ADD refreshed_at timestamptz,
    ADD expires_at timestamptz,
    ADD ended_because text CHECK (ended_because ~ '^[a-z-]{2,40}$'),
    ADD CHECK ((proved_at IS NULL) = (proved_by IS NULL));
UPDATE session SET
    refreshed_at = started_at,
    expires_at = coalesce((SELECT max(t.expires_at) FROM access_token t WHERE t.session_id = session.id), started_at),
    ended_because = CASE WHEN ended_at IS NOT NULL THEN 'signed-out' END;
ALTER TABLE session
    ALTER assurance DROP DEFAULT,
    ALTER signed_in_by DROP DEFAULT,
    ALTER refreshed_at SET NOT NULL,
    ALTER expires_at SET NOT NULL,
    ADD CHECK ((ended_at IS NULL) = (ended_because IS NULL));
COMMENT ON COLUMN session.signed_in_by IS 'The factor with which it began.';
COMMENT ON COLUMN session.proved_at IS 'When a factor was shown here last; a step-up asks for a recent one.';
COMMENT ON COLUMN session.device_key IS 'P-256, SPKI in DER: with it, a refresh has to be signed.';
COMMENT ON COLUMN session.signed_at IS 'The time in the latest signature that was taken: the next one has to be later.';
COMMENT ON COLUMN session.expires_at IS 'When it ends by itself, unless it is refreshed before.';

-- The tokens of a session, its family. `sha256` is of the part that all refresh tokens of the session share: whoever
-- shows one of them that is neither `leaf` nor the `parent` of an unused leaf shows an old one, whichever it was, so
-- that no row has to be kept for each. There is one leaf, because there is one row.
CREATE TABLE token_family (
    sha256 bytea PRIMARY KEY CHECK (length(sha256) = 32),
    session_id uuid NOT NULL UNIQUE REFERENCES session,
    leaf bytea NOT NULL CHECK (length(leaf) = 32),
    parent bytea CHECK (length(parent) = 32),
    used_at timestamptz
);
COMMENT ON COLUMN token_family.used_at IS 'When an access token that came with the leaf first opened something.';
ALTER TABLE token_family ENABLE ROW LEVEL SECURITY;

ALTER TABLE access_token
    ADD came_with bytea CHECK (length(came_with) = 32),
    ADD used_at timestamptz;
COMMENT ON COLUMN access_token.came_with IS 'The refresh token that was handed out with it.';

-- How long a session lives: `idle` without being refreshed, `absolute` from sign-in on. Dated, and an organisation may
-- have rows of its own: its latest row holds, else the latest of those without one. Where somebody has several roles,
-- the shortest time of them all. The defaults, and where they come from, are told in app/sessions/__init__.py.
CREATE TABLE session_lifetime (
    organisation_id uuid REFERENCES organisation,
    role text NOT NULL,
    with_key boolean NOT NULL,
    since timestamptz NOT NULL,
    idle interval NOT NULL,
    absolute interval NOT NULL,
    UNIQUE NULLS NOT DISTINCT (organisation_id, role, with_key, since),
    -- An access token lives for ten minutes: who is refreshed less often than that would be sent away at work.
    CHECK (idle >= '15 minutes' AND absolute >= idle)
);
INSERT INTO session_lifetime (role, with_key, since, idle, absolute)
SELECT role, with_key, '2026-01-01T00:00Z', idle::interval, absolute::interval FROM (VALUES
    ('patient', true, '30 days', '180 days'),
    ('patient', false, '12 hours', '24 hours'),
    ('peer', true, '24 hours', '7 days'),
    ('peer', false, '30 minutes', '12 hours'),
    ('peer-lead', true, '24 hours', '7 days'),
    ('peer-lead', false, '30 minutes', '12 hours'),
    ('counselor', true, '30 minutes', '12 hours'),
    ('counselor', false, '15 minutes', '12 hours'),
    ('prescriber', true, '30 minutes', '12 hours'),
    ('prescriber', false, '15 minutes', '12 hours'),
    ('primary-care', true, '30 minutes', '12 hours'),
    ('primary-care', false, '15 minutes', '12 hours'),
    ('coordinator', true, '30 minutes', '12 hours'),
    ('coordinator', false, '15 minutes', '12 hours'),
    ('supervisor', true, '30 minutes', '12 hours'),
    ('supervisor', false, '15 minutes', '12 hours'),
    ('program-lead', true, '30 minutes', '12 hours'),
    ('program-lead', false, '15 minutes', '12 hours'),
    ('operator', true, '15 minutes', '8 hours'),
    ('operator', false, '15 minutes', '8 hours')
) AS v (role, with_key, idle, absolute);
GRANT SELECT ON session_lifetime TO cairn_app;

-- Somebody who holds no role, or one that no row speaks of, has the shortest time.
CREATE FUNCTION lifetime_of(whose uuid, has_key boolean, at timestamptz, OUT idle interval, OUT absolute interval)
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT coalesce(min(l.idle), '15 minutes'), coalesce(min(l.absolute), '8 hours')
    FROM person p
    CROSS JOIN LATERAL unnest(CASE p.kind WHEN 'patient' THEN ARRAY['patient']
        ELSE ARRAY(SELECT r.role FROM staff_role r WHERE r.person_id = p.id) END) AS held (role)
    CROSS JOIN LATERAL (
        SELECT s.idle, s.absolute FROM session_lifetime s
        WHERE s.role = held.role AND s.with_key = has_key AND s.since <= at
          AND coalesce(s.organisation_id, p.organisation_id) = p.organisation_id
        ORDER BY s.organisation_id NULLS LAST, s.since DESC LIMIT 1
    ) AS l
    WHERE p.id = whose
$$;
REVOKE ALL ON FUNCTION lifetime_of FROM PUBLIC;

-- At the door: a session with its first tokens. The factor of the sign-in counts as shown just now.
CREATE FUNCTION open_session(number uuid, whose uuid, at timestamptz, factor text, assured text, key bytea, called text,
                             family bytea, token bytea, access bytea, access_lasts interval)
RETURNS TABLE (access_until timestamptz, refresh_until timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
DECLARE
    life record;
BEGIN
    IF NOT at_the_door() THEN RETURN; END IF;
    life := lifetime_of(whose, key IS NOT NULL AND assured = 'full', at);
    refresh_until := at + least(life.idle, life.absolute);
    access_until := at + access_lasts;
    INSERT INTO session (id, person_id, started_at, assurance, signed_in_by, proved_at, proved_by, device_key,
                         device_name, refreshed_at, expires_at)
    VALUES (number, whose, at, assured, factor, at, factor, key, called, at, refresh_until);
    INSERT INTO token_family (sha256, session_id, leaf) VALUES (family, number, token);
    INSERT INTO access_token (sha256, session_id, expires_at, came_with) VALUES (access, number, access_until, token);
    RETURN NEXT;
END $$;

-- The one way from a token to a person: one row while the session lives, none otherwise. It writes only when a token
-- is used for the first time, which is what makes the refresh token that came with it a used one; that waits for a
-- refresh of the same session that is under way, and finds its token gone where that has replaced it.
DROP FUNCTION signed_in;
CREATE FUNCTION signed_in(token_sha256 bytea, at timestamptz)
RETURNS TABLE (id uuid, organisation_id uuid, session_id uuid, language text, roles text[], assurance text,
               proved_at timestamptz, proved_by text, device boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
DECLARE
    is_new boolean;
BEGIN
    SELECT p.id, p.organisation_id, s.id, p.language,
           CASE p.kind WHEN 'patient' THEN ARRAY['patient']
                       ELSE ARRAY(SELECT r.role FROM staff_role r WHERE r.person_id = p.id ORDER BY r.role) END,
           s.assurance, s.proved_at, s.proved_by, s.device_key IS NOT NULL, t.used_at IS NULL
    INTO id, organisation_id, session_id, language, roles, assurance, proved_at, proved_by, device, is_new
    FROM access_token t
    JOIN session s ON s.id = t.session_id
    JOIN person p ON p.id = s.person_id
    WHERE t.sha256 = token_sha256 AND t.expires_at > at AND s.ended_at IS NULL;
    IF NOT FOUND THEN RETURN; END IF;
    IF is_new THEN
        PERFORM FROM session s WHERE s.id = session_id AND s.ended_at IS NULL FOR NO KEY UPDATE;
        IF NOT FOUND THEN RETURN; END IF;
        UPDATE access_token t SET used_at = at WHERE t.sha256 = token_sha256;
        IF NOT FOUND THEN RETURN; END IF;
        UPDATE token_family f SET used_at = at FROM access_token t
        WHERE t.sha256 = token_sha256 AND f.session_id = t.session_id AND f.leaf = t.came_with AND f.used_at IS NULL;
    END IF;
    RETURN NEXT;
END $$;

-- A fresh factor in a session of one's own, or at the door; null leaves the assurance as it is. False where there is
-- no such session any more.
CREATE FUNCTION prove_session(number uuid, at timestamptz, factor text, assured text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE session SET proved_at = at, proved_by = factor, assurance = coalesce(assured, assurance)
    WHERE id = number AND ended_at IS NULL AND (person_id = me() OR at_the_door());
    RETURN FOUND;
END $$;

-- End what somebody has open, but for one session: their own, or of those whom the caller answers for: an operator for
-- everybody of the organisation, a coordinator for its patients. Which ones those were.
CREATE FUNCTION end_sessions(whose uuid, at timestamptz, because text, spared uuid) RETURNS SETOF uuid
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp ROWS 5 AS $$
    UPDATE session SET ended_at = at, ended_because = because
    WHERE person_id = whose AND ended_at IS NULL AND id IS DISTINCT FROM spared
      AND (whose = me() OR at_the_door() OR EXISTS (
          SELECT FROM person p
          WHERE p.id = whose AND (p.organisation_id = works_at('operator')
                                  OR p.kind = 'patient' AND p.organisation_id = works_at('coordinator'))))
    RETURNING id
$$;

-- Whether a stream that was opened in this session with these rights may go on.
CREATE FUNCTION session_holds(number uuid, held text[], at timestamptz) RETURNS boolean
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM session s JOIN person p ON p.id = s.person_id
        WHERE s.id = number AND s.ended_at IS NULL AND s.expires_at > at
          AND held = CASE p.kind WHEN 'patient' THEN ARRAY['patient']
              ELSE ARRAY(SELECT r.role FROM staff_role r WHERE r.person_id = p.id ORDER BY r.role) END)
$$;

-- Where a phone was registered, so that what ends the session ends its pushes, whoever ends it and however. Time that
-- runs out ends no pushes: whoever is on duty stays within reach, a push says nothing, and what it is about is told to
-- those who have signed in.
ALTER TABLE address ADD session_id uuid REFERENCES session;
CREATE INDEX ON address (session_id) WHERE closed_at IS NULL;
CREATE FUNCTION pushes_end_with_their_session() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE address SET closed_at = NEW.ended_at, closed_because = 'signed-out'
    WHERE session_id = NEW.id AND closed_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER pushes_end_with_their_session AFTER UPDATE OF ended_at ON session
FOR EACH ROW WHEN (NEW.ended_at IS NOT NULL AND OLD.ended_at IS NULL) EXECUTE FUNCTION pushes_end_with_their_session();

-- Sessions are opened, refreshed and proved by these functions only; by a plain statement one's own can be ended.
DROP POLICY door_opens ON session;
DROP POLICY door_opens ON access_token;
REVOKE INSERT ON session, access_token FROM cairn_app;
GRANT UPDATE (ended_because) ON session TO cairn_app;

REVOKE ALL ON FUNCTION open_session, signed_in, prove_session, end_sessions, session_holds,
    pushes_end_with_their_session FROM PUBLIC;
GRANT EXECUTE ON FUNCTION open_session, signed_in, prove_session, end_sessions, session_holds TO cairn_app;
