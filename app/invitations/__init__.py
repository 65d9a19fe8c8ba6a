"""Patients are invited by staff: a link, and a key that travels apart from it."""
