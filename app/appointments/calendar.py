"""Appointments as iCalendar (RFC 5545), for a calendar that strangers may look at: when, and nothing else."""

from collections.abc import Sequence
from datetime import timedelta

from icalendar import Calendar, Event

from app.appointments.models import FeedEntry

_SUMMARY = {"en": "Appointment", "es": "Cita"}
REFRESH = timedelta(minutes=15)


def rendered(entries: Sequence[FeedEntry], language: str) -> bytes:
    """One neutral event for each entry: no name, no kind, no place. The same entries give the same bytes.

    It has no METHOD, since whoever publishes must say who the organizer is (RFC 5546 § 3.2.1).
    """
    calendar = Calendar()
    calendar.add("prodid", "-//Cairn//Appointments//EN")
    calendar.add("version", "2.0")
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    for entry in entries:
        calendar.add_component(_event(entry, _SUMMARY.get(language, _SUMMARY["en"])))
    shown: bytes = calendar.to_ical()
    return shown


def _event(entry: FeedEntry, summary: str) -> Event:
    event = Event()
    event.add("uid", str(entry.id))
    event.add("dtstamp", entry.changed_at)
    event.add("last-modified", entry.changed_at)
    event.add("dtstart", entry.starts_at)
    event.add("dtend", entry.ends_at)
    event.add("summary", summary)
    event.add("class", "PRIVATE")
    return event
