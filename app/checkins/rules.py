"""What a check-in may be, what we say back, and what the last days come to."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from statistics import fmean
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import structs

from app.alerts.models import Opened
from app.auth import Signed
from app.checkins.models import (
    CheckIn,
    Kept,
    NewCheckIn,
    RecordedCheckIn,
    Streak,
    Trend,
    TrendDay,
    Unanswered,
    Window,
)
from app.errors import FieldError, FullAssuranceNeeded, Invalid
from app.escalation.rules import CRISIS
from app.people.rules import today
from app.questions.models import Asked
from app.thresholds.models import Answered

WEEK = timedelta(days=7)
# Which field answers a question, and where it stands on the wire.
ANSWERS: dict[str, tuple[str, str]] = {
    "sleep": ("sleep_hours", "/sleepHours"), "triggers": ("triggers", "/triggers"), "used": ("used", "/used"),
    "medication": ("medication_taken", "/medicationTaken"),
}  # fmt: skip
# A row and an answer have the same fields but for the words.
WORDS, LAST = Kept.__struct_fields__.index("note_sealed"), len(Kept.__struct_fields__)
EARLIEST, LATEST = timedelta(days=60), timedelta(days=2)


def check_day(new: NewCheckIn, now: datetime) -> None:
    """A day far from now is a slip of the finger or of the phone's clock, and would hide in the history.

    Danger is heard whatever the phone takes the time to be.
    """
    if new.in_danger:
        return
    if not -EARLIEST <= new.date - now.date() <= LATEST:
        raise Invalid(FieldError("/date", "out-of-range", "Expected a day from 60 days ago to 2 days ahead."))
    if not -EARLIEST <= new.answered_at - now <= LATEST:
        raise Invalid(
            FieldError("/answeredAt", "out-of-range", "Expected an instant from 60 days ago to 2 days ahead.")
        )


def said(row: Kept, note: str) -> CheckIn:
    """An answer as it was given, with its words where the row has them sealed."""
    values = structs.astuple(row)
    known: list[Any] = [*values[:WORDS], note, *values[WORDS + 1 : LAST]]
    return CheckIn(*known)


def check_asked(new: NewCheckIn, asked: Sequence[Asked]) -> None:
    """What the program needs is answered, and chosen from what it offers; danger is heard whatever is missing.

    What was answered before a question was asked is held to nothing: the phone had no network, and its words are kept.
    """
    held = [] if new.in_danger else [one for one in asked if one.question in ANSWERS and one.since <= new.answered_at]
    wrong = [error for one in held for error in (*_missing(new, one), *_not_a_choice(new, one))]
    if wrong:
        raise Invalid(*wrong)


def _missing(new: NewCheckIn, asked: Asked) -> Sequence[FieldError]:
    name, pointer = ANSWERS[asked.question]
    given = getattr(new, name)
    if asked.required and (given is None or (asked.question == "triggers" and not given)):
        return (FieldError(pointer, "missing", "Your program asks for this one each day."),)
    return ()


def _not_a_choice(new: NewCheckIn, asked: Asked) -> Sequence[FieldError]:
    name, pointer = ANSWERS[asked.question]
    chosen = getattr(new, name) if asked.choices else None
    return [
        FieldError(f"{pointer}/{place}", "not-a-choice", "Expected one of the choices that your program offers.")
        for place, one in enumerate(chosen or [])
        if one not in asked.choices
    ]


def answered(row: Kept) -> Answered:
    """The answer as thresholds judge it."""
    return Answered(
        row.id, row.date, row.version, row.mood, row.craving, row.wants_to_talk, row.in_danger, row.sleep_hours,
        row.used, row.answered_at, row.received_at,
    )  # fmt: skip


def is_the_same(kept: CheckIn, new: NewCheckIn) -> bool:
    """Whether this is the answer that was sent; one that had to be kept without its words is."""
    names = [name for name in NewCheckIn.__struct_fields__ if name != "note"]
    wordless = kept.in_danger and not kept.note
    return (wordless or kept.note == new.note) and all(getattr(kept, name) == getattr(new, name) for name in names)


def check_sure(me: Signed, new: NewCheckIn) -> None:
    """Whoever has the patient's old telephone number by now writes nothing into their record; danger is heard."""
    if not (me.is_sure or new.in_danger):
        raise FullAssuranceNeeded


def untold(answer: RecordedCheckIn) -> RecordedCheckIn:
    """The same for somebody of whom we are not sure: no version and no alert that would tell of what came before."""
    return structs.replace(answer, version=1, alert_id=None)


def needs_card(opened: Opened | None) -> bool:
    """The crisis card comes with every danger, and whenever nobody is there to answer."""
    return opened is not None and opened.alert_class != "p3" and (opened.alert_class in CRISIS or not opened.on_duty)


