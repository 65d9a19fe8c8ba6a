"""What makes a consent whole, how its form reads, and whether it still holds.

42 CFR 2.31 as amended in 2024: (a) the elements, (b) counselling notes apart, (c) expired, deficient and false
consents, (d) proceedings apart. The database refuses the same once more, element by element; this says why.
"""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from string import Template
from zoneinfo import ZoneInfo

from app.auth import Signed
from app.consents.models import (
    Choice,
    ConsentForm,
    Elements,
    Filled,
    Kind,
    NewConsent,
    NewRevocation,
    Pinned,
    Purpose,
    Recipient,
    Row,
    Signer,
    State,
)
from app.errors import FieldError, Invalid, Refusal
from app.legal.models import Text

LONGEST = timedelta(days=3653)
DAYS = 365
TPO: tuple[Purpose, ...] = ("tpo", "treatment", "payment", "operations")
ALLOWED: Mapping[Kind, tuple[Purpose, ...]] = {
    "specific": ("treatment", "payment", "operations", "at-my-request"),
    "tpo": ("tpo",),
    "counselling-notes": ("treatment", "payment", "operations", "at-my-request"),
    "legal-proceedings": ("legal-proceedings",),
}
NOTES = "counselling-notes"
MENTAL = {"check-in-levels", "check-ins", "assessments", NOTES}
CATEGORIES = (
    "check-in-levels", "check-ins", "assessments", "return-to-use", "regimens", "dose-log", "appointments",
    "plan-goals",
)  # fmt: skip
ENDS: Mapping[Kind, tuple[str, ...]] = {
    "specific": ("end-of-treatment",),
    "tpo": ("end-of-treatment", "none"),
    "counselling-notes": ("end-of-treatment",),
    "legal-proceedings": ("end-of-proceedings",),
}
RECEIVERS: Mapping[Kind, tuple[str, ...]] = {
    "specific": ("person", "organisation", "elsewhere"),
    "tpo": ("treating-providers", "person", "organisation"),
    "counselling-notes": ("person", "organisation", "elsewhere"),
    "legal-proceedings": ("person", "elsewhere"),
}
_MONTHS = {
    "en": (
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ),
    "es": (
        "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre",
        "diciembre",
    ),
}  # fmt: skip


class FormChanged(Refusal):
    """The form reads differently now. Please read it again before you sign."""


class AlreadyEnded(Refusal):
    """This consent has already ended."""


class NotYours(Refusal):
    """Only the patient can take this back here. You can keep what you were told, or that it ended by itself."""


def check(new: Elements, today: date) -> None:
    """Every element is there and they go together; what is wrong is said at each field."""
    wrong = [*_of_kind(new), *_of_recipient(new), *_of_end(new, today)]
    if wrong:
        raise Invalid(*wrong)


def _of_kind(new: Elements) -> Iterator[FieldError]:
    if len(set(new.categories)) < len(new.categories):
        yield FieldError("/categories", "twice", "Expected each of them once.")
    if new.kind == NOTES and new.categories != [NOTES]:
        yield FieldError("/categories", "notes-apart", "A consent for counseling notes is for these alone.")
    if new.kind != NOTES and NOTES in new.categories:
        yield FieldError("/categories", "notes-apart", "Counseling notes need a consent of their own.")
    if new.purpose not in ALLOWED[new.kind]:
        said = " or ".join(ALLOWED[new.kind])
        yield FieldError("/purpose", "not-combined", f"A consent of this kind is for {said}, and for nothing else.")
    if new.recipient_kind not in RECEIVERS[new.kind]:
        said = " or ".join(RECEIVERS[new.kind])
        yield FieldError("/recipientKind", "not-for-this", f"A consent of this kind goes to {said}.")


def _of_recipient(new: Elements) -> Iterator[FieldError]:
    wanted = {
        "recipientOrganisationId": new.recipient_kind in ("person", "organisation"),
        "recipientId": new.recipient_kind == "person",
        "recipient": new.recipient_kind == "elsewhere",
    }
    given = {
        "recipientOrganisationId": new.recipient_organisation_id is not None,
        "recipientId": new.recipient_id is not None,
        "recipient": new.recipient is not None,
    }
    for name, needed in wanted.items():
        if needed and not given[name]:
            yield FieldError(f"/{name}", "missing", "Who receives it is missing.")
        if given[name] and not needed:
            yield FieldError(f"/{name}", "not-for-this", "This does not go with the kind of recipient.")


def _of_end(new: Elements, today: date) -> Iterator[FieldError]:
    if new.expires_on is None and new.expires_with is None:
        yield FieldError("/expiresOn", "missing", "When it ends is missing: a day, or an event.")
    if new.expires_on is not None and not today <= new.expires_on <= today + LONGEST:
        yield FieldError("/expiresOn", "out-of-range", "Expected a day from today to ten years ahead.")
    if new.expires_with is not None and new.expires_with not in ENDS[new.kind]:
        yield FieldError("/expiresWith", "not-for-this", f"Expected {' or '.join(ENDS[new.kind])}.")
    if new.expires_with == "none" and new.expires_on is not None:
        yield FieldError("/expiresWith", "not-both", "It cannot have a last day and none.")


