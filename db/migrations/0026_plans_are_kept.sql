-- A function in plain SQL that is not put into the statement around it is planned anew each time that it is called; one
-- in PL/pgSQL keeps its plans for as long as the connection lives. These are asked by nearly every statement.
CREATE OR REPLACE FUNCTION patients_for(did text, about text) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 50 AS $$
BEGIN
    RETURN QUERY SELECT near FROM patients_unlocked_for(did, about) AS near
    WHERE near = me() OR NOT EXISTS (SELECT FROM closure c WHERE c.patient_id = near AND c.closed_at IS NOT NULL);
END $$;

CREATE OR REPLACE FUNCTION patients_once_for(did text, about text) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 10 AS $$
BEGIN
    RETURN QUERY SELECT near FROM patients_once_unlocked_for(did, about) AS near
    WHERE NOT EXISTS (SELECT FROM closure c WHERE c.patient_id = near AND c.closed_at IS NOT NULL);
END $$;

CREATE OR REPLACE FUNCTION concerns(patients uuid[]) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN concerns_unlocked(patients) OR NOT EXISTS (SELECT FROM unnest(patients) AS one WHERE NOT oversees(one));
END $$;

CREATE OR REPLACE FUNCTION data_keys_of(owners uuid[], versions integer[])
RETURNS TABLE (person_id uuid, version integer, ring_key text, wrapped bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 5 AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY SELECT k.person_id, k.version, k.ring_key, k.wrapped
    FROM unnest(owners, versions) AS wanted (person_id, version) JOIN data_key k USING (person_id, version);
END $$;

CREATE OR REPLACE FUNCTION newest_data_key(whose uuid)
RETURNS TABLE (person_id uuid, version integer, ring_key text, wrapped bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY SELECT k.person_id, k.version, k.ring_key, k.wrapped FROM data_key k
    WHERE k.person_id = whose ORDER BY k.version DESC LIMIT 1;
END $$;

CREATE OR REPLACE FUNCTION data_keys_live(whose uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN NOT EXISTS (SELECT FROM data_key WHERE person_id = whose AND destroyed_at IS NOT NULL);
END $$;

-- The same promise as before. What nearly every call is, one row about the caller, is written with the least work.
CREATE OR REPLACE FUNCTION audit(did text, about text, patients uuid[], subject uuid, why text DEFAULT NULL,
                                 under uuid DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    self uuid := me();
    doing text := coalesce(current_setting('cairn.duty', true), '');
    -- Whoever has a feed's address is nobody whom we know.
    actor uuid := CASE WHEN doing = 'feed' THEN NULL ELSE self END;
    asked uuid := nullif(current_setting('cairn.request', true), '')::uuid;
    during uuid := nullif(current_setting('cairn.session', true), '')::uuid;
    reason text := coalesce(why, nullif(current_setting('cairn.purpose', true), ''));
    allowed uuid := coalesce(under, nullif(current_setting('cairn.consent', true), '')::uuid);
    held text[];
    call bigint;
BEGIN
    IF cardinality(patients) = 0 THEN RETURN; END IF;
    IF patients <> ARRAY[self] AND NOT concerns(patients) THEN
        RAISE EXCEPTION 'an audit row is about somebody whom its actor deals with'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF actor IS NOT NULL AND patients <> ARRAY[self] THEN
        held := ARRAY(SELECT role FROM staff_role WHERE person_id = self ORDER BY role);
    END IF;
    IF cardinality(patients) = 1 THEN
        INSERT INTO audit_event (actor_id, actor_roles, duty, request_id, session_id, patient_id, action, category,
                                 subject_id, purpose, consent_id)
        VALUES (actor, held, doing, asked, during, patients[1], did, about, subject, reason, allowed);
        RETURN;
    END IF;
    call := nextval('audit_event_id_seq');
    INSERT INTO audit_event (id, actor_id, actor_roles, duty, request_id, session_id, patient_id, action, category,
                             subject_id, purpose, consent_id, call_id)
    OVERRIDING SYSTEM VALUE
    SELECT CASE WHEN place = 1 THEN call ELSE nextval('audit_event_id_seq') END,
           actor, held, doing, asked, during, patient, did, about, subject, reason, allowed, call
    FROM unnest(patients) WITH ORDINALITY AS given (patient, place);
END $$;
