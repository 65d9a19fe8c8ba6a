"""Phones: where a person's reminders ring."""
