"""Whether the links hold: pure, over rows as they come from the database, in one pass and in little memory."""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import msgspec
from msgspec import Struct

from app.trail.models import Event, Head

SHARDS = 16
Marks = Mapping[tuple[int, int], Sequence[tuple[int, bytes]]]
"""What anchors say of a place, (shard, seq): the number of the anchor and the hash."""


class Fault(Struct, frozen=True, omit_defaults=True):
    """Where something is wrong, and what."""

    reason: str
    shard: int | None = None
    seq: int | None = None
    event: int | None = None
    anchor: int | None = None


class Row(Struct, frozen=True):
    """A link with the columns of its event; None where the event is gone."""

    seq: int
    shard: int
    event_id: int
    stored: bytes
    hash: bytes
    event: Event | None


def genesis(shard: int) -> bytes:
    """What the first link of a shard stands on."""
    return sha256(b"cairn audit shard %d" % shard).digest()


_read = msgspec.json.Decoder(Event).decode


class Chains:
    """Sixteen chains under examination. Each tells its first fault; `bad` counts all rows with one."""

    def __init__(self, start: Iterable[Head] = (), marks: Marks | None = None) -> None:
        self._seq = dict.fromkeys(range(SHARDS), 0)
        self._hash = {shard: genesis(shard) for shard in range(SHARDS)}
        for head in start:
            self._seq[head.shard], self._hash[head.shard] = head.seq, head.hash
        self._marks = marks or {}
        self._met: set[tuple[int, int]] = set()
        self._began = dict(self._seq)
        self.first: dict[int, Fault] = {}
        self.rows = self.bad = 0

    def feed(self, rows: Iterable[Row]) -> None:
        """Take the next rows, in the order of (seq, shard)."""
        for row in rows:
            self.rows += 1
            if reason := self._wrong(row):
                self.bad += 1
                self.first.setdefault(row.shard, Fault(reason, row.shard, row.seq, row.event_id))
            self._seq[row.shard], self._hash[row.shard] = row.seq, row.hash

    def _wrong(self, row: Row) -> str | None:
        """Why a row cannot be as it was written; None where it is."""
        shard, seq = row.shard, row.seq
        if shard not in self._seq:
            self._seq[shard], self._hash[shard] = 0, b""
            return "there is no such shard"
        if seq != self._seq[shard] + 1:
            return f"the row before should be {seq - 1} and is {self._seq[shard]}"
        if sha256(self._hash[shard] + row.stored).digest() != row.hash:
            return "its hash is not of these bytes after the row before"
        if (shard, seq) in self._marks:
            self._met.add((shard, seq))
            for number, digest in self._marks[shard, seq]:
                if digest != row.hash:
                    return f"anchor {number} was signed over another hash"
        return _misfit(row)

    def close(self, heads: Iterable[Head]) -> list[Fault]:
        """What is wrong as a whole, after the last row: ends that are missing, and heads that say something else."""
        faults = [self.first[shard] for shard in sorted(self.first)]
        found = {head.shard: head for head in heads}
        for shard in range(SHARDS):
            if shard not in self.first:
                faults += self._end(shard, found.get(shard))
        return faults

    def _end(self, shard: int, head: Head | None) -> list[Fault]:
        """The first thing that is wrong with the end of one chain."""
        last = self._seq[shard]
        for (marked, seq), said in self._marks.items():
            if marked == shard and (seq > last or (seq > self._began[shard] and (shard, seq) not in self._met)):
                number = said[0][0]
                reason = f"anchor {number} has seen row {seq}, and the chain ends at {last}"
                return [Fault(reason, shard, last, anchor=number)]
        if head is None:
            return [Fault("its head is gone", shard, last)]
        if (head.seq, head.hash) != (last, self._hash[shard]):
            return [Fault(f"its head is at {head.seq}, and the chain ends at {last} or otherwise", shard, last)]
        return []


def _misfit(row: Row) -> str | None:
    """What differs between the stored bytes and the columns beside them."""
    if row.event is None:
        return "its event is gone"
    try:
        told = _read(row.stored)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return "its bytes are no event"
    if told == row.event:
        return None
    names = [name for name in Event.__struct_fields__ if getattr(told, name) != getattr(row.event, name)]
    return f"columns differ from its bytes: {', '.join(names)}"


def row(record: Sequence[Any]) -> Row:
    """From the columns of a link, then those of its event."""
    event = None if record[5] is None else Event(*record[5:])
    return Row(record[0], record[1], record[2], record[3], record[4], event)
