"""The table of coverage."""

from datetime import datetime
from uuid import UUID

from app.coverage.models import Coverage, NewCoverage, Standing
from db import Connection


async def standing(db: Connection, covered: UUID, covering: UUID) -> Standing | None:
    """What the caller may arrange for these two."""
    return await db.one(
        Standing,
        "SELECT 'program' = ANY (granted('add', 'coverage')) AS oversees, may_cover($1, $2) AS allowed",
        covered,
        covering,
    )


async def add(db: Connection, new: NewCoverage, covered: UUID, me: UUID, now: datetime) -> bool:
    """Whether it holds from now on; False where the id was used, or the two are covered at that time already."""
    added = await db.run(
        """
        INSERT INTO coverage (id, covered_id, covering_id, during, made_by, made_at)
        VALUES ($1, $2, $3, tstzrange($4, $5), $6, $7)
        ON CONFLICT DO NOTHING
        """,
        new.id,
        covered,
        new.covering_id,
        new.starts_at,
        new.ends_at,
        me,
        now,
    )
    return added == 1


async def by_id(db: Connection, me: UUID, coverage_id: UUID) -> Coverage | None:
    """One that concerns the caller, or the program that they oversee."""
    return await db.one(
        Coverage,
        """
        SELECT c.id, c.covered_id, a.name AS covered_name, c.covering_id, b.name AS covering_name,
               lower(c.during) AS starts_at, upper(c.during) AS ends_at, c.made_by, c.ended_at
        FROM coverage c JOIN person a ON a.id = c.covered_id JOIN person b ON b.id = c.covering_id
        WHERE c.id = $2 AND ($1 IN (c.covered_id, c.covering_id) OR oversees_coverage(c.covered_id))
        """,
        me,
        coverage_id,
    )


async def listed(
    db: Connection, me: UUID, now: datetime, *, after: tuple[datetime, UUID] | None, limit: int
) -> list[Coverage]:
    """Those that hold or are to come and concern the caller, or the program that they oversee."""
    starts_at, last = after or (None, None)
    return await db.all(
        Coverage,
        """
        SELECT c.id, c.covered_id, a.name AS covered_name, c.covering_id, b.name AS covering_name,
               lower(c.during) AS starts_at, upper(c.during) AS ends_at, c.made_by, c.ended_at
        FROM coverage c JOIN person a ON a.id = c.covered_id JOIN person b ON b.id = c.covering_id
        WHERE c.ended_at IS NULL AND upper(c.during) > $2
          AND ($1 IN (c.covered_id, c.covering_id) OR oversees_coverage(c.covered_id))
          AND ($3::timestamptz IS NULL OR (lower(c.during), c.id) > ($3, $4::uuid))
        ORDER BY lower(c.during), c.id
        LIMIT $5
        """,
        me,
        now,
        starts_at,
        last,
        limit,
    )


async def end(db: Connection, coverage_id: UUID, me: UUID, now: datetime) -> bool:
    """Whether it held until now, or was to come."""
    ended = await db.run(
        """
        UPDATE coverage SET ended_at = $3, ended_by = $2
        WHERE id = $1 AND ended_at IS NULL AND upper(during) > $3
        """,
        coverage_id,
        me,
        now,
    )
    return ended == 1


async def patients_of(db: Connection, covered: UUID) -> list[UUID]:
    """Whose team somebody is on: those whom this concerns, for the audit."""
    return await db.values(
        UUID, "SELECT patient_id FROM care_team_member WHERE staff_id = $1 AND left_at IS NULL", covered
    )
