"""Where people are written to: sealed, found by a blind index, and verified before anything depends on them."""
