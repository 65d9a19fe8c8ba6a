-- Consent across organisations: who was allowed to read what of whom, why and until when; what was read by it; and the
-- glass that is broken in an emergency. Section numbers are those of 42 CFR part 2 as amended on 16 February 2024.

-- A privacy officer answers for how a program keeps to all of this: they read what was disclosed and review every
-- broken glass, and read no record.
ALTER TABLE staff_role DROP CONSTRAINT staff_role_role_check;
ALTER TABLE staff_role ADD CONSTRAINT staff_role_role_check CHECK (role IN
    ('peer', 'peer-lead', 'counselor', 'prescriber', 'primary-care', 'coordinator', 'supervisor', 'program-lead',
     'privacy-officer', 'operator'));

-- What the law lets vary, as dated rows. The latest that has begun and not ended holds; nothing is changed in place.
CREATE TABLE legal_parameter (
    name text NOT NULL CHECK (name ~ '^[a-z0-9-]{2,60}$'),
    jurisdiction text NOT NULL DEFAULT 'US' CHECK (jurisdiction ~ '^US(-[A-Z]{2})?$'),
    valid_from date NOT NULL,
    valid_until date,
    value text NOT NULL CHECK (length(value) BETWEEN 1 AND 200),
    source text NOT NULL CHECK (length(source) BETWEEN 1 AND 400),
    PRIMARY KEY (name, jurisdiction, valid_from),
    CHECK (valid_until > valid_from)
);
COMMENT ON COLUMN legal_parameter.valid_until IS 'The first day on which it holds no more.';

-- What people read and sign, in each language and version. Of an organisation's own texts and ours, its own holds.
CREATE TABLE legal_text (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organisation_id uuid REFERENCES organisation,
    name text NOT NULL CHECK (name ~ '^(form|category|purpose|recipient|discloser|expiry|sensitivity|statement|notice)/[a-z-]{2,40}$'),
    language text NOT NULL CHECK (language IN ('en', 'es')),
    version integer NOT NULL CHECK (version > 0),
    valid_from date NOT NULL,
    valid_until date,
    body text NOT NULL CHECK (length(btrim(body)) BETWEEN 1 AND 8000),
    UNIQUE NULLS NOT DISTINCT (organisation_id, name, language, version),
    CHECK (valid_until > valid_from),
    -- A form that leaves an element of § 2.31(a) out is none.
    CONSTRAINT legal_text_form_is_whole CHECK (name !~ '^form/' OR
        body LIKE '%$patient%' AND body LIKE '%$discloser%' AND body LIKE '%$what%' AND body LIKE '%$recipient%'
        AND body LIKE '%$purpose%' AND body LIKE '%$right_to_revoke%' AND body LIKE '%$expires%'
        AND body LIKE '%$statements%')
);
COMMENT ON COLUMN legal_text.organisation_id IS 'Null for the text that comes with Cairn.';

CREATE FUNCTION texts_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE integrity_constraint_violation USING MESSAGE = 'what was signed or shown stays as it was; add a new version',
        CONSTRAINT = 'texts_stay', TABLE = TG_TABLE_NAME;
END $$;
CREATE TRIGGER texts_stay BEFORE UPDATE OF organisation_id, name, language, version, valid_from, body OR DELETE
    ON legal_text FOR EACH ROW EXECUTE FUNCTION texts_stay();

