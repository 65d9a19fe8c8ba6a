"""Organisations, people, roles and care teams."""

from datetime import datetime
from uuid import UUID

from app.people.models import Patient, PersonRow, TeamMember
from db import Connection


async def person(db: Connection, person_id: UUID) -> PersonRow | None:
    """A person and their organisation."""
    return await db.one(
        PersonRow,
        """
        SELECT p.id, p.name, p.time_zone, p.language,
               json_build_object('id', o.id, 'name', o.name, 'kind', o.kind, 'part2', o.part2,
                                 'timeZone', o.time_zone) AS organisation
        FROM person p JOIN organisation o ON o.id = p.organisation_id
        WHERE p.id = $1
        """,
        person_id,
    )


async def team(db: Connection, patient_id: UUID, now: datetime) -> list[TeamMember]:
    """A patient's team, the lead first."""
    return await db.all(
        TeamMember,
        """
        SELECT p.id, p.name, ARRAY(SELECT role FROM staff_role WHERE person_id = p.id ORDER BY role) AS roles,
               t.lead, t.joined_at,
               EXISTS (SELECT FROM duty_shift d WHERE d.staff_id = p.id AND d.during @> $2::timestamptz) AS on_duty
        FROM care_team_member t JOIN person p ON p.id = t.staff_id
        WHERE t.patient_id = $1 AND t.left_at IS NULL
        ORDER BY t.lead DESC, p.name, p.id
        """,
        patient_id,
        now,
    )


async def supported(
    db: Connection, staff_id: UUID, *, whole_program: bool, after: tuple[str, UUID] | None, limit: int
) -> list[Patient]:
    """Patients on whose team the caller is, or all of the program for those who watch over it, by name."""
    name, last = after or ("", UUID(int=0))
    return await db.all(
        Patient,
        """
        SELECT p.id, p.name, p.time_zone, p.language
        FROM person p JOIN person m ON m.id = $1 AND m.organisation_id = p.organisation_id
        WHERE p.kind = 'patient' AND (p.name, p.id) > ($3, $4)
          AND ($2 OR p.id IN (SELECT patient_id FROM care_team_member WHERE staff_id = $1 AND left_at IS NULL))
        ORDER BY p.name, p.id
        LIMIT $5
        """,
        staff_id,
        whole_program,
        name,
        last,
        limit,
    )


async def reachable(db: Connection, me: UUID, patient_id: UUID, *, whole_program: bool) -> Patient | None:
    """The patient, when it is the caller, or the caller is on their team or supervises their program."""
    return await db.one(
        Patient,
        """
        SELECT p.id, p.name, p.time_zone, p.language
        FROM person p JOIN person m ON m.id = $1 AND m.organisation_id = p.organisation_id
        WHERE p.id = $2 AND p.kind = 'patient'
          AND ($3 OR p.id = $1
               OR p.id IN (SELECT patient_id FROM care_team_member WHERE staff_id = $1 AND left_at IS NULL))
        """,
        me,
        patient_id,
        whole_program,
    )
