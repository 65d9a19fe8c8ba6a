"""FHIR's dates are spans of time: where each begins, and where it ends."""

from datetime import UTC, datetime, timedelta

import pytest

from app.errors import Invalid
from app.trail import rules

THIRD, FOURTH = datetime(2026, 3, 3, tzinfo=UTC), datetime(2026, 3, 4, tzinfo=UTC)
NOON = THIRD + timedelta(hours=12)


@pytest.mark.parametrize(
    ("said", "first", "last"),
    [
        ([], None, None),
        (["2026-03-03"], THIRD, FOURTH),
        (["eq2026-03-03"], THIRD, FOURTH),
        (["ge2026-03-03"], THIRD, None),
        (["gt2026-03-03"], FOURTH, None),
        (["sa2026-03-03"], FOURTH, None),
        (["le2026-03-03"], None, FOURTH),
        (["lt2026-03-03"], None, THIRD),
        (["eb2026-03-03"], None, THIRD),
        (["ge2026-03-03T12:00:00Z"], NOON, None),
        (["ge2026-03-03T13:00:00+01:00"], NOON, None),
        (["gt2026-03-03T12:00:00Z"], NOON + timedelta(microseconds=1), None),
        (["ge2026-03-03", "lt2026-03-04"], THIRD, FOURTH),
        (["2026-03-03", "ge2026-03-03T12:00:00Z"], NOON, FOURTH),
        (["2026-03-03", "lt2026-03-03T12:00:00Z"], THIRD, NOON),
    ],
)
def test_a_date_is_a_span(said: list[str], first: datetime | None, last: datetime | None) -> None:
    assert rules.span(said) == (first, last)


@pytest.mark.parametrize(
    "said", ["yesterday", "ne2026-03-03", "2026-13-01", "2026-02-30", "9999-12-31", "2026-03-03T25:00:00Z"]
)
def test_what_is_no_date_is_refused(said: str) -> None:
    with pytest.raises(Invalid):
        rules.span([said])
