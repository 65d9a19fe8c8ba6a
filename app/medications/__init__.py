"""Medication: when somebody has chosen to be reminded, and what they say about it."""
