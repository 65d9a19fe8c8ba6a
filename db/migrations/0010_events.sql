-- What changed, for whom; ids only. Readers go by (xid, seq) below the oldest running transaction,
-- so an order once read never gains an earlier row.

CREATE TABLE event (
    seq bigint GENERATED ALWAYS AS IDENTITY,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    person_id uuid NOT NULL REFERENCES person,
    topic text NOT NULL CHECK (topic ~ '^[a-z.-]{2,40}$'),
    subject_id uuid NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (person_id, xid, seq)
);
CREATE INDEX ON event (at);
