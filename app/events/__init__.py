"""Live events: what changed, for the people whom it concerns."""
