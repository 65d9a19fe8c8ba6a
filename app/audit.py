"""Who looked at or changed whose record: a row in the same transaction, or neither happens."""

from collections.abc import Sequence
from uuid import UUID

from db import Connection


async def record(
    db: Connection, action: str, category: str, patients: Sequence[UUID], subject: UUID | None = None
) -> None:
    """Write one audit row for each patient whose record was touched.

    The database itself fills in who the transaction is; a caller cannot name another.
    """
    if patients:
        await db.run("SELECT audit($1, $2, $3, $4)", action, category, list(dict.fromkeys(patients)), subject)
