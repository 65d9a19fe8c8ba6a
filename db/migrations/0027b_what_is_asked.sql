-- What a program asks each day, from when on an answer worries it, and the days on which there was none.

ALTER TABLE check_in
    ADD COLUMN sleep_hours smallint CHECK (sleep_hours BETWEEN 0 AND 24),
    ADD COLUMN triggers text[] NOT NULL DEFAULT '{}' CHECK (cardinality(triggers) <= 20),
    ADD COLUMN used text[] CHECK (cardinality(used) <= 10),
    ADD COLUMN medication_taken text CHECK (medication_taken IN ('yes', 'no', 'none-due'));
COMMENT ON COLUMN check_in.used IS 'What was used since the last answer; empty: nothing; null: not asked, or not answered.';

-- Which programs ask by a form of their own, be it without a question.
CREATE TABLE check_in_form (
    organisation_id uuid PRIMARY KEY REFERENCES organisation,
    changed_at timestamptz NOT NULL
);
-- The rows of a program with a form of its own replace the default ones altogether. Mood and craving are asked by everybody: the rules rest on them.
CREATE TABLE check_in_question (
    organisation_id uuid REFERENCES organisation,
    question text NOT NULL CHECK (question IN ('sleep', 'triggers', 'used', 'medication', 'note')),
    position integer NOT NULL CHECK (position >= 0),
    required boolean NOT NULL DEFAULT false,
    choices text[] NOT NULL DEFAULT '{}',
    english text NOT NULL CHECK (length(english) BETWEEN 1 AND 200),
    spanish text NOT NULL CHECK (length(spanish) BETWEEN 1 AND 200),
    since timestamptz NOT NULL DEFAULT '2000-01-01T00:00Z',
    CHECK ((question IN ('triggers', 'used')) = (cardinality(choices) > 0)),
    CHECK (question <> 'note' OR NOT required),
    UNIQUE NULLS NOT DISTINCT (organisation_id, question)
);
COMMENT ON COLUMN check_in_question.choices IS 'What can be chosen, as slugs; the clients have the words of the usual ones.';
COMMENT ON COLUMN check_in_question.since IS 'What was answered before, on a phone without network, is held to nothing.';
INSERT INTO check_in_question (question, position, required, choices, english, spanish) VALUES
    ('sleep', 1, false, '{}', 'How many hours did you sleep?', '¿Cuántas horas dormiste?'),
    ('triggers', 2, false, '{stress,pain,people,places,money,conflict,loneliness,celebration,anniversary,boredom}',
     'Did anything make today harder?', '¿Algo hizo más difícil el día?'),
    ('used', 3, false, '{opioid,alcohol,stimulant,benzodiazepine,cannabis,tobacco,other,unsaid}',
     'Have you used anything since your last check-in?', '¿Has usado algo desde tu último registro?'),
    ('medication', 4, false, '{}', 'Have you taken your medication?', '¿Tomaste tu medicación?'),
    ('note', 5, false, '{}', 'Anything you want to add', 'Algo que quieras añadir');

-- When a day can be answered, by the patient's own wall clock. A window that closes before it opens ends the day after.
CREATE TABLE check_in_window (
    organisation_id uuid REFERENCES organisation,
    opens time NOT NULL,
    closes time NOT NULL,
    UNIQUE NULLS NOT DISTINCT (organisation_id)
);
INSERT INTO check_in_window (opens, closes) VALUES ('05:00', '03:00');

-- From when on an answer worries a program: dated rows, so that what was raised can be explained by the thresholds of
-- its day. No validated cut-off exists for single 0 to 10 ratings of craving or mood: these are operational.
CREATE TABLE check_in_threshold (
    id uuid PRIMARY KEY,
    organisation_id uuid REFERENCES organisation,
    valid_from timestamptz NOT NULL,
    craving_high smallint NOT NULL CHECK (craving_high BETWEEN 1 AND 10),
    craving_above smallint NOT NULL CHECK (craving_above BETWEEN 1 AND 10),
    mood_low smallint NOT NULL CHECK (mood_low BETWEEN 0 AND 9),
    mood_below smallint NOT NULL CHECK (mood_below BETWEEN 1 AND 10),
    median_days smallint NOT NULL CHECK (median_days BETWEEN 1 AND 14),
    together_craving smallint NOT NULL CHECK (together_craving BETWEEN 0 AND 10),
    together_mood smallint NOT NULL CHECK (together_mood BETWEEN 0 AND 10),
    together_sleep smallint NOT NULL CHECK (together_sleep BETWEEN 0 AND 24),
    trend_points smallint NOT NULL CHECK (trend_points BETWEEN 1 AND 10),
    missed_days smallint NOT NULL CHECK (missed_days BETWEEN 1 AND 14),
    basis text NOT NULL DEFAULT 'operational, not validated' CHECK (length(basis) BETWEEN 1 AND 200),
    UNIQUE NULLS NOT DISTINCT (organisation_id, valid_from)
);
COMMENT ON COLUMN check_in_threshold.craving_above IS 'So far above one''s own median of the 14 days before.';
COMMENT ON COLUMN check_in_threshold.median_days IS 'So many days have to be known before a median says anything.';
COMMENT ON COLUMN check_in_threshold.trend_points IS 'The mean of a week is so much worse than that of the fortnight before it.';
INSERT INTO check_in_threshold (id, valid_from, craving_high, craving_above, mood_low, mood_below, median_days,
                                together_craving, together_mood, together_sleep, trend_points, missed_days)
