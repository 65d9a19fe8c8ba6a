-- What is planned for people: what may be taken back or told again, and what only the program refused until now.

-- A subject's notifications that somebody may still hear of. Nobody could be reached for an unreachable one, until a
-- phone is registered.
DROP INDEX notification_kind_subject_id_idx;
CREATE INDEX notification_of_subject ON notification (kind, subject_id)
    WHERE state IN ('pending', 'planned', 'unreachable');
CREATE INDEX notification_unreachable ON notification (person_id) WHERE state = 'unreachable';

-- Taking back what has not been sent yet belongs to the cause, not to the person who would have been told, so it may
-- touch rows that its caller cannot read; it can do nothing else. What was sent to every phone stays as it is.
DROP FUNCTION withdraw_notifications(text, uuid, timestamptz);
CREATE FUNCTION withdraw_notifications(about text, subjects uuid[], at timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    locked uuid[];
    withdrawn uuid[];
BEGIN
    -- A statement by itself, so that the next one sees the deliveries of whoever was just planning them. In order of
    -- id, as whoever else locks several does.
    SELECT array_agg(n.id) INTO locked FROM (
        SELECT id FROM notification
        WHERE kind = about AND subject_id = ANY (subjects) AND state IN ('pending', 'planned', 'unreachable')
        ORDER BY id
        FOR NO KEY UPDATE
    ) AS n;
    WITH left_to_do AS (
        UPDATE notification n SET state = 'withdrawn', next_at = NULL
        WHERE n.id = ANY (locked) AND CASE n.state
            WHEN 'pending' THEN true
            WHEN 'unreachable' THEN n.expires_at > at
            WHEN 'planned' THEN EXISTS (SELECT FROM delivery d WHERE d.notification_id = n.id AND d.state = 'queued')
            ELSE false END
        RETURNING n.id
    )
    SELECT array_agg(id) INTO withdrawn FROM left_to_do;
    -- One that is being leased or settled at this moment is not waited for: should it be queued again, the sweep finds
    -- it under a notification that was withdrawn.
    WITH queued AS (
        SELECT id FROM delivery WHERE notification_id = ANY (withdrawn) AND state = 'queued'
        FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE delivery d SET state = 'dropped', next_at = NULL, lease = NULL, settled_at = at
    FROM queued q WHERE d.id = q.id;
    RETURN coalesce(cardinality(withdrawn), 0);
END $$;
REVOKE ALL ON FUNCTION withdraw_notifications FROM PUBLIC;
GRANT EXECUTE ON FUNCTION withdraw_notifications TO cairn_app;

-- A phone was registered: what nobody could be reached for and is still of use is planned again, for the caller alone.
-- A phone that was given up and has come back is rung again. Returns the lanes in which something waits now.
CREATE FUNCTION reach_again(at timestamptz) RETURNS SETOF boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    -- Whoever is about to find that this person has no phone waits for this one, or has found it and is seen below.
    PERFORM pg_advisory_xact_lock(hashtextextended('phones ' || me(), 0));
    RETURN QUERY
    WITH waiting AS (
        SELECT id FROM notification
        WHERE person_id = me() AND state = 'unreachable' AND expires_at > at
        FOR NO KEY UPDATE SKIP LOCKED
    ), again AS (
        UPDATE notification n SET state = 'pending', next_at = at FROM waiting w WHERE n.id = w.id
        RETURNING n.id, n.urgent
    ), rung AS (
        UPDATE delivery d SET state = 'queued', next_at = at, settled_at = NULL, error = NULL
        FROM again g, address a
        WHERE d.notification_id = g.id AND d.state IN ('dead', 'dropped') AND a.id = d.address_id
          AND a.closed_at IS NULL
        RETURNING 1
    )
    SELECT DISTINCT urgent FROM again;
END $$;
REVOKE ALL ON FUNCTION reach_again FROM PUBLIC;
GRANT EXECUTE ON FUNCTION reach_again TO cairn_app;
