-- How far each limit is used up, by a hash of whom it counts: nobody is found by it, and every row ends by itself.
-- `full_at` is when all of it is there again; what is left follows from that alone (the generic cell rate algorithm).
CREATE TABLE taken (
    limited text NOT NULL CHECK (length(limited) BETWEEN 1 AND 60),
    subject bytea NOT NULL CHECK (length(subject) = 32),
    full_at timestamptz NOT NULL,
    PRIMARY KEY (limited, subject)
);
CREATE INDEX ON taken (full_at);
GRANT SELECT, INSERT, UPDATE (full_at), DELETE ON taken TO cairn_app;
