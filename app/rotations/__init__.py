"""Rotations: whose turn it is to be on duty, planned in the wall time of a place."""
