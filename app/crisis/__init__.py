"""The crisis card: numbers that always work."""
