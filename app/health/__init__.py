"""Whether this server is well."""
