-- Where the operator allows it, the provider's word for an address makes the first link: for staff who have verified that
-- address here and have no factor yet. Whoever has one says in a session of their own who they are at the provider.

CREATE FUNCTION link_by_mail(number uuid, whom uuid, of_issuer text, of_subject text, at timestamptz) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH linked AS (
        INSERT INTO provider_link (id, person_id, issuer, subject, linked_at)
        SELECT number, p.id, of_issuer, of_subject, at FROM person p
        WHERE p.id = whom AND p.kind = 'staff' AND at_the_door() AND NOT factor_of(p.id)
        ON CONFLICT DO NOTHING
        RETURNING id, person_id
    ), told AS (
        INSERT INTO account_event (id, person_id, at, kind, subject_id)
        SELECT gen_random_uuid(), person_id, at, 'provider-linked', id FROM linked
    )
    SELECT EXISTS (SELECT FROM linked)
$$;
REVOKE ALL ON FUNCTION link_by_mail FROM PUBLIC;
GRANT EXECUTE ON FUNCTION link_by_mail TO cairn_app;
