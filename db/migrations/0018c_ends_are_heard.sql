-- Whatever ends a session or changes what somebody may do is heard by every process, also where it is a function or a
-- hand that knows nothing of bells: open streams and sockets are asked whether they may go on. It is rare, so the lock
-- that a NOTIFY holds through the commit costs nobody anything.
CREATE FUNCTION rights_have_changed() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_notify('cairn', 'events:' || replace(coalesce(NEW.person_id, OLD.person_id)::text, '-', '')
                               || E'\nsessions');
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION rights_have_changed FROM PUBLIC;
CREATE TRIGGER an_end_is_heard AFTER UPDATE OF ended_at ON session
FOR EACH ROW WHEN (NEW.ended_at IS NOT NULL AND OLD.ended_at IS NULL) EXECUTE FUNCTION rights_have_changed();
CREATE TRIGGER a_change_is_heard AFTER INSERT OR UPDATE OR DELETE ON staff_role
FOR EACH ROW EXECUTE FUNCTION rights_have_changed();
