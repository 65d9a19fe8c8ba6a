-- no-transaction
-- A dropped column stays in the rows until they are written anew. Backups and WAL of before this moment still hold it.
VACUUM (FULL) check_in, address;