VALUES ('0192b8a0-0000-7000-8000-000000000001', '2000-01-01T00:00Z', 7, 3, 2, 3, 3, 5, 4, 4, 2, 2);

-- A day whose window closed without an answer. Kept once for each patient and day; a late answer does not take it away.
CREATE TABLE missed_check_in (
    id uuid PRIMARY KEY,
    patient_id uuid NOT NULL REFERENCES patient,
    day date NOT NULL,
    noticed_at timestamptz NOT NULL,
    raised boolean NOT NULL DEFAULT false,
    UNIQUE (patient_id, day)
);
COMMENT ON COLUMN missed_check_in.raised IS 'Somebody was asked to look after the patient because of it.';

-- What a program asks and when it worries is for everybody to read; whoever runs it changes it, by these two.
GRANT SELECT ON check_in_form, check_in_question, check_in_window, check_in_threshold TO cairn_app;
GRANT SELECT, INSERT ON missed_check_in TO cairn_app;
CREATE FUNCTION ask_each_day(asked jsonb, at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE program uuid := (SELECT p.organisation_id FROM person p WHERE p.id = me());
BEGIN
    IF program IS NULL OR NOT 'program' = ANY (granted('change', 'check-in-questions')) THEN RETURN false; END IF;
    INSERT INTO check_in_form VALUES (program, at)
    ON CONFLICT (organisation_id) DO UPDATE SET changed_at = excluded.changed_at;
    DELETE FROM check_in_question WHERE organisation_id = program;
    INSERT INTO check_in_question
    SELECT (jsonb_populate_record(NULL::check_in_question, one || jsonb_build_object(
        'organisation_id', program, 'position', place))).*
    FROM jsonb_array_elements(asked) WITH ORDINALITY AS given (one, place);
    PERFORM audit_security('change', 'check-in-questions', me(), NULL, NULL);
    RETURN true;
END $$;
CREATE FUNCTION worry_from(given jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE program uuid := (SELECT p.organisation_id FROM person p WHERE p.id = me());
BEGIN
    IF program IS NULL OR NOT 'program' = ANY (granted('add', 'thresholds')) THEN RETURN NULL; END IF;
    INSERT INTO check_in_threshold
    SELECT (jsonb_populate_record(NULL::check_in_threshold,
                                  given || jsonb_build_object('organisation_id', program))).*
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN RETURN false; END IF;
    PERFORM audit_security('add', 'thresholds', me(), (given ->> 'id')::uuid, NULL);
    RETURN true;
END $$;
REVOKE ALL ON FUNCTION ask_each_day, worry_from FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ask_each_day, worry_from TO cairn_app;

-- The clock looks for days without an answer. A patient reads their own, and so do those who treat them.
ALTER TABLE missed_check_in ENABLE ROW LEVEL SECURITY;
CREATE POLICY clock ON missed_check_in USING (on_the_clock());
CREATE POLICY by_relation ON missed_check_in FOR SELECT
    USING (patient_id = ANY (ARRAY(SELECT patients_for('read', 'check-ins'))));

-- For the clock alone: whose last closed day has no answer, of those who had begun to answer, and how many days it is
-- now. Who stays away for long is asked after once and not every day: nothing is said of a day that lies more than a
-- fortnight after the last answer.
CREATE FUNCTION unanswered(at timestamptz, most integer)
RETURNS TABLE (patient_id uuid, organisation_id uuid, day date, days integer, already_raised boolean, missed_days integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 50 AS $$
#variable_conflict use_column
BEGIN
    IF NOT on_the_clock() THEN RETURN; END IF;
    RETURN QUERY
    SELECT p.id, p.organisation_id, closed.day, closed.day - answered.day,
           EXISTS (SELECT FROM missed_check_in m WHERE m.patient_id = p.id AND m.raised AND m.day > answered.day),
           (SELECT t.missed_days::integer FROM check_in_threshold t
            WHERE (t.organisation_id = p.organisation_id OR t.organisation_id IS NULL) AND t.valid_from <= at
            ORDER BY t.organisation_id NULLS LAST, t.valid_from DESC LIMIT 1)
    FROM person p
    JOIN patient ON patient.person_id = p.id
    CROSS JOIN LATERAL (
        SELECT w.opens, w.closes FROM check_in_window w
        WHERE w.organisation_id = p.organisation_id OR w.organisation_id IS NULL
        ORDER BY w.organisation_id NULLS LAST LIMIT 1) AS asked
    CROSS JOIN LATERAL (
        SELECT (at AT TIME ZONE p.time_zone - (asked.closes - time '00:00')
                - CASE WHEN asked.closes <= asked.opens THEN interval '1 day' ELSE interval '0' END)::date AS day) AS closed
    CROSS JOIN LATERAL (SELECT max(c.day) AS day FROM check_in c
                        WHERE c.patient_id = p.id AND c.day <= closed.day) AS answered
    WHERE p.kind = 'patient' AND closed.day - answered.day BETWEEN 1 AND 14
      AND NOT EXISTS (SELECT FROM closure c WHERE c.patient_id = p.id AND c.closed_at IS NOT NULL)
      AND NOT EXISTS (SELECT FROM missed_check_in m WHERE m.patient_id = p.id AND m.day = closed.day)
    ORDER BY p.id
    LIMIT most;
END $$;
REVOKE ALL ON FUNCTION unanswered FROM PUBLIC;
GRANT EXECUTE ON FUNCTION unanswered TO cairn_app;

-- For the clock alone: whose appointment of the last day ended without them, and nobody has been asked to look yet.
-- Five minutes are left for a slip of the finger to be put right.
CREATE FUNCTION not_asked_after(at timestamptz, most integer)
RETURNS TABLE (appointment_id uuid, patient_id uuid, organisation_id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 10 AS $$
BEGIN
    IF NOT on_the_clock() THEN RETURN; END IF;
    RETURN QUERY
    SELECT a.id, a.patient_id, p.organisation_id FROM appointment a JOIN person p ON p.id = a.patient_id
    WHERE a.status = 'noshow' AND a.settled_at > at - interval '1 day' AND a.settled_at <= at - interval '5 min'
      AND NOT EXISTS (SELECT FROM closure c WHERE c.patient_id = a.patient_id AND c.closed_at IS NOT NULL)
      AND NOT EXISTS (SELECT FROM alert_event e WHERE e.cause_id = a.id AND e.cause = 'no-show')
    ORDER BY a.settled_at, a.id
    LIMIT most;
END $$;
CREATE INDEX ON appointment (settled_at) WHERE status = 'noshow';
REVOKE ALL ON FUNCTION not_asked_after FROM PUBLIC;
GRANT EXECUTE ON FUNCTION not_asked_after TO cairn_app;

-- What is said to somebody who has used: how to stay safer, and that nothing is held against them. Operational words
-- that a site replaces by its own; never a word of blame.
CREATE TABLE harm_reduction_line (
    organisation_id uuid REFERENCES organisation,
    language text NOT NULL CHECK (language IN ('en', 'es')),
    position integer NOT NULL,
    line text NOT NULL CHECK (length(line) BETWEEN 1 AND 300),
    UNIQUE NULLS NOT DISTINCT (organisation_id, language, position)
);
GRANT SELECT ON harm_reduction_line TO cairn_app;
INSERT INTO harm_reduction_line (language, position, line) VALUES
    ('en', 1, 'Thank you for telling us. Nothing that you have done is undone by this, and nobody is angry with you.'),
    ('en', 2, 'After a break, or on medication for opioid use disorder, the body takes less than it used to.'),
    ('en', 3, 'If you can, do not use alone. Keep naloxone where somebody else can find it.'),
    ('en', 4, 'Street supply changes: test it if you can, start with less, go slowly.'),
    ('en', 5, 'Slow breathing, blue lips, cannot be woken: call 911, give naloxone, breathe for them, stay.'),
    ('en', 6, 'Your medication still protects you. Ask your prescriber before you change anything.'),
    ('es', 1, 'Gracias por contarnos. Esto no borra nada de lo que has logrado, y nadie está enojado contigo.'),
    ('es', 2, 'Después de una pausa, o con medicación para el trastorno por opioides, el cuerpo tolera menos que antes.'),
    ('es', 3, 'Si puedes, no uses a solas. Ten la naloxona donde otra persona la encuentre.'),
    ('es', 4, 'Lo que se vende cambia: haz una prueba si puedes, empieza con menos, ve despacio.'),
    ('es', 5, 'Respira lento, labios azules, no despierta: llama al 911, da naloxona, da respiración y quédate.'),
    ('es', 6, 'Tu medicación te sigue protegiendo. Pregunta a quien te la receta antes de cambiar algo.');

-- What holds for a program now, asked with every check-in: in PL/pgSQL, so that the plans are kept.
CREATE FUNCTION thresholds_of(program uuid, at timestamptz) RETURNS json
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
BEGIN
    RETURN (SELECT to_json(t) FROM check_in_threshold t
            WHERE (t.organisation_id = program OR t.organisation_id IS NULL) AND t.valid_from <= at
            ORDER BY t.organisation_id NULLS LAST, t.valid_from DESC LIMIT 1);
END $$;
CREATE FUNCTION questions_of(program uuid) RETURNS json
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
BEGIN
    RETURN (SELECT coalesce(json_agg(q ORDER BY q.position), '[]') FROM check_in_question q
            WHERE q.organisation_id IS NOT DISTINCT FROM (
                SELECT o.organisation_id FROM check_in_form o WHERE o.organisation_id = program));
END $$;