-- Every element of a consent is a column, and none may be missing (§ 2.31(a), (c)(2)). A row never changes.
CREATE TABLE consent (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('specific', 'tpo', 'counselling-notes', 'legal-proceedings')),
    patient_id uuid NOT NULL REFERENCES patient,
    organisation_id uuid NOT NULL,
    patient text NOT NULL CHECK (btrim(patient) <> ''),
    discloser text NOT NULL CHECK (btrim(discloser) <> ''),
    categories text[] NOT NULL,
    sensitivities text[] NOT NULL,
    recipient_kind text NOT NULL
        CHECK (recipient_kind IN ('person', 'organisation', 'treating-providers', 'elsewhere')),
    recipient_id uuid REFERENCES person,
    recipient_organisation_id uuid REFERENCES organisation,
    recipient text NOT NULL CHECK (btrim(recipient) <> ''),
    purpose text NOT NULL
        CHECK (purpose IN ('tpo', 'treatment', 'payment', 'operations', 'at-my-request', 'legal-proceedings')),
    right_to_revoke integer NOT NULL REFERENCES legal_text,
    expires_at timestamptz CHECK (isfinite(expires_at)),
    expires_with text CHECK (expires_with IN ('end-of-treatment', 'end-of-proceedings', 'none')),
    redisclosure integer REFERENCES legal_text,
    refusing integer REFERENCES legal_text,
    form integer NOT NULL REFERENCES legal_text,
    language text NOT NULL CHECK (language IN ('en', 'es')),
    form_text text NOT NULL,
    form_sha256 bytea NOT NULL,
    signature_method text NOT NULL CHECK (signature_method IN ('typed', 'drawn')),
    signature text NOT NULL CHECK (btrim(signature) <> ''),
    signature_path text CHECK (length(signature_path) BETWEEN 20 AND 20000 AND signature_path ~ '^M[MLCQ0-9 ,.-]+$'),
    signed_in uuid NOT NULL REFERENCES session,
    signed_by text NOT NULL CHECK (btrim(signed_by) <> ''),
    signed_at timestamptz NOT NULL,
    FOREIGN KEY (patient_id, organisation_id) REFERENCES person (id, organisation_id),

    CONSTRAINT consent_says_what CHECK (cardinality(categories) > 0 AND array_position(categories, NULL) IS NULL
        AND categories <@ '{check-in-levels,check-ins,assessments,return-to-use,regimens,dose-log,appointments,plan-goals,counselling-notes}'),
    -- All that a program holds tells of treatment for substance use; what tells of somebody's mind as well says so.
    CONSTRAINT consent_says_how_sensitive CHECK (sensitivities <@ '{substance-use,mental-health}'
        AND 'substance-use' = ANY (sensitivities)
        AND ('mental-health' = ANY (sensitivities)
             OR NOT categories && '{check-in-levels,check-ins,assessments,counselling-notes}')),
    CONSTRAINT consent_says_to_whom CHECK (CASE recipient_kind
        WHEN 'person' THEN num_nonnulls(recipient_id, recipient_organisation_id) = 2
        WHEN 'organisation' THEN recipient_id IS NULL AND recipient_organisation_id IS NOT NULL
        ELSE num_nulls(recipient_id, recipient_organisation_id) = 2 END),
    CONSTRAINT consent_goes_elsewhere CHECK (recipient_organisation_id <> organisation_id),
    -- § 2.31(a)(4)(i): the class belongs to the one consent for treatment, payment and operations.
    CONSTRAINT consent_tpo CHECK ((kind = 'tpo') = (purpose = 'tpo')
        AND (kind = 'tpo' OR recipient_kind <> 'treating-providers')),
    -- § 2.31(a)(10), and (a)(4)(iii): for these purposes both statements belong into it.
    CONSTRAINT consent_says_what_may_follow CHECK (purpose NOT IN ('tpo', 'treatment', 'payment', 'operations')
        OR num_nonnulls(redisclosure, refusing) = 2),
    -- § 2.31(b): counselling notes by themselves, and no other consent opens them.
    CONSTRAINT consent_notes_apart CHECK (CASE kind WHEN 'counselling-notes' THEN categories = '{counselling-notes}'
        ELSE NOT 'counselling-notes' = ANY (categories) END),
    -- § 2.31(d): a proceeding by itself.
    CONSTRAINT consent_proceedings_apart CHECK ((kind = 'legal-proceedings') = (purpose = 'legal-proceedings')
        AND (kind <> 'legal-proceedings' OR recipient_kind IN ('person', 'elsewhere'))),
    -- § 2.31(a)(7): "none" is enough for treatment, payment and operations only.
    CONSTRAINT consent_ends CHECK (num_nonnulls(expires_at, expires_with) > 0
        AND (expires_with IS DISTINCT FROM 'none'
             OR kind = 'tpo' AND expires_at IS NULL)
        AND (expires_with IS DISTINCT FROM 'end-of-proceedings' OR kind = 'legal-proceedings')),
    CONSTRAINT consent_ends_later CHECK (expires_at > signed_at),
    CONSTRAINT consent_signature CHECK ((signature_method = 'drawn') = (signature_path IS NOT NULL)),
    CONSTRAINT consent_is_what_was_shown CHECK (form_sha256 = sha256(convert_to(form_text, 'UTF8')))
);
CREATE INDEX ON consent (patient_id, signed_at DESC);
CREATE INDEX ON consent (recipient_id) WHERE recipient_id IS NOT NULL;
CREATE INDEX ON consent (recipient_organisation_id) WHERE recipient_kind = 'organisation';
CREATE INDEX ON consent (organisation_id, signed_at DESC);
COMMENT ON COLUMN consent.patient IS '§ 2.31(a)(1): the name of the patient, as it stands in the form.';
COMMENT ON COLUMN consent.discloser IS '§ 2.31(a)(2): who may disclose, a class: the program and those who work there.';
COMMENT ON COLUMN consent.categories IS '§ 2.31(a)(3): what, specifically.';
COMMENT ON COLUMN consent.sensitivities IS '§ 2.31(a)(3): that it tells of substance use, and of what else.';
COMMENT ON COLUMN consent.recipient IS '§ 2.31(a)(4): to whom, a person or a class; `elsewhere` is somebody whom we do not know.';
COMMENT ON COLUMN consent.purpose IS '§ 2.31(a)(5).';
COMMENT ON COLUMN consent.right_to_revoke IS '§ 2.31(a)(6): that it can be revoked, and how.';
COMMENT ON COLUMN consent.expires_with IS '§ 2.31(a)(7): an event or condition; whoever knows that it has come about ends the consent.';
COMMENT ON COLUMN consent.signature IS '§ 2.31(a)(8): the name that was typed, whatever was drawn beside it.';
COMMENT ON COLUMN consent.signed_by IS 'By which factor the signer had proved last who they were, in the session named.';
COMMENT ON COLUMN consent.signed_at IS '§ 2.31(a)(9).';
COMMENT ON COLUMN consent.redisclosure IS '§ 2.31(a)(10)(i).';
COMMENT ON COLUMN consent.refusing IS '§ 2.31(a)(10)(ii).';

