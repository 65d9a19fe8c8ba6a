"""Alerts: somebody needs an answer, and somebody gives it."""
