"""Daily check-ins: how a patient feels, in their own words and on their own day."""