-- The statements are those of their columns, in the language of the form; a recipient works where the consent says.
CREATE FUNCTION consent_fits() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT FROM (VALUES (NEW.form, 'form/' || NEW.kind), (NEW.right_to_revoke, 'statement/right-to-revoke'),
                            (NEW.redisclosure, 'statement/redisclosure'), (NEW.refusing, 'statement/refusing'))
            AS pinned (id, name)
        WHERE pinned.id IS NOT NULL AND NOT EXISTS (
            SELECT FROM legal_text t WHERE t.id = pinned.id AND t.name = pinned.name AND t.language = NEW.language
                                       AND coalesce(t.organisation_id, NEW.organisation_id) = NEW.organisation_id))
    THEN RAISE check_violation USING MESSAGE = 'a text of this consent is not the one that its column is for',
        CONSTRAINT = 'consent_texts', TABLE = 'consent';
    END IF;
    IF NEW.recipient_kind = 'person' AND NOT EXISTS (
        SELECT FROM person WHERE id = NEW.recipient_id AND kind = 'staff' AND organisation_id = NEW.recipient_organisation_id)
    THEN RAISE check_violation USING MESSAGE = 'the recipient does not work there',
        CONSTRAINT = 'consent_recipient', TABLE = 'consent';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER consent_fits AFTER INSERT ON consent FOR EACH ROW EXECUTE FUNCTION consent_fits();

CREATE FUNCTION consents_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE integrity_constraint_violation USING MESSAGE = 'a consent stays as it was signed; revoke it and sign another',
        CONSTRAINT = 'consents_stay', TABLE = TG_TABLE_NAME;
END $$;
CREATE TRIGGER consents_stay BEFORE UPDATE ON consent FOR EACH ROW EXECUTE FUNCTION consents_stay();

-- What ends a consent before its day: the patient's word (§ 2.31(a)(6)), the event that it was to end with (a)(7), or
-- that it is known to be false (c)(4). From its commit on it opens nothing; what was read in reliance on it was read.
CREATE TABLE consent_revocation (
    consent_id uuid PRIMARY KEY REFERENCES consent,
    revoked_at timestamptz NOT NULL,
    revoked_by uuid NOT NULL REFERENCES person,
    how text NOT NULL CHECK (how IN ('in-app', 'in-writing', 'by-word', 'event', 'false'))
);

