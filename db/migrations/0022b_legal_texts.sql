-- The texts that come with Cairn, version 1, in plain words: a site replaces any of them by a row of its own. The two
-- notices are the words of § 2.32(a); the others say what §§ 2.22 and 2.31 want said, in words of ours (confirm), and so
-- do the translations.
INSERT INTO legal_text (name, language, version, valid_from, body)
SELECT name, language, 1, '2026-02-16', body FROM (VALUES
    ('form/specific', 'en', 'Permission to share some of my health records

1. Who I am
$patient

2. Who may share
$discloser

3. What may be shared
$what

4. Who may get it
$recipient

5. What it is for
$purpose

6. How I can take this back
$right_to_revoke

7. When this ends
$expires

8. What else I should know
$statements'),
    ('form/specific', 'es', 'Permiso para compartir parte de mi información de salud

1. Quién soy
$patient

2. Quién puede compartir
$discloser

3. Qué se puede compartir
$what

4. Quién puede recibirlo
$recipient

5. Para qué es
$purpose

6. Cómo puedo retirar este permiso
$right_to_revoke

7. Cuándo termina
$expires

8. Qué más debo saber
$statements'),
    ('form/tpo', 'en', 'Permission to share my health records for my treatment, for payment, and to run health care

1. Who I am
$patient

2. Who may share
$discloser

3. What may be shared
$what

4. Who may get it
$recipient

5. What it is for
$purpose

6. How I can take this back
$right_to_revoke

7. When this ends
$expires

8. What else I should know
$statements'),
    ('form/tpo', 'es', 'Permiso para compartir mi información de salud para mi tratamiento, para los pagos y para el funcionamiento de la atención médica

1. Quién soy
$patient

2. Quién puede compartir
$discloser

3. Qué se puede compartir
$what

4. Quién puede recibirlo
$recipient

5. Para qué es
$purpose

6. Cómo puedo retirar este permiso
$right_to_revoke

7. Cuándo termina
$expires

8. Qué más debo saber
$statements'),
    ('form/counselling-notes', 'en', 'Permission to share my counseling notes, and nothing else

1. Who I am
$patient

2. Who may share
$discloser

3. What may be shared
$what

4. Who may get it
$recipient

5. What it is for
$purpose

6. How I can take this back
$right_to_revoke

7. When this ends
$expires

8. What else I should know
$statements'),
    ('form/counselling-notes', 'es', 'Permiso para compartir mis notas de consejería, y nada más

1. Quién soy
$patient

2. Quién puede compartir
$discloser

3. Qué se puede compartir
$what

4. Quién puede recibirlo
$recipient

5. Para qué es
$purpose

6. Cómo puedo retirar este permiso
$right_to_revoke

7. Cuándo termina
$expires

8. Qué más debo saber
$statements'),
    ('form/legal-proceedings', 'en', 'Permission to use my health records in a legal case, and for nothing else

1. Who I am
$patient

2. Who may share
$discloser

3. What may be shared
$what

4. Who may get it
$recipient

5. What it is for
$purpose

6. How I can take this back
$right_to_revoke

7. When this ends
$expires

8. What else I should know
$statements'),
    ('form/legal-proceedings', 'es', 'Permiso para usar mi información de salud en un caso legal, y para nada más

1. Quién soy
$patient

2. Quién puede compartir
$discloser

3. Qué se puede compartir
$what

4. Quién puede recibirlo
$recipient

5. Para qué es
$purpose

6. Cómo puedo retirar este permiso
$right_to_revoke

7. Cuándo termina
$expires

8. Qué más debo saber
$statements'),
    ('discloser/program', 'en', '$organisation and the people who work there'),
    ('discloser/program', 'es', '$organisation y las personas que trabajan allí'),
    ('category/check-in-levels', 'en', 'How I feel each day, as numbers: my mood, my craving, and if I want to talk'),
    ('category/check-in-levels', 'es', 'Cómo me siento cada día, en números: mi ánimo, mis ganas de consumir, y si quiero hablar'),
    ('category/check-ins', 'en', 'My daily check-ins in full: the numbers and what I wrote'),
    ('category/check-ins', 'es', 'Mis respuestas diarias completas: los números y lo que escribí'),
    ('category/assessments', 'en', 'My answers to health questionnaires, such as those about depression or trauma'),
    ('category/assessments', 'es', 'Mis respuestas a cuestionarios de salud, como los de depresión o trauma'),
    ('category/return-to-use', 'en', 'What I have said about using again'),
    ('category/return-to-use', 'es', 'Lo que he dicho sobre volver a consumir'),
    ('category/regimens', 'en', 'My medicines and when I take them'),
    ('category/regimens', 'es', 'Mis medicinas y cuándo las tomo'),
    ('category/dose-log', 'en', 'Which doses I took or skipped'),
    ('category/dose-log', 'es', 'Qué dosis tomé o no tomé'),
    ('category/appointments', 'en', 'My visits and when they are'),
    ('category/appointments', 'es', 'Mis citas y cuándo son'),
    ('category/plan-goals', 'en', 'The goals of my recovery plan'),
    ('category/plan-goals', 'es', 'Las metas de mi plan de recuperación'),
    ('category/counselling-notes', 'en', 'The notes that my counselor wrote about our talks'),
    ('category/counselling-notes', 'es', 'Las notas que mi consejero escribió sobre nuestras conversaciones'),
    ('sensitivity/substance-use', 'en', 'This tells that I am or was in treatment for drug or alcohol use.'),
    ('sensitivity/substance-use', 'es', 'Esto dice que estoy o estuve en tratamiento por consumo de drogas o alcohol.'),
    ('sensitivity/mental-health', 'en', 'This tells about my mental health.'),
    ('sensitivity/mental-health', 'es', 'Esto dice cosas de mi salud mental.'),
    ('recipient/person', 'en', '$person, $organisation'),
    ('recipient/person', 'es', '$person, $organisation'),
    ('recipient/organisation', 'en', 'The people who treat patients at $organisation'),
    ('recipient/organisation', 'es', 'Las personas que atienden pacientes en $organisation'),
    ('recipient/treating-providers', 'en', 'My treating providers, health plans, third-party payers, and people helping to operate this program'),
    ('recipient/treating-providers', 'es', 'Quienes me atienden, los planes de salud, terceros que pagan, y personas que ayudan a que este programa funcione'),
    ('recipient/elsewhere', 'en', '$recipient'),
    ('recipient/elsewhere', 'es', '$recipient'),
    ('purpose/tpo', 'en', 'For treatment, payment, and health care operations, now and in the future'),
    ('purpose/tpo', 'es', 'Para tratamiento, pagos y el funcionamiento de la atención médica, ahora y en el futuro'),
    ('purpose/treatment', 'en', 'For my treatment'),
    ('purpose/treatment', 'es', 'Para mi tratamiento'),
    ('purpose/payment', 'en', 'To pay for my care'),
    ('purpose/payment', 'es', 'Para pagar mi atención'),
    ('purpose/operations', 'en', 'To run health care'),
    ('purpose/operations', 'es', 'Para el funcionamiento de la atención médica'),
    ('purpose/at-my-request', 'en', 'At my request'),
    ('purpose/at-my-request', 'es', 'Porque yo lo pido'),
    ('purpose/legal-proceedings', 'en', 'For a civil, criminal, administrative, or legislative case'),
    ('purpose/legal-proceedings', 'es', 'Para un caso civil, penal, administrativo o legislativo'),
    ('expiry/date', 'en', 'On $date'),
    ('expiry/date', 'es', 'El $date'),
    ('expiry/end-of-treatment', 'en', 'When my treatment at $organisation ends'),
    ('expiry/end-of-treatment', 'es', 'Cuando termine mi tratamiento en $organisation'),
    ('expiry/end-of-proceedings', 'en', 'When the case is over'),
    ('expiry/end-of-proceedings', 'es', 'Cuando termine el caso'),
    ('expiry/none', 'en', 'It has no end date. It lasts until I take it back.'),
    ('expiry/none', 'es', 'No tiene fecha de fin. Vale hasta que yo lo retire.'),
    ('statement/right-to-revoke', 'en', 'I can take this permission back at any time. I can do it in this app, under “Who may see what”, or in writing to the program. From then on nobody may read by it. What was already shared while it held cannot be taken back.'),
    ('statement/right-to-revoke', 'es', 'Puedo retirar este permiso en cualquier momento. Puedo hacerlo en esta aplicación, en “Quién puede ver qué”, o por escrito al programa. Desde ese momento nadie puede leer con este permiso. Lo que ya se compartió mientras valía no se puede retirar.'),
    ('statement/redisclosure', 'en', 'Those who get my records may share them again as health privacy law (HIPAA) allows, and then the special protection of this program''s records (42 CFR part 2) may no longer apply. But my records may not be used in a civil, criminal, administrative, or legislative case against me, unless I allow it in writing or a court orders it.'),
    ('statement/redisclosure', 'es', 'Quienes reciben mi información pueden volver a compartirla como lo permite la ley de privacidad de la salud (HIPAA), y entonces la protección especial de los registros de este programa (42 CFR parte 2) puede dejar de aplicarse. Pero mi información no se puede usar en un caso civil, penal, administrativo o legislativo contra mí, a menos que yo lo permita por escrito o lo ordene un tribunal.'),
    ('statement/refusing', 'en', 'I do not have to sign this. My program will still treat me if I do not sign. If I do not sign, the people named above cannot see these records, and I may have to tell them myself.'),
    ('statement/refusing', 'es', 'No tengo que firmar esto. Mi programa me seguirá atendiendo si no firmo. Si no firmo, las personas nombradas arriba no pueden ver esta información, y quizá tenga que contárselo yo.'),
    ('statement/counselling-notes', 'en', 'This permission is for counseling notes only. My care does not depend on it.'),
    ('statement/counselling-notes', 'es', 'Este permiso es solo para las notas de consejería. Mi atención no depende de él.'),
    ('statement/legal-proceedings', 'en', 'This permission is for one legal case only. It does not let anybody see my records for anything else.'),
    ('statement/legal-proceedings', 'es', 'Este permiso es solo para un caso legal. No deja que nadie vea mi información para otra cosa.'),
    ('statement/signature', 'en', 'Signing here with my name counts as much as signing on paper. I get a copy of exactly what I signed.'),
    ('statement/signature', 'es', 'Firmar aquí con mi nombre vale tanto como firmar en papel. Recibo una copia exacta de lo que firmé.'),
    ('notice/short', 'en', '42 CFR part 2 prohibits unauthorized use or disclosure of these records.'),
    ('notice/short', 'es', 'La norma 42 CFR parte 2 prohíbe el uso o la divulgación no autorizados de estos registros.'),
    ('notice/long', 'en', 'This record which has been disclosed to you is protected by Federal confidentiality rules (42 CFR part 2). These rules prohibit you from using or disclosing this record, or testimony that describes the information contained in this record, in any civil, criminal, administrative, or legislative proceedings by any Federal, State, or local authority, against the patient, unless authorized by the consent of the patient, except as provided at 42 CFR 2.12(c)(5) or as otherwise authorized by a court in accordance with 42 CFR 2.64 or 2.65. In addition, the Federal rules prohibit you from making any other use or disclosure of this record unless at least one of the following applies: (i) Further use or disclosure is expressly permitted by the written consent of the individual whose information is being disclosed in this record or as otherwise permitted by 42 CFR part 2. (ii) You are a covered entity or business associate and have received the record for treatment, payment, or health care operations, or (iii) You have received the record from a covered entity or business associate as permitted by 45 CFR part 164, subparts A and E. A general authorization for the release of medical or other information is NOT sufficient to meet the required elements of written consent to further use or redisclose the record (see 42 CFR 2.31).'),
    ('notice/long', 'es', 'Este registro que se le ha divulgado está protegido por normas federales de confidencialidad (42 CFR parte 2). Estas normas le prohíben usar o divulgar este registro, o un testimonio que describa la información que contiene, en cualquier procedimiento civil, penal, administrativo o legislativo de una autoridad federal, estatal o local contra el paciente, a menos que lo autorice el consentimiento del paciente, salvo lo previsto en 42 CFR 2.12(c)(5) o lo que autorice un tribunal conforme a 42 CFR 2.64 o 2.65. Además, las normas federales le prohíben cualquier otro uso o divulgación de este registro, a menos que se cumpla al menos una de estas condiciones: (i) El uso o la divulgación posterior está expresamente permitido por el consentimiento escrito de la persona cuya información se divulga en este registro, o de otro modo por 42 CFR parte 2. (ii) Usted es una entidad cubierta o un socio comercial y recibió el registro para tratamiento, pagos o el funcionamiento de la atención médica, o (iii) Usted recibió el registro de una entidad cubierta o de un socio comercial como lo permite 45 CFR parte 164, subpartes A y E. Una autorización general para divulgar información médica o de otro tipo NO basta para cumplir los elementos exigidos de un consentimiento escrito para usar o volver a divulgar el registro (vea 42 CFR 2.31).')
) AS ours (name, language, body);

-- What the law lets vary: each with the day from which it holds, and where it says so.
INSERT INTO legal_parameter (name, valid_from, valid_until, value, source) VALUES
    ('accounting-years', '2026-02-16', NULL, '3', '42 CFR 2.25(a); required once HHS has revised 45 CFR 164.528, given here before that (confirm)'),
    ('break-glass-minutes', '2026-02-16', NULL, '60', 'Ours: 42 CFR 2.51 limits a disclosure to what the emergency needs and names no time'),
    ('consent-days', '2026-02-16', NULL, '365', 'Ours: the day that a form proposes; 42 CFR 2.31(a)(7) names none'),
    ('disclosure-notice', '2026-02-16', NULL, 'notice/short', '42 CFR 2.32(a)(2); notice/long is that of (a)(1)'),
    ('dea-telemedicine-prescribing', '2020-03-16', '2027-01-01', 'allowed', 'DEA and HHS, temporary extension of the COVID-19 telemedicine flexibilities, through 31 December 2026 (confirm)');
