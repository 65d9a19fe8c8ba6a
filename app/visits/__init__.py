"""Visits: who may enter which, and when."""
