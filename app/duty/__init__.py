"""Duty: who is there to answer, and when."""
