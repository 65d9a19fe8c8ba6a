"""Consent across organisations, its accounting, and the glass that is broken in an emergency."""
