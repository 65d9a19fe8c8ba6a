"""What row-level security, the audit and encryption cost a check-in and a read of fifty days, each and all together.

The whole transaction is measured, BEGIN to COMMIT, through the product's own actions and as the app's role. What is
left out is left out below them: not a letter of their SQL differs. Copies of `check_in` without policies, an `audit`
that writes nothing and a `data_keys_live` that looks nothing up stand in schemas that come first in the search path;
and a key that leaves text as it is stands in place of AES-256-GCM, for patients whose words lie there plain.
"""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from typing import cast
from uuid import UUID, uuid4

from app.auth import Signed
from app.checkins import actions
from app.checkins.models import NewCheckIn
from app.clock import system_clock
from app.demo.cast import HARBOR
from db import Pool, connect, new_id, open_pool, person
from db.envelope import FORMAT, DataKey, Place
from db.keys import Keys
from tests.bench import Ratio, _database, _machine
from tests.bench._database import Database, Patient
from tests.bench._pairs import Pair, Turn, compared, timed
from tests.bench._peers.closed import KEYS

PATIENTS, TIMES, WARM_UP = 200, 1500, 200
ALL_TOGETHER = 2.0
WORDS = "Slept well, went for a walk."
# What a sealed text has before its words and after them; a plain one gets as much, so that the rows are as long.
HEAD, AROUND = bytes([FORMAT]) + (1).to_bytes(4), 28


# What is left out, and the schemas that leave it out.
WITHOUT = {
    "row-level security": ("unguarded",),
    "the audit": ("unaudited",),
    "encryption": ("unsealed",),
    "all three": ("unguarded", "unaudited", "unsealed"),
}


class PlainKey:
    """A key that leaves text as it is."""

    def seal(self, place: Place, text: str) -> bytes:  # noqa: ARG002 - as the real one
        """The words in the form of a sealed text."""
        return HEAD + bytes(AROUND) + text.encode()

    def unseal(self, place: Place, sealed: bytes) -> str:  # noqa: ARG002 - as the real one
        """The words again."""
        return sealed[len(HEAD) + AROUND :].decode()


class PlainKeys:
    """Keys of which each is known already, and is none."""

    def remembered(self, owner: UUID, version: int | None = None) -> DataKey:  # noqa: ARG002 - as the real ones
        """The key of anybody."""
        return cast(DataKey, PlainKey())


