"""Reaching people, tried on a real database and against a server that answers as Google does."""