_SAID = {
    "en": {
        "calm": "Thank you for checking in.",
        "p0": "A clinician on duty has been told just now. If you are in danger, use the numbers below.",
        "p0-nobody": "Nobody at your program is on duty right now. Please use one of the numbers below now.",
        "p1": "A clinician has been told. If you are in danger now, use the numbers below.",
        "p1-nobody": "Nobody at your program is on duty right now. Please use the numbers below if you need someone.",
        "used": "Thank you for telling us: nothing is held against you. A clinician has been told and will reach out.",
        "p2": "Someone who supports you has been told and will reach out. If they cannot, others are asked.",
        "p2-nobody": "Nobody is on duty right now, so nobody has been told yet. The numbers below always answer.",
        "p2-known": "Your supporters already know, and the alert stays open until someone has answered.",
    },
    "es": {
        "calm": "Gracias por contarnos cómo estás.",
        "p0": "Ya avisamos a un profesional de guardia. Si estás en peligro, usa los números de abajo.",
        "p0-nobody": "Ahora no hay nadie de guardia en tu programa. Por favor usa ahora uno de los números de abajo.",
        "p1": "Ya avisamos a un profesional. Si estás en peligro ahora, usa los números de abajo.",
        "p1-nobody": "Ahora no hay nadie de guardia en tu programa. Usa los números de abajo si necesitas a alguien.",
        "used": "Gracias por contarnos: nadie te lo va a reprochar. Ya avisamos a un profesional, que te va a buscar.",
        "p2": "Ya avisamos a quien te apoya y te va a escribir o llamar. Si no puede, preguntamos a otras personas.",
        "p2-nobody": "Ahora no hay nadie de guardia y no avisamos a nadie todavía. Estos números siempre contestan.",
        "p2-known": "Tu equipo ya lo sabe, y el aviso sigue abierto hasta que alguien responda.",
    },
}


def support(opened: Opened | None, language: str, *, used: bool = False) -> str:
    """What happens now, in one honest sentence. What can wait for a day is nobody's to wait for."""
    said = _SAID.get(language, _SAID["en"])
    if opened is None or opened.alert_class == "p3":
        return said["calm"]
    kind = opened.alert_class
    if not opened.on_duty:
        return said[f"{kind}-nobody"]
    if kind == "p1" and used:
        return said["used"]
    return said["p2-known"] if opened.already_open and kind == "p2" else said[kind]


def first_day(today: date, days: int) -> date:
    """The first of the last `days`, today being the last."""
    return today - timedelta(days=days - 1)


def trend(answered: Sequence[TrendDay], today: date, days: int) -> Trend:
    """The last `days` and the means of what was answered; a day without an answer counts for nothing.

    The mean of the week is of the whole week, however few days are shown.
    """
    week = [d for d in answered if first_day(today, WEEK.days) <= d.date <= today]
    shown = [d for d in answered if first_day(today, days) <= d.date <= today]
    return Trend(
        shown,
        _mean([d.mood for d in week]),
        _mean([d.mood for d in shown]),
        _mean([d.craving for d in week]),
        _mean([d.craving for d in shown]),
    )


def _mean(ratings: Sequence[int]) -> float | None:
    return round(fmean(ratings), 2) if ratings else None


def window(day: date, time_zone: str, wall: Window) -> tuple[datetime, datetime]:
    """When that day opens and closes, as instants: the patient's own wall clock, be the night an hour longer or not."""
    closes_on = day if wall.closes_minute > wall.opens_minute else day + timedelta(days=1)
    return _at(day, wall.opens_minute, time_zone), _at(closes_on, wall.closes_minute, time_zone)


def _at(day: date, minute: int, time_zone: str) -> datetime:
    return datetime.combine(day, time(*divmod(minute, 60)), ZoneInfo(time_zone)).astimezone(UTC)


def current_day(now: datetime, time_zone: str, wall: Window) -> date:
    """Which day of theirs an answer is for now: after midnight it is still yesterday's, until that one has closed."""
    day = today(time_zone, now)
    before = day - timedelta(days=1)
    return before if now < window(before, time_zone, wall)[1] else day


def streak(days: Sequence[date], day: date) -> Streak:
    """How many days somebody has checked in, up to `day`. A day without an answer takes nothing away."""
    known = sorted({one for one in days if one <= day})
    return Streak(
        days=len(known),
        of_last_7=sum(one > day - WEEK for one in known),
        of_last_30=sum(one > day - timedelta(days=30) for one in known),
        longest=max((len(list(run)) for _, run in groupby(enumerate(known), _start)), default=0),
    )


def _start(numbered: tuple[int, date]) -> date:
    """The same for days in a row."""
    number, day = numbered
    return day - timedelta(days=number)


def is_missed(row: Unanswered) -> bool:
    """Whether somebody looks after a patient now: after so many days without an answer, once."""
    return row.days >= row.missed_days and not row.already_raised
