-- Nothing that was plain is dropped before it has been sealed: `python3 -m app migrate` has done so in batches, and does
-- it once more where a process of the release before has written meanwhile.
LOCK TABLE check_in, address IN ACCESS EXCLUSIVE MODE;
DO $$ BEGIN
    IF EXISTS (SELECT FROM check_in WHERE note <> '' AND note_sealed IS NULL)
       OR EXISTS (SELECT FROM address WHERE value IS NOT NULL AND value_sealed IS NULL) THEN
        RAISE EXCEPTION 'plain text is left that has not been sealed' USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
END $$;

DROP TRIGGER seal_again ON address;
DROP FUNCTION seal_again;
DROP FUNCTION close_address_elsewhere(text, text, timestamptz);
ALTER TABLE check_in DROP note;
ALTER TABLE address DROP value;

-- A phone that rings no more has no token here.
UPDATE address SET value_sealed = NULL, value_index = NULL WHERE closed_at IS NOT NULL;
ALTER TABLE address ADD CHECK (closed_at IS NOT NULL OR value_sealed IS NOT NULL AND value_index IS NOT NULL);
CREATE UNIQUE INDEX address_open_once ON address (kind, value_index) WHERE closed_at IS NULL;

-- A push token that turns up at another person's sign-in has moved with the phone: the former owner's rings no more.
CREATE FUNCTION close_address_elsewhere(of_kind text, of_index bytea, at timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE address SET closed_at = at, closed_because = 'replaced', value_sealed = NULL, value_index = NULL
    WHERE kind = of_kind AND value_index = of_index AND closed_at IS NULL
$$;
REVOKE ALL ON FUNCTION close_address_elsewhere FROM PUBLIC;
GRANT EXECUTE ON FUNCTION close_address_elsewhere TO cairn_app;
