"""What the law lets vary is a dated row: it is looked up for a day, and told before it runs out."""

from contextlib import nullcontext
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from app.demo.cast import HARBOR, JUNE, KAI, MAYA, SAM, THEO
from app.disclosures.models import Written
from app.disclosures.rules import check_covered
from app.doctor import law
from app.doctor.findings import State
from app.errors import NotFound
from app.legal import rules
from app.legal.models import Lasting
from app.settings import Settings
from db.pool import connect
from tests.app.scene import Seen
from tests.world import World

SOME = MAYA.id


async def holding(world: World, **on: str) -> dict[str, str]:
    answer = await (await world.of(JUNE)).get("/v1/legal-parameters", params=on)
    assert answer.status_code == 200, answer.text
    return {one["name"]: one["value"] for one in answer.json()["items"]}


async def test_what_holds_is_looked_up_for_a_day(world: World) -> None:
    today = await holding(world)
    assert (today["accounting-years"], today["break-glass-minutes"]) == ("3", "60")
    assert "dea-telemedicine-prescribing" in await holding(world, on="2026-12-31")
    assert "dea-telemedicine-prescribing" not in await holding(world, on="2027-01-01")
    assert "accounting-years" not in await holding(world, on="2026-02-15")


async def test_the_later_row_holds_from_its_day_on_and_the_earlier_one_before(world: World, desk: Seen) -> None:
    await desk.owner(
        "INSERT INTO legal_parameter (name, valid_from, value, source)"
        " VALUES ('break-glass-minutes', '2026-03-04', '30', 'Ours.')"
    )
    assert (await holding(world))["break-glass-minutes"] == "60"
    assert (await holding(world, on="2026-03-04"))["break-glass-minutes"] == "30"


async def test_every_row_says_where_it_comes_from(world: World) -> None:
    answer = await (await world.of(THEO)).get("/v1/legal-parameters")
    assert all(one["source"] for one in answer.json()["items"])


async def test_it_is_for_those_who_answer_for_it(world: World) -> None:
    for somebody, status in ((KAI, 200), (SAM, 403), (MAYA, 403)):
        assert (await (await world.of(somebody)).get("/v1/legal-parameters")).status_code == status


async def test_every_text_is_there_in_both_languages(desk: Seen) -> None:
    rows = await desk.owner("SELECT name, array_agg(language ORDER BY language) AS spoken FROM legal_text GROUP BY 1")
    assert {tuple(row["spoken"]) for row in rows} == {("en", "es")}


@pytest.mark.parametrize(
    ("today", "state"),
    [("2026-12-02", State.OK), ("2026-12-03", State.WARN), ("2027-02-01", State.WARN)],
)
async def test_the_doctor_tells_what_runs_out_within_thirty_days(own_database: str, today: str, state: State) -> None:
    settings = Settings(database_url=own_database, database_owner_url=own_database.replace("cairn_app@", "postgres@"))
    now = datetime.combine(date.fromisoformat(today), datetime.min.time(), UTC)
    finding = await law.parameters(settings, lambda: now)
    assert finding.state == state
    assert ("dea-telemedicine-prescribing" in finding.what) == (state is State.WARN)


async def test_a_text_that_ends_without_another_is_told_too(own_database: str) -> None:
    owner = own_database.replace("cairn_app@", "postgres@")
    raw = await connect(owner)
    await raw.execute(
        "UPDATE legal_text SET valid_until = '2026-03-10' WHERE name = 'notice/short' AND language = 'en'"
    )
    await raw.execute("UPDATE legal_text SET valid_until = '2026-03-10' WHERE name = 'notice/long' AND language = 'en'")
    await raw.execute(
        "INSERT INTO legal_text (organisation_id, name, language, version, valid_from, body)"
        " VALUES ($1, 'notice/long', 'en', 2, '2026-03-10', 'Another.')",
        HARBOR.id,
    )
    await raw.close()
    settings = Settings(database_url=own_database, database_owner_url=owner)
    finding = await law.parameters(settings, lambda: datetime(2026, 3, 1, tzinfo=UTC))
    assert finding.state is State.WARN
    assert "notice/short (en) until 2026-03-10" in finding.what


def test_what_ends_first_is_told_first() -> None:
    today = date(2026, 3, 3)
    found = [Lasting("late", date(2026, 4, 1)), Lasting("never", None), Lasting("gone", date(2026, 3, 1)),
             Lasting("far", date(2026, 4, 2))]  # fmt: skip
    assert [rules.told(one, today) for one in rules.running_out(found, today)] == [
        "gone since 2026-03-01 no more", "late until 2026-04-01",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("across", "consent", "glass", "covered"),
    [(False, None, None, True), (True, SOME, None, True), (True, None, SOME, True), (True, None, None, False)],
)
def test_nothing_is_shown_across_organisations_that_nothing_covers(
    across: bool, consent: UUID | None, glass: UUID | None, covered: bool
) -> None:
    row = Written(SOME, across, consent, glass, "treatment", [], None, None, "A statement.", 1, "en")
    with nullcontext() if covered else pytest.raises(NotFound):
        check_covered([row])
