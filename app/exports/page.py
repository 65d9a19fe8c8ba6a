"""A record as one page that opens anywhere: no script, nothing from elsewhere, good on paper."""

from base64 import b64encode
from collections.abc import Callable, Iterable
from datetime import date, datetime
from hashlib import sha256
from html import escape
from zoneinfo import ZoneInfo

from app.exports.models import Answer, Record, Regimen

STYLE = """
:root { --ink: #1d2b2a; --soft: #566664; --line: #d8dfdc; --paper: #fff; --wash: #f3f6f4; --mark: #0f6b5c; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--wash); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 52rem; margin: 0 auto; padding: 3rem 1.5rem 5rem; background: var(--paper); min-height: 100vh; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .75rem; padding-top: 1.25rem; border-top: 3px solid var(--mark); }
p { margin: .4rem 0; } .soft, caption { color: var(--soft); } caption { text-align: left; padding-bottom: .5rem; }
table { width: 100%; border-collapse: collapse; font-size: .95rem; }
th, td { text-align: left; vertical-align: top; padding: .5rem .75rem .5rem 0; border-bottom: 1px solid var(--line);
  overflow-wrap: anywhere; }
th { font-weight: 600; color: var(--soft); } td.words { white-space: pre-wrap; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.notice { margin-top: 2rem; padding: 1rem; border: 1px solid var(--line); border-radius: .5rem; font-size: .9rem; }
nav ul { columns: 2; padding-left: 1.2rem; } a { color: var(--mark); }
@media (max-width: 40rem) { nav ul { columns: 1; } main { padding: 1.5rem 1rem; } table { font-size: .8rem; }
  th, td { padding-right: .4rem; } }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6eeeb; --soft: #a3b3af; --line: #35443f; --paper: #16211e; --wash: #101816; --mark: #6fd3bd; }
}
@media print {
  :root { --ink: #000; --soft: #333; --line: #999; --paper: #fff; --wash: #fff; --mark: #000; }
  body { font-size: 10.5pt; } main { padding: 0; max-width: none; } nav { display: none; }
  tr, h2 { break-inside: avoid; } h2 { break-after: avoid; } thead { display: table-header-group; }
}
"""

_WORDS = {
    "en": {
        "title": "My record", "made": "Put together on {at} by {house}.", "contents": "What is in it",
        "who": "About me", "name": "Name", "language": "Language", "zone": "Time zone", "since": "Here since",
        "contact": "Contact", "phone": "Phone", "team": "My care team", "role": "Role", "from": "From", "to": "Until",
        "visits": "Appointments", "when": "When", "with": "With", "what": "What", "status": "What became of it",
        "answers": "How I was", "day": "Day", "mood": "Mood", "craving": "Craving", "words": "My words",
        "scales": "Mood and craving are my own ratings from 0 to 10. They are not a validated test.",
        "amended": "changed later", "danger": "I said that I may be in danger", "talk": "I wanted to talk",
        "sleep": "hours of sleep", "triggers": "what was hard", "used": "used", "none-used": "nothing",
        "medication": "medication taken", "yes": "yes", "no": "no", "none-due": "none due",
        "medicines": "My medicines", "medicine": "Medicine", "times": "Times", "prescriber": "Prescribed by",
        "lines": "What I wrote with my care team",
        "doses": "Doses that I answered", "alerts": "When somebody was alerted", "reasons": "Why",
        "closed": "Closed", "looks": "Who looked at my record or changed it", "by": "Who", "system": "Cairn",
        "me": "Me", "nothing": "Nothing.", "open": "open", "now": "now",
        "notice": "42 CFR part 2 prohibits unauthorized use or disclosure of these records. They are yours: keep this "
        "file where nobody else opens it. The file record.fhir.json beside it holds the same for other programs.",
        "booked": "booked", "fulfilled": "took place", "cancelled": "cancelled", "noshow": "did not take place",
        "taken": "taken", "skipped": "skipped", "active": "active", "stopped": "stopped",
    },
    "es": {
        "title": "Mi expediente", "made": "Reunido el {at} por {house}.", "contents": "Qué contiene",
        "who": "Sobre mí", "name": "Nombre", "language": "Idioma", "zone": "Zona horaria", "since": "Aquí desde",
        "contact": "Contacto", "phone": "Teléfono", "team": "Mi equipo", "role": "Función", "from": "Desde",
        "to": "Hasta", "visits": "Citas", "when": "Cuándo", "with": "Con", "what": "Qué", "status": "Qué pasó",
        "answers": "Cómo estuve", "day": "Día", "mood": "Ánimo", "craving": "Ganas de consumir",
        "words": "Mis palabras",
        "scales": "El ánimo y las ganas de consumir son mis propias notas de 0 a 10. No son una prueba validada.",
        "amended": "cambiado después", "danger": "Dije que podía estar en peligro", "talk": "Quería hablar",
        "sleep": "horas de sueño", "triggers": "lo que fue difícil", "used": "usé", "none-used": "nada",
        "medication": "tomé mi medicación", "yes": "sí", "no": "no", "none-due": "no tocaba",
        "medicines": "Mis medicinas", "medicine": "Medicina", "times": "Horas", "prescriber": "Recetada por",
        "lines": "Lo que escribí con mi equipo",
        "doses": "Dosis que contesté", "alerts": "Cuándo se avisó a alguien", "reasons": "Por qué",
        "closed": "Cerrado", "looks": "Quién miró o cambió mi expediente", "by": "Quién", "system": "Cairn",
        "me": "Yo", "nothing": "Nada.", "open": "abierto", "now": "ahora",
        "notice": "La norma 42 CFR parte 2 prohíbe usar o divulgar estos registros sin autorización. Son tuyos: guarda "
        "este archivo donde nadie más lo abra. El archivo record.fhir.json contiene lo mismo para otros programas.",
        "booked": "reservada", "fulfilled": "se realizó", "cancelled": "cancelada", "noshow": "no se realizó",
        "taken": "tomada", "skipped": "omitida", "active": "activa", "stopped": "terminada",
    },
}  # fmt: skip
_NAMES = {"en": "my-record.html", "es": "mi-expediente.html"}
_SECTIONS = ("who", "team", "visits", "answers", "lines", "medicines", "doses", "alerts", "looks")

