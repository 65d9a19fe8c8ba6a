"""Organisations, people, roles and care teams."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.people.models import (
    Candidate,
    NewPatient,
    NewStaff,
    Patient,
    PatientRecord,
    PersonRow,
    ProfileChange,
    StaffMember,
    TeamMember,
)
from db import Connection


async def person(db: Connection, person_id: UUID) -> PersonRow | None:
    """A person and their organisation."""
    return await db.one(
        PersonRow,
        """
        SELECT p.id, p.name, p.time_zone, p.language,
               CASE WHEN w.person_id IS NOT NULL THEN json_build_object(
                   'peerBeside', w.peer_beside, 'sharesDoses', w.shares_doses) END AS wishes,
               json_build_object('id', o.id, 'name', o.name, 'kind', o.kind, 'part2', o.part2,
                                 'timeZone', o.time_zone) AS organisation
        FROM person p JOIN organisation o ON o.id = p.organisation_id LEFT JOIN patient w ON w.person_id = p.id
        WHERE p.id = $1
        """,
        person_id,
    )


async def change(db: Connection, me: UUID, new: ProfileChange) -> None:
    """The caller's own zone and language; what is not said stays."""
    await db.run(
        "UPDATE person SET time_zone = coalesce($2, time_zone), language = coalesce($3, language) WHERE id = $1",
        me,
        new.time_zone,
        new.language,
    )


async def wish(db: Connection, me: UUID, new: ProfileChange) -> None:
    """What the caller, a patient, wishes of those beside them; what is not said stays."""
    await db.run(
        """
        UPDATE patient SET peer_beside = coalesce($2, peer_beside), shares_doses = coalesce($3, shares_doses)
        WHERE person_id = $1
        """,
        me,
        new.peer_beside,
        new.shares_doses,
    )


async def add_staff(db: Connection, new: NewStaff, now: datetime) -> bool:
    """Make somebody staff of the organisation that the caller operates; False where the id is taken."""
    added = await db.value(
        bool,
        "SELECT add_staff($1, $2, $3, $4, $5, $6)",
        new.id,
        new.name,
        new.time_zone,
        new.language,
        list(new.roles),
        now,
    )
    return added is True


async def give_roles(db: Connection, staff_id: UUID, roles: Sequence[str]) -> bool:
    """Let somebody hold these roles and no others; False where an organisation would be left without an operator."""
    return await db.value(bool, "SELECT give_roles($1, $2)", staff_id, list(roles)) is True


async def staff_member(db: Connection, me: UUID, staff_id: UUID) -> StaffMember | None:
    """Somebody who works in the caller's organisation."""
    return await db.one(
        StaffMember,
        """
        SELECT p.id, p.name, ARRAY(SELECT role FROM staff_role WHERE person_id = p.id ORDER BY role) AS roles,
               p.time_zone, p.language
        FROM person p JOIN person m ON m.id = $1 AND m.organisation_id = p.organisation_id
        WHERE p.id = $2 AND p.kind = 'staff'
        """,
        me,
        staff_id,
    )


async def staff(db: Connection, me: UUID, *, after: tuple[str, UUID] | None, limit: int) -> list[StaffMember]:
    """Those who work in the caller's organisation, by name."""
    name, last = after or ("", UUID(int=0))
    return await db.all(
        StaffMember,
        """
        SELECT p.id, p.name, ARRAY(SELECT role FROM staff_role WHERE person_id = p.id ORDER BY role) AS roles,
               p.time_zone, p.language
        FROM person p JOIN person m ON m.id = $1 AND m.organisation_id = p.organisation_id
        WHERE p.kind = 'staff' AND (p.name, p.id) > ($2, $3)
        ORDER BY p.name, p.id
        LIMIT $4
        """,
        me,
        name,
        last,
        limit,
    )


async def add_patient(db: Connection, new: NewPatient, now: datetime) -> bool:
    """Bring a patient into the caller's program, led by the caller if a clinician; False where the id is taken."""
    added = await db.value(
        bool, "SELECT add_patient($1, $2, $3, $4, $5)", new.id, new.name, new.time_zone, new.language, now
    )
    return added is True


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


async def listed(db: Connection, *, after: tuple[str, UUID] | None, limit: int) -> list[Patient]:
    """The patients whom the caller may list, by name."""
    name, last = after or ("", UUID(int=0))
    return await db.all(
        Patient,
        """
        SELECT id, name, time_zone, language FROM person
        WHERE kind = 'patient' AND id = ANY (ARRAY(SELECT patients_for('list', 'identity'))) AND (name, id) > ($1, $2)
        ORDER BY name, id
        LIMIT $3
        """,
        name,
        last,
        limit,
    )


async def patient(db: Connection, patient_id: UUID, action: str, category: str) -> Patient | None:
    """The patient, where the caller may do this with data of that category."""
    return await db.one(
        Patient,
        """
        SELECT id, name, time_zone, language FROM person
        WHERE id = $1 AND kind = 'patient' AND id IN (SELECT patients_for($2, $3))
        """,
        patient_id,
        action,
        category,
    )


async def is_known(db: Connection, patient_id: UUID) -> bool:
    """Whether the caller may know who this patient is at all."""
    known = await db.value(
        bool, "SELECT EXISTS (SELECT FROM patients_for('read', 'identity') AS known WHERE known = $1)", patient_id
    )
    return known is True


async def record(db: Connection, patient_id: UUID) -> PatientRecord | None:
    """The patient with what they have decided about their care, for those who treat them."""
    return await db.one(
        PatientRecord,
        """
        SELECT p.id, p.name, p.time_zone, p.language, p.created_at AS in_care_since,
               json_build_object('peerBeside', w.peer_beside, 'sharesDoses', w.shares_doses) AS wishes
        FROM person p JOIN patient w ON w.person_id = p.id
        WHERE p.id = $1 AND p.id IN (SELECT patients_for('read', 'record'))
        """,
        patient_id,
    )


async def candidates(db: Connection, me: UUID, patient_id: UUID, staff_ids: Sequence[UUID]) -> list[Candidate]:
    """What there is to know of those who were named for a team."""
    return await db.all(
        Candidate,
        """
        SELECT p.id, ARRAY(SELECT role FROM staff_role WHERE person_id = p.id ORDER BY role) AS roles,
               EXISTS (SELECT FROM care_team_member t
                       WHERE t.patient_id = $2 AND t.staff_id = p.id AND t.left_at IS NULL) AS on_team,
               p.organisation_id = m.organisation_id AS of_program
        FROM person p JOIN person m ON m.id = $1
        WHERE p.kind = 'staff' AND p.id = ANY ($3::uuid[])
        """,
        me,
        patient_id,
        list(staff_ids),
    )


async def arrange(db: Connection, patient_id: UUID, staff_ids: Sequence[UUID], lead: UUID, now: datetime) -> list[UUID]:
    """Let a team be these and no others; who was or is on it and of the program, and nobody where that is refused."""
    return await db.values(UUID, "SELECT arrange_care_team($1, $2, $3, $4)", patient_id, list(staff_ids), lead, now)
