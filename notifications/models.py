"""The words that reaching people is spoken in."""

from enum import StrEnum


class Kind(StrEnum):
    """What a notification is about; it never leaves the database for a push service."""

    ALERT = "alert"
    APPOINTMENT = "appointment"
    MEDICATION = "medication"


class Lane(StrEnum):
    """Urgent deliveries never wait behind ordinary ones."""

    URGENT = "urgent"
    ORDINARY = "ordinary"

    @property
    def bell(self) -> str:
        """The name that is rung when something was committed to this lane."""
        return f"notifications.{self}"
