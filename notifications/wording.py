"""The one line that a lock screen shows, and what a letter says.

That somebody is in care is itself protected, and a lock screen, a push service and a mailbox are strangers. So neither
holds a name, drug, diagnosis, score or clinic, and reminders of different kinds read the same.
"""

from notifications.models import Kind, LetterKind, Post

FALLBACK = "en"

_REMINDER = {"en": "You have a reminder", "es": "Tienes un recordatorio"}
_PLEASE_LOOK = {"en": "Please open the app now", "es": "Abre la aplicación ahora, por favor"}

_LINES = {
    Kind.ACCOUNT: _REMINDER,
    Kind.ALERT: _PLEASE_LOOK,
    Kind.APPOINTMENT: _REMINDER,
    Kind.MEDICATION: _REMINDER,
    Kind.MESSAGE: _REMINDER,
    Kind.PRIVACY: _REMINDER,
}


def line(kind: Kind, language: str) -> str:
    """The neutral line in the person's language; in English where we do not speak it."""
    spoken = _LINES[kind]
    return spoken.get(language, spoken[FALLBACK])


_SUBJECTS = {
    "code": {"en": "Your code", "es": "Tu código"},
    "invitation": {"en": "Your link", "es": "Tu enlace"},
}
_SAID = {
    ("code", "email"): {
        "en": "Your code is {what}.\n\nIt works once, within 10 minutes. Nobody will ever ask you for it.\n"
        "If you did not ask for it, you need not do anything.\n",
        "es": "Tu código es {what}.\n\nSirve una sola vez, durante 10 minutos. Nadie te lo pedirá nunca.\n"
        "Si no lo has pedido, no tienes que hacer nada.\n",
    },
    ("code", "sms"): {
        "en": "Your code is {what}. It works once, within 10 minutes. Nobody will ever ask you for it.",
        "es": "Tu código es {what}. Sirve una sola vez, durante 10 minutos. Nadie te lo pedirá nunca.",
    },
    ("invitation", "email"): {
        "en": "Here is your link. It opens with the key that you are given apart from it.\n\n{what}\n\n"
        "It works once, within 7 days. If you did not expect it, you need not do anything.\n",
        "es": "Aquí tienes tu enlace. Se abre con la clave que te dan aparte.\n\n{what}\n\n"
        "Sirve una sola vez, durante 7 días. Si no lo esperabas, no tienes que hacer nada.\n",
    },
    ("invitation", "sms"): {
        "en": "Your link, which opens with the key you are given apart from it: {what}",
        "es": "Tu enlace, que se abre con la clave que te dan aparte: {what}",
    },
}


def letter(kind: LetterKind, post: Post, language: str, what: str) -> tuple[str, str]:
    """The subject and the words of a letter around its code or link, in the person's language."""
    subject, said = _SUBJECTS[kind], _SAID[kind, post]
    return subject.get(language, subject[FALLBACK]), said.get(language, said[FALLBACK]).format(what=what)