-- Medical staff who read without consent in an emergency: the four elements that § 2.51(c) wants documented.
CREATE TABLE break_glass (
    id uuid PRIMARY KEY,
    patient_id uuid NOT NULL REFERENCES patient,
    organisation_id uuid NOT NULL,
    patient text NOT NULL,
    recipient_id uuid NOT NULL REFERENCES person,
    recipient text NOT NULL CHECK (btrim(recipient) <> ''),
    affiliation_id uuid NOT NULL REFERENCES organisation,
    affiliation text NOT NULL CHECK (btrim(affiliation) <> ''),
    discloser_id uuid NOT NULL REFERENCES person,
    discloser text NOT NULL CHECK (btrim(discloser) <> ''),
    broken_at timestamptz NOT NULL,
    nature_sealed bytea NOT NULL CHECK (length(nature_sealed) BETWEEN 40 AND 9000),
    ends_at timestamptz NOT NULL CHECK (ends_at > broken_at),
    FOREIGN KEY (patient_id, organisation_id) REFERENCES person (id, organisation_id)
);
CREATE INDEX ON break_glass (recipient_id, ends_at);
CREATE INDEX ON break_glass (patient_id, broken_at DESC);
CREATE INDEX ON break_glass (organisation_id, broken_at DESC);
COMMENT ON COLUMN break_glass.recipient IS '§ 2.51(c)(1): the medical personnel to whom it was disclosed.';
COMMENT ON COLUMN break_glass.affiliation IS '§ 2.51(c)(1): their health care facility.';
COMMENT ON COLUMN break_glass.discloser IS '§ 2.51(c)(2): who made the disclosure.';
COMMENT ON COLUMN break_glass.broken_at IS '§ 2.51(c)(3).';
COMMENT ON COLUMN break_glass.nature_sealed IS '§ 2.51(c)(4): the nature of the emergency.';

CREATE TABLE break_glass_review (
    id uuid PRIMARY KEY REFERENCES break_glass,
    patient_id uuid NOT NULL REFERENCES patient,
    reviewed_by uuid NOT NULL REFERENCES person,
    reviewed_at timestamptz NOT NULL,
    finding text NOT NULL CHECK (finding IN ('justified', 'not-justified', 'follow-up')),
    note_sealed bytea CHECK (length(note_sealed) <= 9000)
);

-- The accounting (§ 2.25): a row for each patient of each read across organisations or through a broken glass.
CREATE TABLE disclosure (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    patient_id uuid NOT NULL REFERENCES patient,
    organisation_id uuid NOT NULL REFERENCES organisation,
    disclosed_at timestamptz NOT NULL,
    consent_id uuid REFERENCES consent,
    break_glass_id uuid REFERENCES break_glass,
    discloser text NOT NULL,
    recipient_id uuid NOT NULL REFERENCES person,
    recipient text NOT NULL,
    recipient_organisation_id uuid NOT NULL REFERENCES organisation,
    recipient_organisation text NOT NULL,
    category text NOT NULL CHECK (category ~ '^[a-z-]{2,40}$'),
    purpose text NOT NULL,
    notice integer NOT NULL REFERENCES legal_text,
    request_id uuid,
    CHECK (num_nonnulls(consent_id, break_glass_id) = 1)
);
CREATE INDEX ON disclosure (patient_id, disclosed_at DESC, id);
CREATE INDEX ON disclosure (organisation_id, disclosed_at DESC, id);
COMMENT ON COLUMN disclosure.notice IS 'The version of the § 2.32 statement that went with it.';

-- The parameter that holds on a day.
CREATE FUNCTION legal_value(called text, on_day date, within text DEFAULT 'US') RETURNS text
LANGUAGE sql STABLE
    RETURN (SELECT value FROM legal_parameter
            WHERE name = called AND jurisdiction = within AND valid_from <= on_day
              AND (valid_until IS NULL OR valid_until > on_day)
            ORDER BY valid_from DESC LIMIT 1);

-- The text that holds on a day: an organisation's own before ours, the newest version of it.
CREATE FUNCTION legal_text_for(called text, house uuid, reads text, on_day date) RETURNS integer
LANGUAGE sql STABLE
    RETURN (SELECT id FROM legal_text
            WHERE name = called AND language IN (reads, 'en') AND (organisation_id = house OR organisation_id IS NULL)
              AND valid_from <= on_day AND (valid_until IS NULL OR valid_until > on_day)
            ORDER BY language = reads DESC, organisation_id IS NULL, valid_from DESC, version DESC LIMIT 1);

