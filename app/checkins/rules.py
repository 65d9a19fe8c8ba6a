"""When a check-in worries us, and what we say back.

No validated cut-off exists for single 0 to 10 ratings of craving or mood: these thresholds are operational.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from statistics import fmean

from msgspec import structs

from app.alerts.models import Opened, Worry
from app.auth import Signed
from app.checkins.models import CheckIn, Facts, Kept, KeptWithDays, NewCheckIn, RecordedCheckIn, Trend, TrendDay
from app.errors import FieldError, FullAssuranceNeeded, Invalid

HIGH_CRAVING = 7
CRAVING_ABOVE_OWN_MEDIAN = 3
LOW_MOOD = 2
LATE_AFTER = timedelta(minutes=60)
WEEK = 7
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
    """An answer as it was given, with its words."""
    return CheckIn(
        row.id, row.date, row.version, row.mood, row.craving, row.wants_to_talk, row.in_danger, note, row.answered_at,
        row.received_at,
    )  # fmt: skip


def facts(row: KeptWithDays, note: str) -> Facts:
    """The same, and what is known of the days before."""
    return Facts(
        row.id, row.date, row.version, row.mood, row.craving, row.wants_to_talk, row.in_danger, note, row.answered_at,
        row.received_at, row.median_craving,
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


def worry(facts: Facts, *, sure: bool = True) -> Worry | None:
    """What this answer calls for: a clinician at once, a peer soon, or nothing.

    An answer that arrives over an hour late is never called "right now": danger becomes a late urgent alert. Where it
    is not `sure` who is there, whoever answers is told so: it may be a stranger with the patient's telephone.
    """
    late = is_late(facts.answered_at, facts.received_at)
    if facts.in_danger:
        return Worry("p1" if late else "p0", ("in-danger",) if sure else ("in-danger", "not-sure-who"), late)
    reasons = tuple(_peer_reasons(facts))
    return Worry("p2", reasons, late) if reasons else None


def is_late(answered_at: datetime, received_at: datetime) -> bool:
    """Whether it was answered more than an hour before it came.

    No phone keeps an answer for months: one that says so has lost its clock, as after its battery was empty, and what
    it says is said now.
    """
    return LATE_AFTER < received_at - answered_at <= EARLIEST


def _peer_reasons(facts: Facts) -> list[str]:
    median = facts.median_craving
    signs = {
        "wants-to-talk": facts.wants_to_talk,
        "craving-high": facts.craving >= HIGH_CRAVING,
        "craving-rising": median is not None and facts.craving - median >= CRAVING_ABOVE_OWN_MEDIAN,
        "mood-low": facts.mood <= LOW_MOOD,
    }
    return [reason for reason, holds in signs.items() if holds]


def needs_card(opened: Opened | None) -> bool:
    """The crisis card comes with every danger, and whenever nobody is there to answer."""
    return opened is not None and (opened.alert_class in ("p0", "p1") or not opened.on_duty)


_SAID = {
    "en": {
        "calm": "Thank you for checking in.",
        "p0": "A clinician on duty has been told just now. If you are in danger, use the numbers below.",
        "p0-nobody": "Nobody at your program is on duty right now. Please use one of the numbers below now.",
        "p1": "A clinician has been told. If you are in danger now, use the numbers below.",
        "p1-nobody": "Nobody at your program is on duty right now. Please use the numbers below if you need someone.",
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
        "p2": "Ya avisamos a quien te apoya y te va a escribir o llamar. Si no puede, preguntamos a otras personas.",
        "p2-nobody": "Ahora no hay nadie de guardia y no avisamos a nadie todavía. Estos números siempre contestan.",
        "p2-known": "Tu equipo ya lo sabe, y el aviso sigue abierto hasta que alguien responda.",
    },
}


def support(opened: Opened | None, language: str) -> str:
    """What happens now, in one honest sentence."""
    said = _SAID.get(language, _SAID["en"])
    if opened is None:
        return said["calm"]
    kind = "p2" if opened.alert_class == "p3" else opened.alert_class
    if not opened.on_duty:
        return said[f"{kind}-nobody"]
    return said["p2-known"] if opened.already_open and kind == "p2" else said[kind]


def first_day(today: date, days: int) -> date:
    """The first of the last `days`, today being the last."""
    return today - timedelta(days=days - 1)


def trend(answered: Sequence[TrendDay], today: date, days: int) -> Trend:
    """The last `days` and the means of what was answered; a day without an answer counts for nothing.

    The mean of the week is of the whole week, however few days are shown.
    """
    week = [d for d in answered if first_day(today, WEEK) <= d.date <= today]
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
