"""What the database refuses by itself, whoever asks and whatever the program has forgotten."""

import shutil
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import asyncpg
import pytest

from app.demo import seed
from app.demo.cast import CAST, DANA, HARBOR, JUNE, LEO, MAYA, NELL, NORTHSIDE, OKAFOR, SAM
from db import embedded, migrate
from db.connection import Raw
from db.pool import connect
from tests.conftest import copied

NAMES: Mapping[str, object] = {
    "maya": MAYA.id, "leo": LEO.id, "dana": DANA.id, "sam": SAM.id, "okafor": OKAFOR.id, "nell": NELL.id,
    "harbor": HARBOR.id, "northside": NORTHSIDE.id, "now": "2026-03-03T15:00Z", "regimen": OKAFOR.id, "alert": DANA.id,
}  # fmt: skip
HOUR = "[2026-03-04T14:00Z, 2026-03-04T15:00Z)"

BOOK = """
    INSERT INTO appointment (id, patient_id, staff_id, kind, during, booked_by, booked_at)
    VALUES (gen_random_uuid(), '{{{patient}}}', '{{{staff}}}', 'counseling', '{during}', '{{maya}}', '{{now}}')
"""
CHECK_IN = """
    INSERT INTO check_in (id, patient_id, day, version, mood, craving, wants_to_talk, answered_at, received_at)
    VALUES (gen_random_uuid(), '{{{patient}}}', '2026-03-03', 1, 5, 5, false, '{{now}}', '{{now}}')
"""
PRESCRIBE = """
    INSERT INTO regimen
        (id, patient_id, prescribed_by, medicine, times, time_zone, starts_on, made_until, created_at)
    VALUES ('{{regimen}}', '{{{patient}}}', '{{okafor}}', 'x', '{{{{08:00}}}}', 'UTC', '2026-03-03',
            '{{now}}', '{{now}}')
"""
DOSE = """
    INSERT INTO occurrence (id, regimen_id, patient_id, version, slot, due_at)
    VALUES (gen_random_uuid(), '{{regimen}}', '{{{patient}}}', 1, '2026-03-03 08:00', '{{now}}')
"""
JOIN = """
    INSERT INTO care_team_member (id, patient_id, staff_id, joined_at)
    VALUES (gen_random_uuid(), '{{{patient}}}', '{{{staff}}}', '{{now}}')
"""
DUTY = "INSERT INTO duty_shift (id, staff_id, during) VALUES (gen_random_uuid(), '{{{staff}}}', '{during}')"
WORK = """
    INSERT INTO working_hours (id, staff_id, weekday, starts, ends)
    VALUES (gen_random_uuid(), '{{{staff}}}', {weekday}, '{starts}', '{ends}')
"""
CLOSED_DAY = "INSERT INTO working_exception (id, staff_id, day) VALUES (gen_random_uuid(), '{{maya}}', '2026-03-04')"
WORRY = """
    INSERT INTO alert (id, patient_id, organisation_id, class, reasons, opened_at, class_since, counts_from)
    VALUES ('{{alert}}', '{{{patient}}}', '{{{house}}}', 'p0', '{{{{in-danger}}}}', '{{now}}', '{{now}}', '{{now}}')
"""
CLOSE = "UPDATE alert SET closed_at = {at}, closed_by = {by}, outcome = '{outcome}' WHERE id = '{{alert}}'"
LIMIT = """
    INSERT INTO alert_limit (organisation_id, class, lapses, repeats, unclosed)
    VALUES ('{{harbor}}', '{klass}', {lapses}, {repeats}, '1 hour')
"""
WORRIED = WORRY.format(patient="maya", house="harbor")
PRESCRIBED = PRESCRIBE.format(patient="maya")
AT, BY = "'{now}'", "'{dana}'"

