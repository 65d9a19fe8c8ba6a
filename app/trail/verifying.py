"""Hold the whole audit against itself, against its anchors, and against the file of them outside the database."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec import Struct

from app.trail import anchors, chain
from app.trail.chain import Chains, Fault
from app.trail.models import Anchor, Event, Head
from db.reading import Reading

Told = Callable[[int, int], None]

_COLUMNS = ", ".join(f"e.{name}" for name in Event.__struct_fields__)
ROWS = f"""
    SELECT l.seq, l.shard, l.event_id, l.bytes, l.hash, {_COLUMNS}
    FROM audit_link l LEFT JOIN audit_event e ON e.id = l.event_id
    ORDER BY l.seq, l.shard
"""  # noqa: S608 - the names of our own fields
ROWS_AFTER = f"""
    SELECT l.seq, l.shard, l.event_id, l.bytes, l.hash, {_COLUMNS}
    FROM audit_link l LEFT JOIN audit_event e ON e.id = l.event_id
    WHERE l.seq > coalesce(($1::bigint[])[l.shard + 1], 0)
    ORDER BY l.seq, l.shard
"""  # noqa: S608
_HEADS = "SELECT shard, seq, hash FROM audit_head ORDER BY shard"
_ANCHORS = "SELECT number, at, kind, key_id, signed, signature FROM audit_anchor ORDER BY number"
_UNCHAINED = """
    SELECT e.id FROM audit_event e LEFT JOIN audit_link l ON l.event_id = e.id
    WHERE l.event_id IS NULL ORDER BY e.id LIMIT 1
"""
_TWICE = "SELECT event_id FROM audit_link GROUP BY event_id HAVING count(*) > 1 ORDER BY event_id LIMIT 1"
# What keeps everybody's ordinary statements from changing a row; (table, trigger).
_GUARDS = """
    SELECT wanted.relation || '.' || wanted.name FROM unnest($1::text[], $2::text[]) AS wanted (relation, name)
    WHERE NOT EXISTS (SELECT FROM pg_trigger t
                      WHERE t.tgrelid = to_regclass('public.' || wanted.relation) AND t.tgname = wanted.name
                        AND t.tgenabled IN ('O', 'A'))
"""
GUARDS = (
    ("audit_event", "chained"), ("audit_event", "chained_together"), ("audit_event", "stays"),
    ("audit_event", "stays_whole"), ("audit_link", "stays"), ("audit_link", "stays_whole"), ("audit_head", "stays"),
    ("audit_head", "goes_on"), ("audit_head", "stays_whole"), ("audit_anchor", "stays"),
    ("audit_anchor", "stays_whole"),
)  # fmt: skip


class Report(Struct, frozen=True):
    """What was looked at, and what is wrong; with no faults, it holds."""

    rows: int
    anchors: int
    bad: int
    faults: list[Fault]
    public_key: str | None
    last_anchor: datetime | None
    since: datetime | None = None

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return not self.faults


class Kept(Struct, frozen=True):
    """What there is outside the database: anchors of a file, and the public key that one was told."""

    file: list[Anchor] | None = None
    pinned: str | None = None


async def verify(db: Reading, kept: Kept, *, since: datetime | None = None, told: Told | None = None) -> Report:
    """Check everything, or what came after the last anchor before `since`, which is then trusted as it was signed."""
    rows = [Anchor(*one) for one in await db.all(_ANCHORS)]
    differ = [] if kept.file is None else anchors.compared(rows, kept.file)
    # Where they differ, the file is what the database cannot have changed; else it may lag behind.
    given = kept.file if differ and kept.file else rows
    signed = anchors.check(given, kept.pinned)
    faults = [*signed.faults, *differ]
    start = anchors.since(signed.statements, since) if since else []
    chains = Chains(start, anchors.marks(signed.statements))
    heads = [Head(*one) for one in await db.all(_HEADS)]
    total = sum(head.seq for head in heads) - sum(head.seq for head in start)
    async for part in _links(db, start):
        chains.feed(map(chain.row, part))
        if told is not None:
            told(chains.rows, total)
    faults += chains.close(heads)
    faults += await _strays(db)
    last = signed.statements[-1].at if signed.statements else None
    return Report(chains.rows, len(given), chains.bad, faults, signed.public_key, last, since)


def _links(db: Reading, start: Sequence[Head]) -> AsyncIterator[list[Any]]:
    if not start:
        return db.in_parts(ROWS)
    known = {head.shard: head.seq for head in start}
    return db.in_parts(ROWS_AFTER, [known.get(shard, 0) for shard in range(chain.SHARDS)])


async def _strays(db: Reading) -> list[Fault]:
    """Events that no chain has, or that one has twice, and guards that somebody took away."""
    faults = [Fault("it is in no chain", event=one[0]) for one in await db.all(_UNCHAINED)]
    faults += [Fault("it is in the chains twice", event=one[0]) for one in await db.all(_TWICE)]
    gone = await db.all(_GUARDS, [table for table, _ in GUARDS], [name for _, name in GUARDS])
    return faults + [Fault(f"the trigger {one[0]} is gone or switched off") for one in gone]


def offline(file: Sequence[Anchor], pinned: str | None) -> Report:
    """The anchors of a file alone: that they are whole, and signed by the key that one was told."""
    found = anchors.check(file, pinned)
    last = found.statements[-1].at if found.statements else None
    nothing = [] if file else [Fault("there are no anchors")]
    return Report(0, len(file), 0, [*found.faults, *nothing], found.public_key, last)


def read_file(path: Path | None) -> list[Anchor] | None:
    """The anchors of a file; None where none was named or none is there yet."""
    return anchors.read(path) if path is not None and path.exists() else None


def in_words(report: Report) -> str:
    """The report for people."""
    what = f"{report.rows:,} rows in {chain.SHARDS} chains, {report.anchors:,} anchors" + (
        f", since {report.since:%Y-%m-%d %H:%M} UTC" if report.since else ""
    )
    lines = [f"Checked {what}."]
    if report.public_key:
        lines.append(f"Signed by {report.public_key}, last at {report.last_anchor:%Y-%m-%d %H:%M:%S} UTC.")
    if report.holds:
        return "\n".join([*lines, "It holds: nothing was changed, removed, added or put elsewhere."])
    lines.append(f"It does NOT hold: {len(report.faults)} faults, {report.bad:,} rows that cannot be as written.")
    return "\n".join([*lines, *(f"  {_where(one)}: {one.reason}" for one in report.faults)])


def _where(fault: Fault) -> str:
    parts = (("shard", fault.shard), ("row", fault.seq), ("event", fault.event), ("anchor", fault.anchor))
    return ", ".join(f"{name} {value}" for name, value in parts if value is not None) or "the whole"
