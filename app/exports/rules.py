"""How long an export lives, how often it may be had, and how it is packed."""

from base64 import b64decode, b64encode
from datetime import timedelta
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import msgspec

from app.errors import Refusal
from app.exports import fhir, page
from app.exports.models import Answer, Line, Record, SealedAnswer, SealedLine

LIVES = timedelta(days=7)
DOWNLOADS = 5
LEASE = timedelta(minutes=2)
ATTEMPTS = 3


class ExportUnderWay(Refusal):
    """Your record is being put together already. It will be here in a moment."""


class ExportNotThere(Refusal):
    """This export cannot be downloaded: it is not ready, its week is over, or it has been downloaded often enough."""

    status = 410


def answer(row: SealedAnswer, note: str) -> Answer:
    """A check-in with its words."""
    return Answer(
        row.id, row.day, row.version, row.mood, row.craving, row.wants_to_talk, row.in_danger, row.sleep_hours,
        row.triggers, row.used, row.medication_taken, note, row.answered_at, row.received_at,
    )  # fmt: skip


def line(row: SealedLine, text: str) -> Line:
    """A message with its words."""
    return Line(row.id, row.staff_id, row.staff, row.by_patient, text, row.sent_at, row.received_at)


def archive(record: Record) -> bytes:
    """A ZIP of two files: the bundle for machines, the page for people. The same record gives the same bytes."""
    packed = BytesIO()
    at = record.made_at.timetuple()[:6]
    with ZipFile(packed, "w", ZIP_DEFLATED) as file:
        for name, content in (
            (page.name(record.who.language), page.html(record).encode()),
            ("record.fhir.json", msgspec.json.format(msgspec.json.encode(fhir.bundle(record)))),
        ):
            file.writestr(_entry(name, at), content)
    return packed.getvalue()


def _entry(name: str, at: tuple[int, ...]) -> ZipInfo:
    entry = ZipInfo(name, (at[0], at[1], at[2], at[3], at[4], at[5]))
    entry.compress_type, entry.external_attr = ZIP_DEFLATED, 0o600 << 16
    return entry


def as_text(packed: bytes) -> str:
    """What is sealed is text."""
    return b64encode(packed).decode()


def as_bytes(text: str) -> bytes:
    """And back."""
    return b64decode(text)
