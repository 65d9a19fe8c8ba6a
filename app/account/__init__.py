"""How somebody signs in: what they hold to show who they are, and what became of it."""
