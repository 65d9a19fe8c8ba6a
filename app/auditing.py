"""`app audit`: check the audit, take a patient's own out of it, tell the key that signs, hand it on to another."""

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import msgspec

from app import database, stack, unusable
from app.clock import system_clock
from app.settings import Settings
from app.trail import anchors, exporting, notary, verifying
from app.trail.verifying import Kept, Report
from db.pool import connect
from db.reading import reading


class CannotAudit(Exception):
    """What was asked for cannot be done; the message says why."""


def run(settings: Settings, options: argparse.Namespace) -> int:
    """One of the verbs; the answer is the exit status, 1 where the audit does not hold."""
    match options.verb:
        case "verify":
            return _verify(settings, options)
        case "export":
            asyncio.run(_export(settings, _id(options.patient), _instant(options.since), options.format))
        case "rotate-key":
            given = Path(options.to).read_text(encoding="ascii") if options.to else None
            asyncio.run(_rotate(settings, given, options.to))
        case _:
            print(notary.appointed(settings).public_key)
    return 0


def _verify(settings: Settings, options: argparse.Namespace) -> int:
    file, since = _file(settings, options.anchors), _instant(options.since) if options.since else None
    kept = Kept(verifying.read_file(file), options.key or _own_key(settings))
    if options.offline:
        report = verifying.offline(kept.file or [], kept.pinned)
    else:
        report = asyncio.run(_against_database(settings, kept, since))
    print(_as_json(report) if options.json else verifying.in_words(report))
    if kept.file is None:
        print(f"There are no anchors at {file}: a database set back as a whole is not found out.", file=sys.stderr)
    return 0 if report.holds else 1


async def _against_database(settings: Settings, kept: Kept, since: datetime | None) -> Report:
    async with database.opened(settings, stack.secret_of(settings)) as place:
        with unusable.told(place.owner_setting):
            async with reading(place.owner) as db:
                report = await verifying.verify(db, kept, since=since, told=_progress)
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    return report


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{done:,} of {total:,} rows ")


def _as_json(report: Report) -> str:
    return msgspec.json.encode({"holds": report.holds, **msgspec.to_builtins(report)}).decode()


def _file(settings: Settings, named: str | None) -> Path:
    """The anchors to hold the database against; a file that was named has to be there."""
    if named is not None and not Path(named).exists():
        raise CannotAudit(f"There is no file {named}.")
    return Path(named) if named else notary.log_file(settings)


def _own_key(settings: Settings) -> str | None:
    """The public key of this machine, where it has one."""
    there = settings.anchor_key or notary.key_file(settings).exists()
    return notary.appointed(settings).public_key if there else None


async def _export(settings: Settings, patient_id: UUID, since: datetime, form: exporting.Format) -> None:
    async with database.opened(settings, stack.secret_of(settings)) as place:
        with unusable.told(place.owner_setting):
            raw = await connect(place.owner)
            try:
                if not await raw.fetchval("SELECT EXISTS (SELECT FROM patient WHERE person_id = $1)", patient_id):
                    raise CannotAudit("There is no patient of that id.")
                await exporting.note(raw, patient_id)
            finally:
                await raw.close()
            async with reading(place.owner) as db:
                async for line in exporting.lines(db, patient_id, since, form):
                    sys.stdout.buffer.write(line + b"\n")


async def _rotate(settings: Settings, given: str | None, to: str | None) -> None:
    """The old key signs the new one in, and the new one signs at once; only then is the old one let go."""
    if settings.anchor_key and given is None:
        raise CannotAudit("The key is set by CAIRN_ANCHOR_KEY: name the file of the new one with --to.")
    pem = given or anchors.new_key()
    old, new = notary.appointed(settings), anchors.read_key(pem)
    async with database.opened(settings, stack.secret_of(settings)) as place:
        with unusable.told(place.owner_setting):
            kept = await notary.hand_on(place.owner, old, new, system_clock())
    anchors.append(old.log, kept)
    if settings.anchor_key:
        print(f"From now on CAIRN_ANCHOR_KEY is what stands in {to}: set it for every worker and start them anew.")
    else:
        notary.succeed(notary.key_file(settings), pem)
        print("The new key is in its place. Start the workers anew.")
    print(anchors.public_text(new.public_key()))


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise CannotAudit("Expected a day or an instant, such as 2026-03-03 or 2026-03-03T15:00Z.") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise CannotAudit("Expected the patient's id, a UUID.") from None
