-- What was answered to a request with an Idempotency-Key, for a day, so that asking again has no second effect.
-- A row is found only by whoever holds the key that the client made, and opened only with it and the server's own
-- secret: neither whose it is nor what it says can be read from here.
CREATE TABLE kept_answer (
    place bytea PRIMARY KEY CHECK (length(place) = 32),
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
    sealed bytea NOT NULL,
    kept_at timestamptz NOT NULL
);
CREATE INDEX ON kept_answer (kept_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON kept_answer TO cairn_app;