async def measure() -> list[Ratio]:
    """Everything as it is, in turns with each part left out and with all of them left out."""
    now = system_clock()
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(_database.opened())
        _machine.told(database.version, ("asyncpg", "msgspec", "cryptography"))
        found = await _database.patients(database, PATIENTS, now)
        sealed, plain = found[: PATIENTS // 2], found[PATIENTS // 2 :]
        await _prepared(database, plain)
        whole = await open_pool(database.app, size=1, keys=KEYS)
        stack.push_async_callback(whole.close)
        ratios = list[Ratio]()
        for left_out, schemas in WITHOUT.items():
            bare = "unsealed" in schemas
            keys = cast(Keys, PlainKeys()) if bare else KEYS
            less = await open_pool(_without(database.app, schemas), size=1, keys=keys)
            stack.push_async_callback(less.close)
            whose = plain if bare else sealed
            written = await _compared(_writing(whole, sealed, now), _writing(less, whose, now))
            read = await _compared(_reading(whole, sealed), _reading(less, whose))
            ratios += [_ratio("check-in", left_out, written), _ratio("list of 50", left_out, read)]
        await _checked(database)
    return ratios


def _ratio(what: str, left_out: str, pair: Pair) -> Ratio:
    name = f"{what}: everything against without {left_out}"
    return Ratio(name, pair.first / pair.second, ALL_TOGETHER, pair.told, at_most=True)


async def _compared(whole: Turn, less: Turn) -> Pair:
    return await compared(whole, less, times=TIMES, warm_up=WARM_UP)


def _without(dsn: str, schemas: Sequence[str]) -> str:
    return f"{dsn}&search_path={','.join((*schemas, 'public'))}"


async def _prepared(database: Database, plain: Sequence[Patient]) -> None:
    """The schemas that leave something out, and words that lie there plain."""
    raw = await connect(database.owner)
    try:
        await raw.execute(
            "UPDATE check_in SET note_sealed = $1 WHERE patient_id = ANY ($2::uuid[])",
            PlainKey().seal(Place("", "", uuid4()), WORDS),
            [one.id for one in plain],
        )
        await raw.execute(
            """
            CREATE SCHEMA unguarded;
            CREATE TABLE unguarded.check_in (LIKE public.check_in INCLUDING ALL);
            ALTER TABLE unguarded.check_in ADD FOREIGN KEY (patient_id) REFERENCES patient;
            INSERT INTO unguarded.check_in SELECT * FROM public.check_in;
            GRANT SELECT, INSERT ON unguarded.check_in TO cairn_app;
            CREATE SCHEMA unaudited;
            CREATE FUNCTION unaudited.audit(did text, about text, patients uuid[], subject uuid, why text DEFAULT NULL,
                                            under uuid DEFAULT NULL) RETURNS void
            LANGUAGE sql IMMUTABLE AS $$ SELECT NULL::void $$;
            CREATE SCHEMA unsealed;
            CREATE FUNCTION unsealed.data_keys_live(whose uuid) RETURNS boolean
            LANGUAGE sql IMMUTABLE AS $$ SELECT true $$;
            GRANT USAGE ON SCHEMA unguarded, unaudited, unsealed TO cairn_app;
            """
        )
    finally:
        await raw.close()
    await _database.settle(database)


async def _checked(database: Database) -> None:
    """What was left out was left out, and what was not was not."""
    raw = await connect(database.owner)
    try:
        [counts] = await raw.fetch(
            """
            SELECT (SELECT count(*) FROM audit_event WHERE category = 'check-ins') AS audited,
                   (SELECT count(*) FROM audit_link) AS chained,
                   (SELECT count(*) FROM audit_event) AS events,
                   (SELECT count(*) FROM unguarded.check_in) AS unguarded,
                   (SELECT count(*) FROM public.check_in) AS guarded
            """
        )
    finally:
        await raw.close()
    turns = TIMES + WARM_UP
    # Written and read: whole in each of four comparisons, and less where neither the audit nor all three is left out.
    if counts["audited"] != 2 * turns * (4 + 2) or counts["chained"] != counts["events"]:
        raise ArithmeticError(f"{counts['audited']} looks and answers are in the audit, of {2 * turns * 6}")
    # Answers go into the copy only where policies are left out.
    before = PATIENTS * _database.DAYS
    if counts["unguarded"] != before + 2 * turns or counts["guarded"] != before + (4 + 2) * turns:
        raise ArithmeticError("answers are not where they should be")


def _me(patient: Patient) -> Signed:
    return Signed(patient.id, HARBOR.id, patient.id, "en", ["patient"], "full", None, None, device=False)


def _reading(pool: Pool, patients: Sequence[Patient]) -> Turn:
    async def once(patient: Patient) -> None:
        async with pool.transaction(person(patient.id)) as db:
            found = await actions.history(db, patient.id, None, 50)
        if len(found.items) != 50 or found.items[-1].note != WORDS:
            raise ArithmeticError("a list of 50 is not what it should be")

    async def turn(number: int) -> float:
        return await timed(once(patients[number % len(patients)]))

    return turn


def _writing(pool: Pool, patients: Sequence[Patient], now: datetime) -> Turn:
    async def once(patient: Patient) -> None:
        new = NewCheckIn(new_id(now), now.date(), 6, 2, now, note=WORDS)
        async with pool.transaction(person(patient.id)) as db:
            await actions.record(db, _me(patient), new, now)

    async def turn(number: int) -> float:
        return await timed(once(patients[number % len(patients)]))

    return turn
