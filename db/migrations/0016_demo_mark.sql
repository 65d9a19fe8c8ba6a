-- A demo's people sign in without proof, so a database that has them serves nobody else: the mark outlives every start.
CREATE TABLE demo_mark (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    seeded_at timestamptz NOT NULL
);
GRANT SELECT ON demo_mark TO cairn_app;

-- Demos that were made before there was a mark are known by their organisations, whose ids are the same everywhere.
INSERT INTO demo_mark (seeded_at)
SELECT now() WHERE EXISTS (
    SELECT FROM organisation WHERE id IN (
        'e1e4d5f1-d97a-5151-b004-39d642a3b66f',
        'a8b4243a-0dd7-5070-a0ca-8cae1e1fb243',
        'fe0fe6d9-a376-5334-a6a5-f111f70b5a95'
    )
);