-- Who receives what at all, before a consent narrows it: an outside peer only what peers read, and only by name;
-- counselling notes nobody but those who counsel or prescribe.
CREATE FUNCTION receives(category text, by_name boolean) RETURNS boolean LANGUAGE sql STABLE
    RETURN EXISTS (
        SELECT FROM staff_role r WHERE r.person_id = me() AND CASE
            WHEN r.role IN ('counselor', 'prescriber') THEN true
            WHEN r.role = 'primary-care' THEN category <> 'counselling-notes'
            WHEN r.role IN ('peer', 'peer-lead') THEN
                by_name AND category IN ('identity', 'check-in-levels', 'return-to-use', 'plan-goals')
            ELSE false END);

-- Whether a consent to these is one to that. `identity`, that somebody is a patient and how they are called, goes with
-- every consent; who may read what somebody wrote may read the levels beside it.
CREATE FUNCTION covers(categories text[], category text) RETURNS boolean LANGUAGE sql IMMUTABLE
    RETURN category = 'identity' OR category = ANY (categories)
           OR category = 'check-in-levels' AND 'check-ins' = ANY (categories);

-- The consents that hold at this moment and are the caller's: signed, not expired, not revoked, of a patient of another
-- organisation who is still that program's. Every element is there, or the row would not be.
CREATE FUNCTION consents_held() RETURNS TABLE (consent_id uuid, patient_id uuid, categories text[], by_name boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 20 AS $$
    SELECT c.id, c.patient_id, c.categories, c.recipient_kind = 'person'
    FROM person m
    JOIN consent c ON c.recipient_kind = 'person' AND c.recipient_id = m.id
                   OR c.recipient_kind = 'organisation' AND c.recipient_organisation_id = m.organisation_id
                   OR c.recipient_kind = 'treating-providers' AND EXISTS (
                        SELECT FROM care_team_member t
                        WHERE t.patient_id = c.patient_id AND t.staff_id = m.id AND t.left_at IS NULL)
    JOIN person p ON p.id = c.patient_id AND p.organisation_id = c.organisation_id
    WHERE m.id = me() AND m.kind = 'staff' AND m.organisation_id <> p.organisation_id
      AND c.signed_at <= moment() AND (c.expires_at IS NULL OR c.expires_at > moment())
      AND NOT EXISTS (SELECT FROM consent_revocation r WHERE r.consent_id = c.id)
$$;

-- Whose records of this category the caller may read by consent.
CREATE OR REPLACE FUNCTION consented(category text) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 20 AS $$
    SELECT DISTINCT patient_id FROM consents_held()
    WHERE covers(categories, category) AND receives(category, by_name)
$$;

-- Whose glass the caller has broken, for as long as that lasts.
CREATE OR REPLACE FUNCTION broken_glass() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 5 AS $$
    SELECT DISTINCT patient_id FROM break_glass
    WHERE recipient_id = me() AND broken_at <= moment() AND ends_at > moment()
$$;

-- Whether the caller is of those who may break somebody's glass, and somebody answers for it. So that nothing shows, it
-- is the same no for whoever may not and for a patient who is none.
CREATE FUNCTION may_break_the_glass(whom uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT 'break-glass' = ANY (granted('break-glass', 'emergency')) AND EXISTS (
        SELECT FROM person w JOIN person m ON m.id = me()
        WHERE w.id = whom AND w.kind = 'patient' AND (w.organisation_id = m.organisation_id OR EXISTS (
            SELECT FROM person p JOIN staff_role r ON r.person_id = p.id
            WHERE p.organisation_id = w.organisation_id
              AND r.role IN ('privacy-officer', 'supervisor', 'program-lead'))))
$$;

-- For medical personnel of any organisation: one patient, for some minutes. No row where they may not. Who makes the disclosure is, for
-- somebody of the program, they themselves; for others whoever answers for the program's privacy, on whose standing
-- instruction the glass can be broken at all (confirm). The same id twice is once.
CREATE FUNCTION break_the_glass(number uuid, whom uuid, what_happened bytea) RETURNS SETOF break_glass
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
DECLARE
    house uuid := (SELECT organisation_id FROM person WHERE id = whom AND kind = 'patient');
    mine uuid := (SELECT organisation_id FROM person WHERE id = me());
    speaks uuid;
BEGIN
    IF may_break_the_glass(whom) IS NOT TRUE THEN RETURN; END IF;
    speaks := CASE WHEN house = mine THEN me() ELSE (
        SELECT p.id FROM person p JOIN staff_role r ON r.person_id = p.id
        WHERE p.organisation_id = house AND r.role IN ('privacy-officer', 'supervisor', 'program-lead')
        ORDER BY array_position('{privacy-officer,supervisor,program-lead}', r.role), p.created_at, p.id LIMIT 1) END;
    INSERT INTO break_glass (id, patient_id, organisation_id, patient, recipient_id, recipient, affiliation_id,
                             affiliation, discloser_id, discloser, broken_at, nature_sealed, ends_at)
    SELECT number, w.id, house, w.name, m.id, m.name, o.id, o.name, d.id, d.name, moment(), what_happened,
           moment() + make_interval(mins => legal_value('break-glass-minutes', moment()::date)::integer)
    FROM person w, person m JOIN organisation o ON o.id = m.organisation_id, person d
    WHERE w.id = whom AND m.id = me() AND d.id = speaks
    ON CONFLICT DO NOTHING;
    RETURN QUERY SELECT * FROM break_glass
                 WHERE id = number AND patient_id = whom AND recipient_id = me();
END $$;

-- Write the accounting of a read and say what goes with it: a row for each of these patients whom the caller reads by
-- consent or through a broken glass, and none for those beside whom they stand in their own program. A patient of
-- another organisation whom nothing lets the caller read comes back with neither, unwritten: then nothing may be shown.
CREATE FUNCTION disclose(about text, patients uuid[])
RETURNS TABLE (patient_id uuid, across boolean, consent_id uuid, break_glass_id uuid, purpose text,
               categories text[], expires_at timestamptz, expires_with text, statement text, version integer,
               language text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp ROWS 20 AS $$
#variable_conflict use_column
DECLARE
    reader person%ROWTYPE;
    on_day date := moment()::date;
BEGIN
    SELECT * INTO reader FROM person WHERE id = me();
    IF NOT EXISTS (SELECT FROM person p WHERE p.id = ANY (patients)
                                          AND p.organisation_id IS DISTINCT FROM reader.organisation_id)
       AND NOT EXISTS (SELECT broken_glass())
    THEN RETURN; END IF;
    RETURN QUERY
    WITH read AS (
        SELECT p.id, p.organisation_id, p.organisation_id IS DISTINCT FROM reader.organisation_id AS across,
               held.consent_id, glass.id AS break_glass_id,
               legal_text_for(legal_value('disclosure-notice', on_day), p.organisation_id, reader.language, on_day)
                   AS notice
        FROM (SELECT DISTINCT unnest(patients) AS id) AS asked JOIN person p USING (id)
        LEFT JOIN LATERAL (
            SELECT h.consent_id FROM consents_held() AS h JOIN consent c ON c.id = h.consent_id
            WHERE h.patient_id = p.id AND covers(h.categories, about) AND receives(about, h.by_name)
            ORDER BY h.by_name DESC, c.signed_at DESC, c.id LIMIT 1) AS held ON true
        LEFT JOIN LATERAL (
            SELECT g.id FROM break_glass g
            WHERE g.patient_id = p.id AND g.recipient_id = reader.id AND held.consent_id IS NULL
              AND g.broken_at <= moment() AND g.ends_at > moment()
            ORDER BY g.broken_at DESC, g.id LIMIT 1) AS glass ON true
    ), concerned AS (
        SELECT * FROM read r
        WHERE r.across OR r.break_glass_id IS NOT NULL
                          AND r.id NOT IN (SELECT reach(VARIADIC granted('read', about) || granted('list', about)))
    ), written AS (
        INSERT INTO disclosure (patient_id, organisation_id, disclosed_at, consent_id, break_glass_id, discloser,
                                recipient_id, recipient, recipient_organisation_id, recipient_organisation, category,
                                purpose, notice, request_id)
        SELECT r.id, r.organisation_id, moment(), r.consent_id, r.break_glass_id,
               coalesce(c.discloser, g.discloser), reader.id, reader.name, o.id, o.name, about,
               coalesce(c.purpose, 'emergency'), r.notice, nullif(current_setting('cairn.request', true), '')::uuid
        FROM concerned r JOIN organisation o ON o.id = reader.organisation_id
        LEFT JOIN consent c ON c.id = r.consent_id LEFT JOIN break_glass g ON g.id = r.break_glass_id
        WHERE num_nonnulls(r.consent_id, r.break_glass_id) = 1
    )
    SELECT r.id, r.across, r.consent_id, r.break_glass_id, coalesce(c.purpose, 'emergency'),
           c.categories, coalesce(c.expires_at, g.ends_at), c.expires_with, t.body, t.version, t.language
    FROM concerned r JOIN legal_text t ON t.id = r.notice
    LEFT JOIN consent c ON c.id = r.consent_id LEFT JOIN break_glass g ON g.id = r.break_glass_id;
END $$;

REVOKE ALL ON FUNCTION texts_stay, consent_fits, consents_stay, consents_held, consented, broken_glass,
    may_break_the_glass, break_the_glass, disclose FROM PUBLIC;
GRANT EXECUTE ON FUNCTION consented, broken_glass, may_break_the_glass, break_the_glass, disclose TO cairn_app;

GRANT SELECT ON legal_parameter, legal_text TO cairn_app;
GRANT SELECT, INSERT ON consent, consent_revocation, break_glass_review TO cairn_app;
GRANT SELECT ON disclosure, break_glass TO cairn_app;

-- Of a consent, an accounting and a broken glass the patient reads their own, and whoever answers for the program's
-- privacy those of its patients. Whoever broke a glass sees that for as long as it lasts.
ALTER TABLE consent ENABLE ROW LEVEL SECURITY;
CREATE POLICY by_relation ON consent FOR SELECT
    USING (patient_id = ANY (ARRAY(SELECT patients_for('read', 'consents'))));
CREATE POLICY own_hand ON consent FOR INSERT
    WITH CHECK (patient_id = ANY (ARRAY(SELECT patients_for('sign', 'consents'))));

ALTER TABLE consent_revocation ENABLE ROW LEVEL SECURITY;
CREATE POLICY by_relation ON consent_revocation FOR SELECT USING (EXISTS (SELECT FROM consent c WHERE c.id = consent_id));
-- The patient takes it back; the privacy officer keeps what they were told on paper, and what ends it without a word.
CREATE POLICY own_word ON consent_revocation FOR INSERT
    WITH CHECK (revoked_by = me() AND EXISTS (
        SELECT FROM consent c WHERE c.id = consent_id AND (c.patient_id = me()) = (how = 'in-app')
        AND c.patient_id = ANY (ARRAY(SELECT patients_for('revoke', 'consents')))));

ALTER TABLE disclosure ENABLE ROW LEVEL SECURITY;
CREATE POLICY by_relation ON disclosure FOR SELECT
    USING (patient_id = ANY (ARRAY(SELECT patients_for('read', 'disclosures'))));

ALTER TABLE break_glass ENABLE ROW LEVEL SECURITY;
CREATE POLICY by_relation ON break_glass FOR SELECT
    USING (patient_id = ANY (ARRAY(SELECT patients_for('read', 'emergency'))));
CREATE POLICY own ON break_glass FOR SELECT USING (recipient_id = me() AND ends_at > moment());

-- Nobody reviews the glass that they broke.
ALTER TABLE break_glass_review ENABLE ROW LEVEL SECURITY;
CREATE POLICY by_relation ON break_glass_review FOR SELECT
    USING (EXISTS (SELECT FROM break_glass g WHERE g.id = break_glass_review.id));
CREATE POLICY reviewed ON break_glass_review FOR INSERT
    WITH CHECK (reviewed_by = me() AND EXISTS (
        SELECT FROM break_glass g
        WHERE g.id = break_glass_review.id AND g.patient_id = break_glass_review.patient_id AND g.recipient_id <> me()
        AND g.patient_id = ANY (ARRAY(SELECT patients_for('review', 'emergency')))));

-- Somebody broke the glass, or signed: the neutral line of a reminder.
ALTER TABLE notification DROP CONSTRAINT notification_kind_check;
ALTER TABLE notification ADD CONSTRAINT notification_kind_check
    CHECK (kind IN ('alert', 'appointment', 'medication', 'account', 'privacy'));
