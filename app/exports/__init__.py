"""A patient takes their record with them: all of it, for machines (FHIR R4) and for people (one page)."""
