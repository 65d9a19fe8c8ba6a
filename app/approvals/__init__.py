"""Another device of one's own says that a new one is, too, by the number that the new one shows."""