def check_signature(new: NewConsent, signer: Signer, filled: Filled) -> None:
    """The text is the one that was shown, and the name is the one in it."""
    if new.form_sha256 != filled.sha256:
        raise FormChanged
    if _plain(new.signature) != _plain(signer.name):
        raise Invalid(FieldError("/signature", "not-your-name", "Please write your name as it stands in the form."))


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()


def sensitivities(new: Elements) -> list[str]:
    """Whatever a program under Part 2 holds tells of treatment for substance use; some of it of somebody's mind too."""
    return ["substance-use", *(["mental-health"] if MENTAL & set(new.categories) else [])]


def expires_at(last_day: date | None, time_zone: str) -> datetime | None:
    """The end of that day on the patient's own calendar."""
    if last_day is None:
        return None
    return datetime.combine(last_day + timedelta(days=1), time(), ZoneInfo(time_zone))


def state(row: Row, now: datetime) -> State:
    """Whether it holds at this instant; at the very instant of its end it does so no more."""
    if row.revoked_at is not None:
        return "revoked"
    return "expired" if row.expires_at is not None and row.expires_at <= now else "live"


def fill(
    new: Elements, signer: Signer, recipient: Recipient | None, texts: Mapping[str, Text], language: str
) -> Filled:
    """The form with everything in it, as it is shown and signed; the same choices always make the same text."""
    names = {"organisation": signer.organisation}
    discloser = _said(texts, "discloser/program", **names)
    to_whom = _recipient(new, recipient, texts)
    form = texts[f"form/{new.kind}"]
    text = Template(form.body).substitute(
        patient=signer.name,
        discloser=discloser,
        what=_what(new, texts),
        recipient=to_whom,
        purpose=_said(texts, f"purpose/{new.purpose}"),
        right_to_revoke=_said(texts, "statement/right-to-revoke"),
        expires=_end(new, texts, language, names),
        statements="\n".join(statements(new.kind, texts)),
    )
    pinned = Pinned(
        form.id,
        texts["statement/right-to-revoke"].id,
        texts["statement/redisclosure"].id,
        texts["statement/refusing"].id,
    )
    ends = expires_at(new.expires_on, signer.time_zone)
    return Filled(text, hashlib.sha256(text.encode()).hexdigest(), language, discloser, to_whom, ends, pinned)


def _said(texts: Mapping[str, Text], name: str, **values: str) -> str:
    """One text with its names in it; a name that somebody has is never read as a part of a text."""
    return Template(texts[name].body).safe_substitute(values)


def _what(new: Elements, texts: Mapping[str, Text]) -> str:
    chosen = [one for one in (*CATEGORIES, NOTES) if one in new.categories]
    lines = [f"- {_said(texts, f'category/{one}')}" for one in chosen]
    return "\n".join([*lines, *(_said(texts, f"sensitivity/{one}") for one in sensitivities(new))])


def _recipient(new: Elements, recipient: Recipient | None, texts: Mapping[str, Text]) -> str:
    names = {"recipient": new.recipient or ""}
    if recipient is not None:
        names |= {"organisation": recipient.organisation, "person": recipient.person or ""}
    return _said(texts, f"recipient/{new.recipient_kind}", **names)


def _end(new: Elements, texts: Mapping[str, Text], language: str, names: Mapping[str, str]) -> str:
    said = []
    if new.expires_on is not None:
        said.append(_said(texts, "expiry/date", date=day(new.expires_on, language)))
    if new.expires_with is not None:
        said.append(_said(texts, f"expiry/{new.expires_with}", **names))
    return "\n".join(said)


def day(on: date, language: str) -> str:
    """A day as people write it."""
    month = _MONTHS[language][on.month - 1]
    return f"{on.day} de {month} de {on.year}" if language == "es" else f"{month} {on.day}, {on.year}"


def statements(kind: Kind, texts: Mapping[str, Text]) -> list[str]:
    """What else there is to know: what may follow (§ 2.31(a)(10)), and what signing means."""
    apart = [f"statement/{kind}"] if kind in (NOTES, "legal-proceedings") else []
    return [
        _said(texts, name) for name in ("statement/redisclosure", "statement/refusing", *apart, "statement/signature")
    ]


def form(kind: Kind, language: str, texts: Mapping[str, Text], organisation: str, proposed: date) -> ConsentForm:
    """What can be chosen in a consent of this kind, in words."""
    own = texts[f"form/{kind}"]
    names = {"organisation": organisation}

    def choices(group: str, values: tuple[str, ...]) -> list[Choice]:
        return [Choice(value, _said(texts, f"{group}/{value}", **names)) for value in values]

    return ConsentForm(
        kind,
        language,
        own.version,
        own.body.split("\n", 1)[0],
        choices("category", (NOTES,) if kind == NOTES else CATEGORIES),
        choices("purpose", ALLOWED[kind]),
        choices("recipient", tuple(one for one in RECEIVERS[kind] if one == "treating-providers")),
        choices("expiry", ENDS[kind]),
        _said(texts, "statement/right-to-revoke"),
        statements(kind, texts),
        proposed,
        _said(texts, "notice/long"),
    )


def check_revocation(me: Signed, row: Row, new: NewRevocation) -> None:
    """The patient takes back what is theirs; others keep what they were told, or that it ended by itself."""
    if (me.id == row.patient_id) != (new.how == "in-app"):
        raise NotYours
    if row.revoked_at is not None and row.how != new.how:
        raise AlreadyEnded
