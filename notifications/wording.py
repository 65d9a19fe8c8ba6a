"""The one line that a lock screen shows.

That somebody is in care is itself protected, and a lock screen and a push service are strangers. So a line holds no
name, drug, diagnosis, score or clinic, and reminders of different kinds read the same.
"""

from notifications.models import Kind

FALLBACK = "en"

_REMINDER = {"en": "You have a reminder", "es": "Tienes un recordatorio"}
_PLEASE_LOOK = {"en": "Please open the app now", "es": "Abre la aplicación ahora, por favor"}

_LINES = {
    Kind.ACCOUNT: _REMINDER,
    Kind.ALERT: _PLEASE_LOOK,
    Kind.APPOINTMENT: _REMINDER,
    Kind.MEDICATION: _REMINDER,
    Kind.PRIVACY: _REMINDER,
}


def line(kind: Kind, language: str) -> str:
    """The neutral line in the person's language; in English where we do not speak it."""
    spoken = _LINES[kind]
    return spoken.get(language, spoken[FALLBACK])
