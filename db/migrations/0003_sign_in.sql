-- Tokens are opaque; only their SHA-256 is stored, and the app's role cannot read even that.

CREATE TABLE session (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES person,
    started_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX ON session (person_id) WHERE ended_at IS NULL;

CREATE TABLE access_token (
    sha256 bytea PRIMARY KEY CHECK (length(sha256) = 32),
    session_id uuid NOT NULL REFERENCES session,
    expires_at timestamptz NOT NULL
);
CREATE INDEX ON access_token (session_id);

CREATE TABLE setup_link (
    sha256 bytea PRIMARY KEY CHECK (length(sha256) = 32),
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);

-- The one way from a token to a person: one row while the session lives, none otherwise.
CREATE FUNCTION signed_in(token_sha256 bytea, at timestamptz)
RETURNS TABLE (id uuid, organisation_id uuid, session_id uuid, language text, roles text[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
    SELECT p.id, p.organisation_id, s.id, p.language,
           CASE p.kind WHEN 'patient' THEN ARRAY['patient']
                       ELSE ARRAY(SELECT r.role FROM staff_role r WHERE r.person_id = p.id ORDER BY r.role) END
    FROM access_token t
    JOIN session s ON s.id = t.session_id
    JOIN person p ON p.id = s.person_id
    WHERE t.sha256 = token_sha256 AND t.expires_at > at AND s.ended_at IS NULL
$$;
REVOKE ALL ON FUNCTION signed_in FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signed_in TO cairn_app;

-- True once for each link, and only while there is no operator.
CREATE FUNCTION use_setup_link(link_sha256 bytea, at timestamptz) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH used AS (
        UPDATE setup_link SET used_at = at
        WHERE sha256 = link_sha256 AND used_at IS NULL AND expires_at > at
          AND NOT EXISTS (SELECT FROM staff_role WHERE role = 'operator')
        RETURNING 1
    )
    SELECT EXISTS (SELECT FROM used)
$$;
REVOKE ALL ON FUNCTION use_setup_link FROM PUBLIC;
GRANT EXECUTE ON FUNCTION use_setup_link TO cairn_app;
