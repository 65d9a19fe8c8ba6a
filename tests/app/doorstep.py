"""How people are coming in on the day of the scene: a row of each kind about Maya, with ids that a test can name."""

from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from app.codes import rules as codes
from app.demo.cast import CAST, DANA, MAYA, ROSA, SAM, known
from app.recovery import rules as recovery
from app.site import Site

ASKING = known("maya's other session")
APPROVAL, VOUCH, INVITATION = known("maya's approval"), known("maya's vouch"), known("maya's invitation")
SECOND, OWN = known("a code for maya's second contact"), known("a code for a contact of maya's own")
NUMBER, DIGITS, RECOVERY = "42", "40414243", "AAAAABBBBB"
SEED = bytes(32)


class Owner(Protocol):
    """Who may do everything."""

    async def owner(self, sql: str, *args: object) -> list[Any]:
        """Run a statement."""


async def somebody_is_coming_in(seen: Owner, site: Site, now: datetime) -> None:
    """Maya is half in on another device, and asks by every way to be believed."""
    soon = now + timedelta(hours=1)
    await seen.owner(
        """
        INSERT INTO session (id, person_id, started_at, assurance, signed_in_by, refreshed_at, expires_at)
        VALUES ($1, $2, $3, 'limited', 'code', $3, $4)
        """,
        ASKING, MAYA.id, now, soon,
    )  # fmt: skip
    await seen.owner(
        "INSERT INTO approval (id, person_id, session_id, number, asked_at, expires_at)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        APPROVAL, MAYA.id, ASKING, NUMBER, now, soon,
    )  # fmt: skip
    await seen.owner(
        """
        INSERT INTO vouch (id, patient_id, session_id, number, asked_at, expires_at)
        VALUES ($1, $2, $3, $4, $5::timestamptz + interval '10 min', $5::timestamptz + interval '20 min')
        """,
        VOUCH, MAYA.id, ASKING, DIGITS, now,
    )  # fmt: skip
    for number, purpose in ((SECOND, "second-contact"), (OWN, "contact")):
        await _challenge(seen, number, purpose, now, soon)
    await seen.owner(
        """
        INSERT INTO invitation (id, person_id, made_by, made_at, expires_at, seed, link_sha256)
        VALUES ($1, $2, $3, $4, $5, $6, sha256('a link'))
        """,
        INVITATION, MAYA.id, ROSA.id, now, soon, SEED,
    )  # fmt: skip
    for one in CAST:
        kept = recovery.kept(site.code_key, one.id, RECOVERY)
        await seen.owner("INSERT INTO recovery_code (person_id, hmac, made_at) VALUES ($1, $2, $3)", one.id, kept, now)


async def is_half_in(seen: Owner, session: UUID) -> None:
    """What this session has shown is not enough yet."""
    await seen.owner("UPDATE session SET assurance = 'limited' WHERE id = $1", session)


async def two_have_vouched(seen: Owner, session: UUID, now: datetime) -> None:
    """Dana and Sam have said that it is Maya who asks from this session."""
    await seen.owner(
        """
        INSERT INTO vouch (id, patient_id, session_id, number, asked_at, expires_at, first_by, first_at, first_how,
                           second_by, second_at, second_how)
        VALUES (gen_random_uuid(), $1, $2, '50515253', $3, $3::timestamptz + interval '10 min', $4, $3, 'in-person',
                $5, $3, 'video')
        """,
        MAYA.id, session, now, DANA.id, SAM.id,
    )  # fmt: skip


async def _challenge(seen: Owner, number: UUID, purpose: str, now: datetime, soon: datetime) -> None:
    await seen.owner(
        """
        WITH asked AS (
            INSERT INTO code_challenge (id, purpose, post, blind, person_id, seed, made_at, expires_at)
            SELECT $1, $2, kind, value_index, person_id, $3, $4, $5 FROM contact WHERE person_id = $6
            RETURNING *
        )
        INSERT INTO letter (id, kind, subject_id, post, blind, person_id, state, settled_at, not_after)
        SELECT gen_random_uuid(), 'code', id, post, blind, person_id, 'sent', made_at, expires_at FROM asked
        """,
        number, purpose, SEED, now, soon, MAYA.id,
    )  # fmt: skip


def code_of(site: Site, challenge: UUID) -> str:
    """The code of one of these challenges."""
    return codes.code(site.code_key, challenge, SEED)
