"""What goes with a disclosure, how far an accounting goes back, and how it is written out."""

import csv
import io
from collections.abc import Iterable
from datetime import datetime

from app.disclosures.models import Disclosure, DisclosureNotice, Written
from app.errors import NotFound

YEARS = 3
COLUMNS = ("disclosedAt", "recipient", "recipientOrganisation", "category", "purpose", "discloser", "consentId",
           "breakGlassId", "id")  # fmt: skip
# A spreadsheet takes a cell that begins so for a formula, and runs it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def check_covered(written: Iterable[Written]) -> None:
    """Nothing is shown of a patient of another organisation whom nothing covers, at the moment of the accounting."""
    if any(row.across and row.consent_id is None and row.break_glass_id is None for row in written):
        raise NotFound


def notice(written: Written) -> DisclosureNotice:
    """The statement and the scope, as they stand beside what is shown."""
    return DisclosureNotice(
        written.statement,
        written.version,
        written.language,
        written.categories or [],
        written.purpose,
        written.consent_id,
        written.break_glass_id,
        written.expires_at,
        written.expires_with,
    )


def since(now: datetime, years: int) -> datetime:
    """The same day so many years ago; from the 29th of February on, that is the 28th."""
    day = 28 if (now.month, now.day) == (2, 29) else now.day
    return now.replace(year=now.year - years, day=day)


def as_csv(rows: Iterable[Disclosure]) -> str:
    """The accounting as a table that every spreadsheet reads (RFC 4180)."""
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(COLUMNS)
    for row in rows:
        table.writerow(_cell(value) for value in (
            row.disclosed_at.isoformat(), row.recipient, row.recipient_organisation, row.category, row.purpose,
            row.discloser, row.consent_id or "", row.break_glass_id or "", row.id,
        ))  # fmt: skip
    return written.getvalue()


def _cell(value: object) -> str:
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
