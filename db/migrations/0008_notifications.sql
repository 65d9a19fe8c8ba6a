-- What is due is a row, and a row is sent until it is settled.

CREATE TABLE address (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES person,
    kind text NOT NULL CHECK (kind IN ('fcm-token', 'fcm-fid')),
    value text NOT NULL CHECK (length(value) BETWEEN 1 AND 4096),
    platform text NOT NULL CHECK (platform IN ('android', 'ios', 'web')),
    time_zone text NOT NULL,
    registered_at timestamptz NOT NULL,
    closed_at timestamptz,
    closed_because text CHECK (closed_because IN ('replaced', 'unregistered', 'sender-mismatch', 'signed-out'))
);
CREATE UNIQUE INDEX address_open_once ON address (kind, value) WHERE closed_at IS NULL;
CREATE INDEX ON address (person_id) WHERE closed_at IS NULL;

-- The outbox: written in the transaction that caused it. `next_at` is the one scheduling column;
-- it is null exactly when there is nothing left to plan.
CREATE TABLE notification (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES person,
    kind text NOT NULL CHECK (kind IN ('alert', 'appointment', 'medication')),
    subject_id uuid NOT NULL,
    stage text NOT NULL DEFAULT '',
    urgent boolean NOT NULL DEFAULT false,
    due_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'planned', 'withdrawn', 'expired', 'unreachable')),
    next_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (due_at < expires_at),
    CHECK ((state = 'pending') = (next_at IS NOT NULL))
);
-- What was withdrawn may be sent again: an appointment moves away and back to its first time.
CREATE UNIQUE INDEX notification_once ON notification (person_id, kind, subject_id, stage, due_at)
    WHERE state <> 'withdrawn';
CREATE INDEX ON notification (urgent DESC, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX ON notification (kind, subject_id) WHERE state IN ('pending', 'planned');

-- One push to one phone. A lease is `next_at` moved ahead under a fresh token.
CREATE TABLE delivery (
    id uuid PRIMARY KEY,
    notification_id uuid NOT NULL REFERENCES notification,
    address_id uuid NOT NULL REFERENCES address,
    urgent boolean NOT NULL,
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sent', 'dead', 'dropped', 'expired')),
    next_at timestamptz,
    not_after timestamptz NOT NULL,
    attempt integer NOT NULL DEFAULT 0,
    lease uuid,
    provider_id text,
    error text,
    settled_at timestamptz,
    UNIQUE (notification_id, address_id),
    CHECK ((state = 'queued') = (next_at IS NOT NULL))
);
CREATE INDEX ON delivery (urgent DESC, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX ON delivery (address_id) WHERE next_at IS NOT NULL;

CREATE TABLE receipt (
    delivery_id uuid NOT NULL REFERENCES delivery,
    event text NOT NULL CHECK (event IN ('delivered', 'opened', 'acted')),
    at timestamptz NOT NULL,
    PRIMARY KEY (delivery_id, event)
);

-- Taking back what has not been sent yet belongs to the cause, not to the person who would have been told,
-- so it may touch rows that its caller cannot read; it can do nothing else.
CREATE FUNCTION withdraw_notifications(about text, subject uuid, at timestamptz) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH withdrawn AS (
        UPDATE notification SET state = 'withdrawn', next_at = NULL
        WHERE kind = about AND subject_id = subject AND state IN ('pending', 'planned')
        RETURNING id
    ), dropped AS (
        UPDATE delivery d SET state = 'dropped', next_at = NULL, lease = NULL, settled_at = at
        FROM withdrawn w WHERE d.notification_id = w.id AND d.state = 'queued'
        RETURNING 1
    )
    SELECT count(*)::integer FROM withdrawn
$$;
REVOKE ALL ON FUNCTION withdraw_notifications FROM PUBLIC;
GRANT EXECUTE ON FUNCTION withdraw_notifications TO cairn_app;

-- A push token that turns up at another person's sign-in has moved with the phone: the former owner's rings no more.
CREATE FUNCTION close_address_elsewhere(of_kind text, of_value text, at timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE address SET closed_at = at, closed_because = 'replaced'
    WHERE kind = of_kind AND value = of_value AND closed_at IS NULL
$$;
REVOKE ALL ON FUNCTION close_address_elsewhere FROM PUBLIC;
GRANT EXECUTE ON FUNCTION close_address_elsewhere TO cairn_app;

-- How late the oldest reminder is, for a health check that is nobody. Each lane by itself is the first entry of its
-- part of the index (urgent, next_at); both at once would be a walk over all that is still to come.
CREATE FUNCTION oldest_due_seconds(at timestamptz) RETURNS double precision
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT extract(epoch FROM at - min(due))::double precision FROM (
        SELECT min(next_at) AS due FROM notification WHERE urgent AND next_at <= at
        UNION ALL SELECT min(next_at) FROM notification WHERE NOT urgent AND next_at <= at
        UNION ALL SELECT min(next_at) FROM delivery WHERE urgent AND next_at <= at
        UNION ALL SELECT min(next_at) FROM delivery WHERE NOT urgent AND next_at <= at
    ) AS waiting
$$;
REVOKE ALL ON FUNCTION oldest_due_seconds FROM PUBLIC;
GRANT EXECUTE ON FUNCTION oldest_due_seconds TO cairn_app;
