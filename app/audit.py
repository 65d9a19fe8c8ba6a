"""Who looked at or changed whose record: a row in the same transaction, or neither happens."""

from collections.abc import Sequence
from uuid import UUID

from db import Connection


async def record(
    db: Connection,
    action: str,
    category: str,
    patients: Sequence[UUID],
    subject: UUID | None = None,
    *,
    purpose: str | None = None,
    under: UUID | None = None,
) -> None:
    """Write one audit row for each patient whose record was touched, `under` the consent that allowed it.

    The database itself fills in who the transaction is; a caller cannot name another.
    """
    if patients:
        named = list(dict.fromkeys(patients))
        await db.run("SELECT audit($1, $2, $3, $4, $5, $6)", action, category, named, subject, purpose, under)


async def security(
    db: Connection,
    action: str,
    category: str,
    account: UUID | None,
    subject: UUID | None = None,
    *,
    detail: str | None = None,
) -> None:
    """Write down what concerns an account, or with None the whole: a role, a factor, a key. No patient's record.

    That a session began or ended and that a role was given or taken is written by the database itself. `detail` is one
    word of a closed set.
    """
    await db.run("SELECT audit_security($1, $2, $3, $4, $5)", action, category, account, subject, detail)
