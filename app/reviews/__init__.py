"""How an alert went: all that happened to it, and what a supervisor found."""
