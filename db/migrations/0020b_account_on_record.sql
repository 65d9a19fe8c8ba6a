-- What becomes of somebody's ways to sign in stands in the audit as well, whoever did it and by whatever way.
-- `audit_security` is made where the audit is.

CREATE FUNCTION account_is_audited() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM audit_security('change', 'ways-to-sign-in', NEW.person_id, NEW.subject_id, NEW.kind);
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION account_is_audited FROM PUBLIC;
CREATE TRIGGER on_record AFTER INSERT ON account_event FOR EACH ROW EXECUTE FUNCTION account_is_audited();
