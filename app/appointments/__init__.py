"""Appointments: when somebody has time, and that time kept for one patient."""
