-- The row of a session says by which factor it began, and why it ended.
CREATE OR REPLACE FUNCTION session_is_audited() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM audit_security('sign-in', 'sessions', NEW.person_id, NEW.id, NEW.signed_in_by);
    ELSE
        PERFORM audit_security('sign-out', 'sessions', NEW.person_id, NEW.id, NEW.ended_because);
    END IF;
    RETURN NULL;
END $$;
