"""The tables consent and consent_revocation, and who may be named in one."""

from datetime import datetime
from uuid import UUID

from app.consents.models import Filled, How, NewConsent, ReceivingOrganisation, Recipient, Row, Signer
from db import Connection


async def signer(db: Connection, me: UUID) -> Signer | None:
    """The patient who signs, and their program."""
    return await db.one(
        Signer,
        """
        SELECT p.name, p.language, p.time_zone, o.name AS organisation
        FROM person p JOIN organisation o ON o.id = p.organisation_id
        WHERE p.id = $1 AND p.kind = 'patient'
        """,
        me,
    )


async def recipient(db: Connection, house: UUID, organisation_id: UUID, person_id: UUID | None) -> Recipient | None:
    """Another organisation, and somebody who works there; None where there is no such one."""
    return await db.one(
        Recipient,
        """
        SELECT o.name AS organisation, p.name AS person
        FROM organisation o LEFT JOIN person p ON p.id = $3 AND p.organisation_id = o.id AND p.kind = 'staff'
        WHERE o.id = $2 AND o.id <> $1 AND ($3::uuid IS NULL) = (p.id IS NULL)
        """,
        house,
        organisation_id,
        person_id,
    )


async def recipients(
    db: Connection, house: UUID, *, after: tuple[str, UUID] | None, limit: int
) -> list[ReceivingOrganisation]:
    """Other organisations by name, each with those whose role can receive something."""
    name, last = after or ("", UUID(int=0))
    return await db.all(
        ReceivingOrganisation,
        """
        SELECT o.id, o.name, o.kind, coalesce((
            SELECT json_agg(json_build_object('id', w.id, 'name', w.name, 'roles', w.roles) ORDER BY w.name, w.id)
            FROM (SELECT p.id, p.name, array_agg(r.role ORDER BY r.role) AS roles
                  FROM person p JOIN staff_role r ON r.person_id = p.id
                  WHERE p.organisation_id = o.id AND p.kind = 'staff'
                    AND r.role IN ('peer', 'peer-lead', 'counselor', 'prescriber', 'primary-care')
                  GROUP BY p.id) AS w), '[]'::json) AS people
        FROM organisation o
        WHERE o.id <> $1 AND (o.name, o.id) > ($2, $3)
        ORDER BY o.name, o.id
        LIMIT $4
        """,
        house,
        name,
        last,
        limit,
    )


async def sign(
    db: Connection, me: UUID, house: UUID, new: NewConsent, filled: Filled, *,
    patient: str, sensitivities: list[str], session: UUID, factor: str, now: datetime,
) -> bool:  # fmt: skip
    """Keep a consent with every element; False where the id is taken."""
    return (
        await db.run(
            """
            INSERT INTO consent (id, kind, patient_id, organisation_id, patient, discloser, categories, sensitivities,
                                 recipient_kind, recipient_id, recipient_organisation_id, recipient, purpose,
                                 right_to_revoke, expires_at, expires_with, redisclosure, refusing, form, language,
                                 form_text, form_sha256, signature_method, signature, signature_path, signed_in,
                                 signed_by, signed_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
                    decode($22, 'hex'), CASE WHEN $24::text IS NULL THEN 'typed' ELSE 'drawn' END, $23, $24, $25, $26,
                    $27)
            ON CONFLICT DO NOTHING
            """,
            new.id,
            new.kind,
            me,
            house,
            patient,
            filled.discloser,
            list(new.categories),
            sensitivities,
            new.recipient_kind,
            new.recipient_id,
            new.recipient_organisation_id,
            filled.recipient,
            new.purpose,
            filled.pinned.right_to_revoke,
            filled.expires_at,
            new.expires_with,
            filled.pinned.redisclosure,
            filled.pinned.refusing,
            filled.pinned.form,
            filled.language,
            filled.text,
            filled.sha256,
            new.signature,
            new.signature_path,
            session,
            factor,
            now,
        )
        > 0
    )


async def by_id(db: Connection, consent_id: UUID, *, to_revoke: bool = False) -> Row | None:
    """One that the caller may read; or only if they may end it."""
    return await db.one(
        Row,
        """
        SELECT c.id, c.kind, c.patient_id, c.patient, c.discloser, c.categories, c.sensitivities, c.recipient_kind,
               c.recipient_id, c.recipient_organisation_id, c.recipient, c.purpose, c.signed_at, c.expires_at,
               c.expires_with, r.revoked_at, r.how, c.form_text, encode(c.form_sha256, 'hex') AS form_sha256,
               c.language, c.signature, c.signature_method, c.signature_path, c.signed_by
        FROM consent c LEFT JOIN consent_revocation r ON r.consent_id = c.id
        WHERE c.id = $1 AND (NOT $2 OR c.patient_id IN (SELECT patients_for('revoke', 'consents')))
        """,
        consent_id,
        to_revoke,
    )


async def listed(db: Connection, patient_id: UUID | None, *, before: tuple[datetime, UUID], limit: int) -> list[Row]:
    """Consents of one patient, or of all whose consents the caller may read, the latest first."""
    return await db.all(
        Row,
        """
        SELECT c.id, c.kind, c.patient_id, c.patient, c.discloser, c.categories, c.sensitivities, c.recipient_kind,
               c.recipient_id, c.recipient_organisation_id, c.recipient, c.purpose, c.signed_at, c.expires_at,
               c.expires_with, r.revoked_at, r.how, c.form_text, encode(c.form_sha256, 'hex') AS form_sha256,
               c.language, c.signature, c.signature_method, c.signature_path, c.signed_by
        FROM consent c LEFT JOIN consent_revocation r ON r.consent_id = c.id
        WHERE ($1::uuid IS NULL OR c.patient_id = $1) AND (c.signed_at, c.id) < ($2, $3)
        ORDER BY c.signed_at DESC, c.id DESC
        LIMIT $4
        """,
        patient_id,
        *before,
        limit,
    )


async def revoke(db: Connection, consent_id: UUID, me: UUID, how: How, now: datetime) -> bool:
    """End it; False where it has ended so already."""
    return (
        await db.run(
            "INSERT INTO consent_revocation (consent_id, revoked_at, revoked_by, how) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT DO NOTHING",
            consent_id,
            now,
            me,
            how,
        )
        > 0
    )