Say = Callable[[str], str]


def name(language: str) -> str:
    """What the page's file is called."""
    return _NAMES.get(language, _NAMES["en"])


def html(record: Record) -> str:
    """The page. Whatever anybody wrote is text in it and nothing else; its own policy lets nothing run or load."""
    words = _WORDS.get(record.who.language, _WORDS["en"])

    def say(word: str) -> str:
        return words.get(word, word)

    policy = f"default-src 'none'; style-src 'sha256-{_hash(STYLE)}'; base-uri 'none'; form-action 'none'"
    made = say("made").format(at=_at(record.made_at, record), house=record.who.organisation)
    contents = "".join(f'<li><a href="#{one}">{_text(say(one))}</a></li>' for one in _SECTIONS)
    sections = "".join(_section(one, say, body) for one, body in _bodies(record, say).items())
    return (
        f'<!doctype html><html lang="{_text(record.who.language)}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{_text(say('title'))}</title><style>{STYLE}</style></head><body><main>"
        f'<h1>{_text(say("title"))}</h1><p>{_text(record.who.name)}</p><p class="soft">{_text(made)}</p>'
        f'<nav aria-label="{_text(say("contents"))}"><ul>{contents}</ul></nav>'
        f'{sections}<p class="notice">{_text(say("notice"))}</p></main></body></html>\n'
    )


def _bodies(record: Record, say: Say) -> dict[str, str]:
    return {
        "who": _about(record, say),
        "team": _table(say, ("name", "role", "from", "to"), (
            (_text(one.name), _text(", ".join(one.roles)), _day(one.joined_at, record),
             _day(one.left_at, record) if one.left_at else _text(say("now")))
            for one in record.team)),
        "visits": _table(say, ("when", "with", "what", "status"), (
            (_at(one.starts_at, record), _text(one.staff), _text(one.kind), _text(say(one.status)))
            for one in record.visits)),
        "answers": f'<p class="soft">{_text(say("scales"))}</p>' + _table(
            say, ("day", "mood", "craving", "words"), _answers(record.answers, say), numbers=(1, 2), words=(3,)),
        "lines": _table(say, ("when", "with", "by", "words"), (
            (_at(one.sent_at, record), _text(one.staff), _text(say("me") if one.by_patient else one.staff),
             _text(one.text))
            for one in record.lines), words=(3,)),
        "medicines": _table(say, ("medicine", "times", "prescriber", "from", "to", "status"), (
            _medicine(one, say) for one in record.regimens)),
        "doses": _table(say, ("when", "medicine", "status"), (
            (_at(one.due_at, record), _text(one.medicine), _text(say(one.state))) for one in record.doses)),
        "alerts": _table(say, ("when", "reasons", "closed"), (
            (_at(one.opened_at, record), _text(", ".join(one.reasons)),
             _at(one.closed_at, record) if one.closed_at else _text(say("open")))
            for one in record.alarms)),
        "looks": _table(say, ("when", "by", "what"), (
            (_at(one.at, record),
             _text(say("me") if one.actor_id == record.who.id else one.actor or say("system")),
             _text(f"{one.action} {one.category}"))
            for one in record.looks)),
    }  # fmt: skip


