-- Who is asking: set for one transaction by db/principal.py, read by every row-level policy.
-- An unset setting is the empty string in a pooled connection, hence nullif.

CREATE FUNCTION me() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('cairn.person', true), '')::uuid;

CREATE FUNCTION on_the_clock() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
    RETURN current_setting('cairn.duty', true) = 'clock';

CREATE FUNCTION at_the_door() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
    RETURN current_setting('cairn.duty', true) = 'door';

-- btree's order for uuid as a range, so that an exclusion constraint needs no extension.
CREATE TYPE uuidrange AS RANGE (subtype = uuid);

-- The app's role owns nothing and gets each right by name.
GRANT USAGE ON SCHEMA public TO cairn_app;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
