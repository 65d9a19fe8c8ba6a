-- The crisis card: US defaults that a site replaces with rows of its own.

CREATE TABLE crisis_resource (
    organisation_id uuid REFERENCES organisation,
    language text NOT NULL CHECK (language IN ('en', 'es')),
    position integer NOT NULL,
    title text NOT NULL,
    detail text NOT NULL,
    call text,
    text_to text,
    UNIQUE NULLS NOT DISTINCT (organisation_id, language, position)
);

INSERT INTO crisis_resource (language, position, title, detail, call, text_to) VALUES
    ('en', 1, '988 Suicide & Crisis Lifeline', 'Call, text or chat, day and night. Press 1 for veterans, 2 for Spanish.', '988', '988'),
    ('en', 2, '911, for an overdose now', 'Call 911. Give naloxone. Give rescue breaths. Repeat naloxone after 2 to 3 minutes. Stay.', '911', NULL),
    ('en', 3, 'SAMHSA National Helpline', 'Treatment referral and information, day and night.', '1-800-662-4357', NULL),
    ('en', 4, 'Crisis Text Line', 'Text with a trained counselor, day and night.', NULL, '741741'),
    ('es', 1, 'Línea 988 de Prevención del Suicidio y Crisis', 'Llama, envía un mensaje o chatea, de día y de noche. Oprime 2 para español, 1 para veteranos.', '988', '988'),
    ('es', 2, '911, si hay una sobredosis ahora', 'Llama al 911. Da naloxona. Da respiración de rescate. Repite la naloxona a los 2 o 3 minutos. Quédate.', '911', NULL),
    ('es', 3, 'Línea Nacional de Ayuda de SAMHSA', 'Orientación e información sobre tratamiento, de día y de noche.', '1-800-662-4357', NULL),
    ('es', 4, 'Crisis Text Line', 'Escribe a una persona capacitada, de día y de noche.', NULL, '741741');