def _about(record: Record, say: Say) -> str:
    who = record.who
    rows = [
        ("name", who.name),
        ("language", who.language),
        ("zone", who.time_zone),
        ("since", _day(who.created_at, record)),
    ]
    rows += [("contact", one.value) for one in record.contacts]
    rows += [("phone", f"{one.platform}, {_day(one.registered_at, record)}") for one in record.phones]
    return "<table><tbody>" + "".join(
        f'<tr><th scope="row">{_text(say(word))}</th><td>{_text(value)}</td></tr>' for word, value in rows
    ) + "</tbody></table>"  # fmt: skip


def _answers(answers: list[Answer], say: Say) -> Iterable[tuple[str, ...]]:
    latest = {one.day: one.version for one in answers}
    for one in answers:
        said = [one.note] if one.note else []
        said += [f"[{say('danger')}]"] if one.in_danger else []
        said += [f"[{say('talk')}]"] if one.wants_to_talk else []
        said += [f"[{say('sleep')}: {one.sleep_hours}]"] if one.sleep_hours is not None else []
        said += [f"[{say('triggers')}: {', '.join(one.triggers)}]"] if one.triggers else []
        said += [f"[{say('used')}: {', '.join(one.used) or say('none-used')}]"] if one.used is not None else []
        said += [f"[{say('medication')}: {say(one.medication_taken)}]"] if one.medication_taken else []
        said += [f"[{say('amended')}]"] if one.version < latest[one.day] else []
        yield _date(one.day), str(one.mood), str(one.craving), _text("\n".join(said))


def _medicine(one: Regimen, say: Say) -> tuple[str, ...]:
    return (
        _text(one.medicine), _text(", ".join(one.times)), _text(one.prescriber), _date(one.starts_on),
        _date(one.ends_on) if one.ends_on else "", _text(say(one.status)),
    )  # fmt: skip


def _section(word: str, say: Say, body: str) -> str:
    return f'<section id="{word}"><h2>{_text(say(word))}</h2>{body}</section>'


def _table(
    say: Say,
    heads: tuple[str, ...],
    rows: Iterable[tuple[str, ...]],
    *,
    numbers: tuple[int, ...] = (),
    words: tuple[int, ...] = (),
) -> str:
    """A table, or a word that there is nothing; cells are escaped already."""
    kinds = [' class="number"' if n in numbers else ' class="words"' if n in words else "" for n in range(len(heads))]
    body = "".join(
        "<tr>" + "".join(f"<td{kind}>{cell}</td>" for kind, cell in zip(kinds, row, strict=True)) + "</tr>"
        for row in rows
    )
    if not body:
        return f'<p class="soft">{_text(say("nothing"))}</p>'
    head = "".join(f'<th scope="col"{kind}>{_text(say(one))}</th>' for kind, one in zip(kinds, heads, strict=True))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _text(text: str) -> str:
    return escape(text, quote=True)


def _at(instant: datetime, record: Record) -> str:
    return f"{instant.astimezone(ZoneInfo(record.who.time_zone)):%Y-%m-%d %H:%M}"


def _day(instant: datetime, record: Record) -> str:
    return f"{instant.astimezone(ZoneInfo(record.who.time_zone)):%Y-%m-%d}"


def _date(day: date) -> str:
    return day.isoformat()


def _hash(style: str) -> str:
    return b64encode(sha256(style.encode()).digest()).decode()