# By what is refused: the constraint, what comes before, and the statement.
REFUSED: Mapping[str, tuple[str, str, str]] = {
    "an appointment of staff": (
        "appointment_patient_id_fkey", "", BOOK.format(patient="sam", staff="dana", during=HOUR)),
    "an appointment with a patient": (
        "appointment_one_program", "", BOOK.format(patient="maya", staff="leo", during=HOUR)),
    "an appointment across programs": (
        "appointment_one_program", "", BOOK.format(patient="maya", staff="nell", during=HOUR)),
    "an appointment that goes over to another program": (
        "appointment_one_program", BOOK.format(patient="maya", staff="dana", during=HOUR),
        "UPDATE appointment SET staff_id = '{nell}'"),
    "an appointment without an end": (
        "appointment_ends", "", BOOK.format(patient="maya", staff="dana", during="[2026-03-04T14:00Z,)")),
    "an appointment until infinity": (
        "appointment_ends", "", BOOK.format(patient="maya", staff="dana", during="[2026-03-04T14:00Z, infinity)")),
    "an appointment without a beginning": (
        "appointment_ends", "", BOOK.format(patient="maya", staff="dana", during="(,2026-03-04T14:00Z)")),
    "a check-in of staff": ("check_in_patient_id_fkey", "", CHECK_IN.format(patient="sam")),
    "a regimen of staff": ("regimen_patient_id_fkey", "", PRESCRIBE.format(patient="sam")),
    "a dose of somebody else's regimen": (
        "occurrence_regimen_id_fkey", PRESCRIBED, DOSE.format(patient="leo")),
    "a team around staff": ("care_team_member_patient_id_fkey", "", JOIN.format(patient="okafor", staff="sam")),
    "a patient on a team": ("care_team_member_staff", "", JOIN.format(patient="maya", staff="leo")),
    "a patient on duty": ("duty_shift_staff", "", DUTY.format(staff="maya", during=HOUR)),
    "a shift without an end": ("duty_shift_ends", "", DUTY.format(staff="okafor", during="[2026-03-04T14:00Z,)")),
    "a shift from for ever": (
        "duty_shift_ends", "", DUTY.format(staff="okafor", during="[-infinity,2026-03-04T14:00Z)")),
    "a patient's working hours": (
        "working_hours_staff", "", WORK.format(staff="maya", weekday=6, starts="09:00", ends="10:00")),
    "a patient's closed day": ("working_exception_staff", "", CLOSED_DAY.format()),
    "working hours that overlap": (
        "working_hours_once", WORK.format(staff="dana", weekday=6, starts="09:00", ends="12:00"),
        WORK.format(staff="dana", weekday=6, starts="11:59", ends="13:00")),
    "working hours that overlap before midnight": (
        "working_hours_once", WORK.format(staff="dana", weekday=6, starts="20:00", ends="00:00"),
        WORK.format(staff="dana", weekday=6, starts="23:00", ends="23:30")),
    "a patient who is staff": ("patient_is_one", "", "INSERT INTO patient (person_id) VALUES ('{sam}')"),
    "a person who becomes a patient": ("person_stays", "", "UPDATE person SET kind = 'patient' WHERE id = '{sam}'"),
    "a person who goes elsewhere": (
        "person_stays", "", "UPDATE person SET organisation_id = '{northside}' WHERE id = '{maya}'"),
    "an alert of another program": ("alert_patient_id_fkey", "", WORRY.format(patient="maya", house="northside")),
    "an outcome that nobody knows": ("alert_outcome", WORRIED, CLOSE.format(at=AT, by=BY, outcome="fine")),
    "an alert closed by nobody": ("alert_closed_by", WORRIED, CLOSE.format(at=AT, by="NULL", outcome="reached-safe")),
    "an open alert that somebody closed": (
        "alert_closed_by", WORRIED, "UPDATE alert SET closed_by = '{dana}' WHERE id = '{alert}'"),
    "a claim that lapses at once": (
        "alert_limit_lapses", "", LIMIT.format(klass="p2", lapses="'0'", repeats="'1 min'")),
    "an alert that is told without a pause": (
        "alert_limit_repeats", "", LIMIT.format(klass="p2", lapses="'1 min'", repeats="'0'")),
    "a crisis that is told once": (
        "alert_limit_crisis_repeats", "", LIMIT.format(klass="p0", lapses="'1 min'", repeats="NULL")),
}  # fmt: skip
KEPT: Mapping[str, tuple[str, ...]] = {
    "hours that touch, on other days and of others": tuple(
        WORK.format(staff=staff, weekday=day, starts=starts, ends=ends)
        for staff, day, starts, ends in (
            ("dana", 6, "09:00", "12:00"), ("dana", 6, "12:00", "00:00"), ("dana", 7, "00:00", "12:00"),
            ("sam", 6, "09:00", "12:00"),
        )
    ),
    "a day of care": (
        BOOK.format(patient="maya", staff="dana", during=HOUR), CHECK_IN.format(patient="maya"), PRESCRIBED,
        DOSE.format(patient="maya"), DUTY.format(staff="okafor", during=HOUR), WORRIED,
        CLOSE.format(at=AT, by=BY, outcome="reached-safe"), "UPDATE person SET name = 'Maya T.' WHERE id = '{maya}'",
    ),
    "an ordinary alert that is told once": (LIMIT.format(klass="p3", lapses="'1 day'", repeats="NULL"),),
}  # fmt: skip


@pytest.fixture(scope="module")
async def cared_for(server: embedded.Server, template: str) -> AsyncIterator[Raw]:
    """The cast, as the owner of the schema, whom no policy holds."""
    async with copied(server, template, "refusals") as name:
        raw = await connect(server.dsn(name))
        yield raw
        await raw.close()


@pytest.fixture
async def owner(cared_for: Raw) -> AsyncIterator[Raw]:
    """The same, and nothing of it has happened afterwards."""
    work = cared_for.transaction()
    await work.start()
    yield cared_for
    await work.rollback()


@pytest.mark.parametrize("what", REFUSED)
async def test_the_database_refuses(owner: Raw, what: str) -> None:
    constraint, before, statement = REFUSED[what]
    if before:
        await owner.execute(before.format(**NAMES))

    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
        await owner.execute(statement.format(**NAMES))

    assert refused.value.constraint_name == constraint


@pytest.mark.parametrize("what", KEPT)
async def test_the_database_keeps(owner: Raw, what: str) -> None:
    for statement in KEPT[what]:
        await owner.execute(statement.format(**NAMES))


async def test_a_patient_without_a_row_that_says_so_has_one_after_the_upgrade(
    server: embedded.Server, tmp_path: Path
) -> None:
    """Nothing asked for that row before, so what was written of such a patient must not stand in the way."""
    for each in migrate.FOLDER.glob("*.sql"):
        if each.name < "0014":
            shutil.copy(each, tmp_path)
    async with copied(server, "template1", "before_plans") as name:
        await migrate.migrate(server.dsn(name), folder=tmp_path)
        raw = await connect(server.dsn(name))
        await seed.people(raw, [p for p in CAST if p is not JUNE])  # her role came later
        await raw.execute(CHECK_IN.format(patient="maya").format(**NAMES))
        await raw.execute("DELETE FROM patient")
        await migrate.migrate(server.dsn(name))
        assert await raw.fetchval("SELECT count(*) FROM patient") == len([p for p in CAST if not p.roles])
        await raw.close()
