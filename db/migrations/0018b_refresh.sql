-- The refresh of a session, decided in one place and one at a time: whoever refreshes, uses a token for the first time
-- or ends the session waits for the session's row.

-- The key with which a refresh has to be signed; null where there is none, or no such session.
CREATE FUNCTION device_key_of(family bytea) RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT s.device_key FROM token_family f JOIN session s ON s.id = f.session_id
    WHERE f.sha256 = family AND at_the_door()
$$;

-- What a refresh token is worth. `signed` is the time in a proof that was checked; null where none was good.
--
--   the leaf                          it is spent, and its child is the leaf: refreshed
--   the parent of an unused leaf      the reply that brought the leaf was lost. It is replaced by another child, and
--                                     what came with it opens nothing any more: refreshed
--   any other token of the family     somebody has kept what was spent, or took it: the session ends: reuse
--
-- A leaf is used as soon as it was refreshed itself, or an access token that came with it has opened anything. So an
-- honest client that loses replies goes on with what it has, and of a thief and the owner at most one goes on, until
-- the other one comes.
--
-- A device key is asked for before all this: without it a token that was taken ends nothing (unproved), and a request
-- that was replayed or held up on its way ends nothing either (stale).
CREATE FUNCTION refresh_session(family bytea, token bytea, next_token bytea, next_access bytea, signed timestamptz,
                                at timestamptz, access_lasts interval)
RETURNS TABLE (outcome text, session_id uuid, person_id uuid, assurance text, access_until timestamptz,
               refresh_until timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
DECLARE
    it session;
    kept token_family;
    life record;
BEGIN
    IF NOT at_the_door() THEN RETURN; END IF;
    SELECT s.* INTO it FROM session s
    WHERE s.id = (SELECT f.session_id FROM token_family f WHERE f.sha256 = family) FOR NO KEY UPDATE;
    SELECT f.* INTO kept FROM token_family f WHERE f.session_id = it.id;
    session_id := it.id;
    person_id := it.person_id;
    assurance := it.assurance;
    outcome := CASE
        WHEN it.id IS NULL THEN 'unknown'
        WHEN it.ended_at IS NOT NULL THEN 'ended'
        WHEN it.expires_at <= at THEN 'expired'
        WHEN it.device_key IS NOT NULL AND signed IS NULL THEN 'unproved'
        WHEN it.device_key IS NOT NULL AND signed <= it.signed_at THEN 'stale'
        WHEN token = kept.leaf THEN 'refreshed'
        WHEN token = kept.parent AND kept.used_at IS NULL THEN 'refreshed'
        ELSE 'reuse' END;
    IF outcome = 'reuse' THEN
        UPDATE session s SET ended_at = at, ended_because = 'reuse' WHERE s.id = it.id;
        PERFORM audit('end', 'own-account', ARRAY[p.id], it.id)
        FROM person p WHERE p.id = it.person_id AND p.kind = 'patient';
    ELSIF outcome = 'refreshed' THEN
        life := lifetime_of(it.person_id, it.device_key IS NOT NULL AND it.assurance = 'full', at);
        refresh_until := least(at + life.idle, it.started_at + life.absolute);
        access_until := least(at + access_lasts, refresh_until);
        IF refresh_until <= at THEN
            outcome := 'expired';
        ELSE
            DELETE FROM access_token t
            WHERE t.session_id = it.id AND (t.expires_at <= at OR token <> kept.leaf AND t.came_with = kept.leaf);
            UPDATE token_family f SET leaf = next_token, parent = token, used_at = NULL WHERE f.session_id = it.id;
            INSERT INTO access_token (sha256, session_id, expires_at, came_with)
            VALUES (next_access, it.id, access_until, next_token);
            UPDATE session s SET refreshed_at = at, expires_at = refresh_until, signed_at = coalesce(signed, s.signed_at)
            WHERE s.id = it.id;
        END IF;
    END IF;
    RETURN NEXT;
END $$;

-- Tokens that nobody will ask for any more. What ended by itself is expired, whatever its tokens are.
CREATE FUNCTION forget_tokens(before timestamptz) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH over AS (
        SELECT id FROM session WHERE on_the_clock() AND least(ended_at, expires_at) < before
    ), families AS (
        DELETE FROM token_family WHERE session_id IN (SELECT id FROM over) RETURNING 1
    ), access AS (
        DELETE FROM access_token WHERE session_id IN (SELECT id FROM over) AND expires_at < before RETURNING 1
    )
    SELECT (SELECT count(*) FROM families) + (SELECT count(*) FROM access)
$$;

-- Of these sessions, those in which nobody is signed in any more; for whoever watches over sockets that know no more.
CREATE FUNCTION sessions_over(numbers uuid[], at timestamptz) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 5 AS $$
    SELECT number FROM unnest(numbers) AS n (number)
    WHERE on_the_clock()
      AND NOT EXISTS (SELECT FROM session s WHERE s.id = number AND s.ended_at IS NULL AND s.expires_at > at)
$$;

REVOKE ALL ON FUNCTION device_key_of, refresh_session, forget_tokens, sessions_over FROM PUBLIC;
GRANT EXECUTE ON FUNCTION device_key_of, refresh_session, forget_tokens, sessions_over TO cairn_app;
