"""What row-level security, the audit and encryption cost a check-in and a read of fifty days, each and all together.

The whole request is measured, from the app being called to its last byte: who asks, the guard, the transaction as the
app's role, the answer as JSON; no client and no network. What is left out is left out below all that: not a letter of
the product's SQL differs. Copies of `check_in` without policies, an `audit`
that writes nothing and a `data_keys_live` that looks nothing up stand in schemas that come first in the search path;
and a key that leaves text as it is stands in place of AES-256-GCM, for patients whose words lie there plain.
"""

import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any, cast
from uuid import UUID, uuid4

import msgspec
from litestar import Litestar
from msgspec import Struct

from app.asgi import create_app
from app.clock import system_clock
from app.site import Site
from db import Bell, Pool, connect, new_id, open_pool
from db.envelope import FORMAT, DataKey, Place
from db.keys import Keys
from tests.bench import Ratio, _database, _machine
from tests.bench._database import Database, Patient
from tests.bench._pairs import Pair, Turn, compared
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


class Answer(Struct):
    """What the app sent, and how long that took."""

    status: int = 0
    body: bytes = b""
    seconds: float = 0.0


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
        everything = _served(whole)
        ratios = list[Ratio]()
        for left_out, schemas in WITHOUT.items():
            bare = "unsealed" in schemas
            keys = cast(Keys, PlainKeys()) if bare else KEYS
            less = await open_pool(_without(database.app, schemas), size=1, keys=keys)
            stack.push_async_callback(less.close)
            whose = plain if bare else sealed
            app = _served(less)
            written = await _compared(_writing(everything, sealed, now), _writing(app, whose, now))
            read = await _compared(_reading(everything, sealed), _reading(app, whose))
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


def _served(pool: Pool) -> Litestar:
    """The app over these connections. It counts nobody's requests, which would only add to both sides."""
    return create_app(pool, Bell(), Site(ticket_key=bytes(32), demo=True), limited=False)


async def _answered(app: Litestar, patient: Patient, method: str, query: bytes = b"", body: bytes = b"") -> Answer:
    """One request as a server hands it to the app, without a client or a network between."""
    headers = [(b"host", b"bench.test"), (b"authorization", f"Bearer {patient.token}".encode())]
    headers += [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())] if body else []
    scope: Any = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": "/v1/check-ins", "raw_path": b"/v1/check-ins", "root_path": "", "query_string": query,
        "headers": headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip
    answer = Answer()

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        answer.status = message.get("status", answer.status)
        answer.body += message.get("body", b"")

    started = time.perf_counter()
    await app(scope, receive, send)
    answer.seconds = time.perf_counter() - started
    return answer


def _reading(app: Litestar, patients: Sequence[Patient]) -> Turn:
    async def turn(number: int) -> float:
        answer = await _answered(app, patients[number % len(patients)], "GET", b"limit=50")
        items = msgspec.json.decode(answer.body)["items"]
        if len(items) != 50 or items[-1]["note"] != WORDS:
            raise ArithmeticError("a list of 50 is not what it should be")
        return answer.seconds

    return turn


def _writing(app: Litestar, patients: Sequence[Patient], now: datetime) -> Turn:
    async def turn(number: int) -> float:
        calm = {
            "id": str(new_id(now)), "date": now.date().isoformat(), "mood": 6, "craving": 2, "wantsToTalk": False,
            "note": WORDS, "answeredAt": now.isoformat(),
        }  # fmt: skip
        patient = patients[number % len(patients)]
        answer = await _answered(app, patient, "POST", body=msgspec.json.encode(calm))
        if answer.status != 201:
            raise ArithmeticError("a check-in was not kept")
        return answer.seconds

    return turn
