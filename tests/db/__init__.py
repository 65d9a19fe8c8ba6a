"""The database, tried on servers of our own."""
