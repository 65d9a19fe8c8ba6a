"""A standing cast of people, for the demo and for the tests, and a day of care played by them."""
