-- Whoever sets or ends a hold on a locked record writes that down, although no relation reaches the record any more.
DO $$
DECLARE
    about text := pg_get_functiondef('concerns(uuid[])'::regprocedure);
BEGIN
    EXECUTE replace(about, 'FUNCTION public.concerns(', 'FUNCTION public.concerns_unlocked(');
END $$;
CREATE OR REPLACE FUNCTION concerns(patients uuid[]) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT CASE WHEN concerns_unlocked(patients) THEN true
                ELSE NOT EXISTS (SELECT FROM unnest(patients) AS one WHERE NOT oversees(one)) END
$$;
REVOKE ALL ON FUNCTION concerns_unlocked FROM PUBLIC;
