"""Codes at the door: who gets one, what it opens, and that asking for one tells nobody anything."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from app import auth
from app.codes import actions, rules
from app.codes.models import Tried
from app.demo.cast import DANA, LEO, MAYA
from app.settings import Settings
from app.stack import site_of
from db import CLOCK, DOOR, new_id, person
from db.pool import connect
from notifications import letters
from notifications.channel import Permanent, Transient
from notifications.letters import Waiting
from tests.app.coming import (
    LEOS,
    MAYAS,
    MAYAS_PHONE,
    PostOffice,
    an_id,
    ask,
    challenge_and_code,
    code_in,
    comes_in,
    give,
    has_contact,
    held,
    is_sure,
    minutes,
    other_digit,
    posted,
)
from tests.app.test_signin import as_owner
from tests.device import Device
from tests.world import SITE, World


async def test_a_code_by_mail_lets_a_patient_in_and_alone_reaches_no_record(world: World) -> None:
    await has_contact(world.pool, MAYA, MAYAS, world.clock.now)

    challenge, code = await challenge_and_code(world)
    signed = await give(world, challenge, code)

    assert (signed.status_code, signed.json()["personId"]) == (201, str(MAYA.id))
    assert signed.json()["assurance"] == "limited"
    client = world.with_token(signed.json()["accessToken"])
    assert MAYA.name not in (await client.get("/v1/me")).text
    refused = await client.get("/v1/check-ins")
    assert (refused.status_code, refused.json()["code"]) == (403, "FullAssuranceNeeded")


async def test_a_code_by_text_does_the_same_however_the_number_is_typed(world: World) -> None:
    await has_contact(world.pool, LEO, MAYAS_PHONE, world.clock.now)

    asked, office = await ask(world, "(202) 555-0143"), PostOffice()
    assert await posted(world, office) == letters.Posted()
    assert (await posted(world, office, "sms")).sent == 1

    [letter] = office.letters
    assert (letter.to, letter.language) == (MAYAS_PHONE, "es")
    assert letter.text.startswith("Tu código es ")
    code = code_in(letter)
    signed = await give(world, asked.json()["id"], f"{code[:4]} {code[4:]}")
    assert (signed.status_code, signed.json()["personId"]) == (201, str(LEO.id))


UNWRITTEN = {
    "nobody's": {},
    "one that was never shown to be theirs": {"verified": False},
    "one that is not to be written to": {"may_text": False},
}


@pytest.mark.parametrize("why", UNWRITTEN)
async def test_a_code_goes_to_nobody_who_does_not_come_in_by_it(world: World, why: str) -> None:
    flags: Any = UNWRITTEN[why]
    if flags:
        await has_contact(world.pool, MAYA, MAYAS, world.clock.now, **flags)
    asked, office = await ask(world, MAYAS), PostOffice()

    assert asked.status_code == 202
    assert await posted(world, office) == letters.Posted(void=1)
    assert office.tried == []


# Who may ask at the door about whom. The answers have to be one answer.
CONTACTS = ("known@example.org", "nobody@example.org", "closed@example.org", "staff@example.org", "unseen@example.org")


async def all_contacts(world: World) -> None:
    now = world.clock.now
    # A table as small as a test's may be read whole; that of a program is not, nor does a plan from before count here.
    raw: asyncpg.Connection[asyncpg.Record] = world.pool._one  # type: ignore[attr-defined]  # the test's own pool has one
    await raw.execute("SET LOCAL enable_seqscan = off; SET LOCAL plan_cache_mode = force_custom_plan")
    await has_contact(world.pool, MAYA, "known@example.org", now)
    await has_contact(world.pool, DANA, "staff@example.org", now)
    await has_contact(world.pool, LEO, "unseen@example.org", now, verified=False)
    closed = await has_contact(world.pool, LEO, "closed@example.org", now)
    async with world.pool.transaction(person(LEO.id)) as db:
        await db.run(
            "UPDATE contact SET closed_at = $2, closed_because = 'own', value_sealed = NULL, value_index = NULL"
            " WHERE id = $1",
            closed.id,
            now,
        )


WORK = """
    SELECT relname, seq_scan, seq_tup_read, idx_scan, idx_tup_fetch, n_tup_ins, n_tup_upd, n_tup_del
    FROM pg_stat_xact_user_tables ORDER BY relname
"""
ALIKE = frozenset({b"x-request-id"})


class Watched:
    """What one request had done: the statements it sent, what the database did for them, and what it answered."""

    def __init__(self) -> None:
        self.statements: list[str] = []
        self.work: dict[str, tuple[int, ...]] = {}
        self.answer: dict[str, Any] = {}


@asynccontextmanager
async def watched(world: World) -> AsyncIterator[Watched]:
    """Watch what is done in here, on the one connection of the test and inside the functions that it calls."""
    raw: asyncpg.Connection[asyncpg.Record] = world.pool._one  # type: ignore[attr-defined]  # the test's own pool has one
    seen = Watched()

    def note(record: Any) -> None:
        if record.query != WORK:
            seen.statements.append(re.sub(r"savepoint_[0-9a-f]+", "savepoint", record.query))

    before = {row[0]: tuple(row)[1:] for row in await raw.fetch(WORK)}
    raw.add_query_logger(note)
    try:
        yield seen
    finally:
        raw.remove_query_logger(note)
    after = {row[0]: tuple(row)[1:] for row in await raw.fetch(WORK)}
    nothing = (0,) * 7
    moved = {t: tuple(a - b for a, b in zip(n, before.get(t, nothing), strict=True)) for t, n in after.items()}
    seen.work = {table: delta for table, delta in moved.items() if any(delta)}


async def asked_about(world: World, contact: str) -> Watched:
    async with watched(world) as seen:
        answer = await ask(world, contact)
    said = answer.json()
    UUID(said.pop("id"))
    seen.answer = {"status": answer.status_code, "said": said, "length": len(answer.content)}
    seen.answer["headers"] = [one for one in answer.headers.raw if one[0].lower() not in ALIKE]
    return seen


async def test_asking_about_whoever_it_is_sends_says_and_does_the_same(world: World) -> None:
    """Content and work, not a stopwatch: the statements, what they read and wrote in which table, and every byte."""
    await all_contacts(world)
    await asked_about(world, "warm@example.org")  # so that no statement is prepared for one of them alone

    seen = {contact: await asked_about(world, contact) for contact in CONTACTS}

    first = seen[CONTACTS[0]]
    assert first.answer["status"] == 202
    assert len(first.statements) >= 3
    assert {contact: one.answer for contact, one in seen.items()} == dict.fromkeys(CONTACTS, first.answer)
    assert {contact: one.statements for contact, one in seen.items()} == dict.fromkeys(CONTACTS, first.statements)
    assert {contact: one.work for contact, one in seen.items()} == dict.fromkeys(CONTACTS, first.work)
    # Whose contact it is cannot show, since nobody looks.
    assert set(first.work) == {"code_challenge", "letter", "taken"}


async def tried_at(world: World, challenge: str) -> Watched:
    async with watched(world) as seen:
        answer = await give(world, challenge, "00000000")
    said = {k: v for k, v in answer.json().items() if k != "requestId"}
    seen.answer = {"status": answer.status_code, "said": said, "length": len(answer.content)}
    return seen


async def test_a_wrong_code_is_refused_alike_and_with_the_same_work_whoever_it_would_be(world: World) -> None:
    await all_contacts(world)
    challenges = {contact: (await ask(world, contact)).json()["id"] for contact in CONTACTS}
    await tried_at(world, challenges[CONTACTS[0]])
    challenges[CONTACTS[0]] = (await ask(world, CONTACTS[0])).json()["id"]

    seen = {contact: await tried_at(world, challenge) for contact, challenge in challenges.items()}

    first = seen[CONTACTS[0]]
    assert (first.answer["status"], first.answer["said"]["code"]) == (403, "CodeRefused")
    assert {contact: one.answer for contact, one in seen.items()} == dict.fromkeys(CONTACTS, first.answer)
    assert {contact: one.statements for contact, one in seen.items()} == dict.fromkeys(CONTACTS, first.statements)
    assert {contact: one.work for contact, one in seen.items()} == dict.fromkeys(CONTACTS, first.work)
    never = await tried_at(world, str(an_id(world)))
    assert (never.answer, never.statements) == (first.answer, first.statements)


async def test_the_same_is_hashed_whether_there_is_something_to_compare_with_or_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hashed: list[int] = []
    honest = rules.code

    def counting(key: bytes, challenge: UUID, seed: bytes) -> str:
        hashed.append(len(seed))
        return honest(key, challenge, seed)

    monkeypatch.setattr(rules, "code", counting)
    number, seed = UUID(int=7), b"s" * 32
    for tried, given in ((None, "1"), (Tried(seed, None), "1"), (Tried(seed, None), honest(b"k", number, seed))):
        rules.is_right(b"k", number, tried, given, None)
    assert hashed == [32, 32, 32]


async def test_five_wrong_tries_end_a_code_even_though_each_was_refused(world: World) -> None:
    await has_contact(world.pool, MAYA, MAYAS, world.clock.now)
    challenge, code = await challenge_and_code(world)

    wrong = [await give(world, challenge, other_digit(code)) for _ in range(5)]
    right = await give(world, challenge, code)

    assert [one.status_code for one in wrong] == [403] * 5
    assert (right.status_code, right.json()["code"]) == (403, "CodeRefused")


async def test_the_fifth_try_may_be_the_right_one_and_works_once(world: World) -> None:
    await has_contact(world.pool, MAYA, MAYAS, world.clock.now)
    challenge, code = await challenge_and_code(world)
    for _ in range(4):
        await give(world, challenge, other_digit(code))

    assert [(await give(world, challenge, code)).status_code for _ in range(2)] == [201, 403]


async def test_a_code_is_good_for_ten_minutes(world: World) -> None:
    await has_contact(world.pool, MAYA, MAYAS, world.clock.now)
    first = await challenge_and_code(world)
    world.clock.forward(minutes=9, seconds=59)
    assert (await give(world, *first)).status_code == 201
    second = await challenge_and_code(world)
    world.clock.forward(minutes=10)
    assert (await give(world, *second)).status_code == 403


async def test_a_newer_code_for_the_same_contact_ends_the_older_and_nobody_elses(world: World) -> None:
    await has_contact(world.pool, MAYA, MAYAS, world.clock.now)
    await has_contact(world.pool, LEO, LEOS, world.clock.now)
    leos = await challenge_and_code(world, LEOS)
    older = await challenge_and_code(world)
    newer = await challenge_and_code(world)

    assert [(await give(world, *one)).status_code for one in (older, newer, leos)] == [403, 201, 201]


async def test_a_code_fits_its_own_challenge_alone(world: World) -> None:
    await has_contact(world.pool, MAYA, MAYAS, world.clock.now)
    await has_contact(world.pool, LEO, LEOS, world.clock.now)
    mayas, leos = await challenge_and_code(world), await challenge_and_code(world, LEOS)

    assert (await give(world, mayas[0], leos[1])).status_code == 403


async def test_a_code_that_a_device_asked_for_is_given_on_that_device(world: World) -> None:
    await has_contact(world.pool, MAYA, MAYAS, world.clock.now)
    phone, other = Device("phone"), Device("other")
    challenge, code = await challenge_and_code(world, device=phone)

    assert (await give(world, challenge, code, other)).status_code == 403
    assert (await give(world, challenge, code)).status_code == 403
    signed = await give(world, challenge, code, phone)
    assert (signed.status_code, signed.json()["assurance"]) == (201, "limited")


async def was_here(world: World, device: Device) -> None:
    """Maya has been fully signed in on it."""
    async with world.pool.transaction(DOOR) as db:
        await auth.open_session(db, MAYA.id, world.clock.now, "link", device=device.key)


@pytest.mark.parametrize(
    ("proof", "assurance"),
    [("its own", "full"), ("none", "limited"), ("another's", "limited"), ("for another code", "limited"),
     ("an old one", "limited"), ("no proof at all", "limited")],
)  # fmt: skip
async def test_on_a_device_where_somebody_was_before_a_code_is_enough_if_it_has_its_key(
    world: World, proof: str, assurance: str
) -> None:
    await has_contact(world.pool, MAYA, MAYAS, world.clock.now)
    phone, now = Device("phone"), world.clock.now
    await was_here(world, phone)
    challenge, code = await challenge_and_code(world, device=phone)
    proofs = {
        "its own": held(phone, challenge, now), "none": None, "another's": held(Device(), challenge, now),
        "for another code": held(phone, str(an_id(world)), now), "an old one": held(phone, challenge, now - minutes(6)),
        "no proof at all": "x.y.z",
    }  # fmt: skip

    signed = await give(world, challenge, code, phone, proofs[proof])

    assert (signed.status_code, signed.json()["assurance"]) == (201, assurance)


async def test_a_device_whose_session_was_stolen_or_only_half_known_vouches_for_nobody(world: World) -> None:
    await has_contact(world.pool, MAYA, MAYAS, world.clock.now)
    stolen, half = Device("stolen"), Device("half")
    await was_here(world, stolen)
    async with world.pool.transaction(DOOR) as db:
        await auth.end_sessions(db, MAYA.id, world.clock.now, "reuse")
    for device in (stolen, half):
        for _ in range(2):
            challenge, code = await challenge_and_code(world, device=device)
            signed = await give(world, challenge, code, device, held(device, challenge, world.clock.now))
            assert signed.json()["assurance"] == "limited"


async def test_where_others_read_as_well_a_code_is_never_enough(world: World) -> None:
    await has_contact(world.pool, MAYA, MAYAS, world.clock.now, shared=True)
    phone = Device("phone")
    await was_here(world, phone)
    challenge, code = await challenge_and_code(world, device=phone)

    signed = await give(world, challenge, code, phone, held(phone, challenge, world.clock.now))

    assert (signed.status_code, signed.json()["assurance"]) == (201, "limited")


async def test_a_second_contact_makes_it_sure_and_the_first_one_again_does_not(world: World) -> None:
    await has_contact(world.pool, MAYA, MAYAS, world.clock.now)
    await has_contact(world.pool, MAYA, MAYAS_PHONE, world.clock.now)
    world.clock.forward(minutes=1)
    client = await comes_in(world)

    office, answers = PostOffice(), []
    for contact, by in ((MAYAS, "email"), (MAYAS_PHONE, "sms")):
        asked = await client.post("/v1/session/codes", json={"contact": contact})
        await posted(world, office, "email" if by == "email" else "sms")
        code = code_in(office.letters[-1])
        answers.append(await client.post(f"/v1/session/codes/{asked.json()['id']}/redeem", json={"code": code}))
        if contact == MAYAS:
            assert not await is_sure(world, client)

    assert (answers[0].status_code, answers[0].json()["code"]) == (403, "SameContact")
    assert (answers[1].status_code, answers[1].json()) == (200, {"assurance": "full"})
    assert await is_sure(world, client)


async def test_a_second_contact_of_somebody_else_gets_no_code_and_the_answer_is_the_same(world: World) -> None:
    await has_contact(world.pool, MAYA, MAYAS, world.clock.now)
    await has_contact(world.pool, LEO, LEOS, world.clock.now)
    await has_contact(world.pool, MAYA, MAYAS_PHONE, world.clock.now, verified=False)
    client, office = await comes_in(world), PostOffice()

    said = [await client.post("/v1/session/codes", json={"contact": one}) for one in (LEOS, MAYAS_PHONE, "x@y.org")]

    assert {one.status_code for one in said} == {202}
    assert {tuple(one.json()) for one in said} == {("id", "expiresAt")}
    await posted(world, office)
    await posted(world, office, "sms")
    assert office.tried == []


async def test_a_challenge_of_somebody_elses_session_cannot_be_tried(world: World) -> None:
    await has_contact(world.pool, MAYA, MAYAS, world.clock.now)
    await has_contact(world.pool, MAYA, MAYAS_PHONE, world.clock.now)
    maya, office = await world.of(MAYA), PostOffice()
    asked = (await maya.post("/v1/session/codes", json={"contact": MAYAS})).json()["id"]
    await posted(world, office)

    leos = await (await world.of(LEO)).post(
        f"/v1/session/codes/{asked}/redeem", json={"code": code_in(office.letters[-1])}
    )
    door = await give(world, asked, code_in(office.letters[-1]))

    assert (leos.status_code, door.status_code) == (404, 403)


async def test_a_mailbox_is_not_filled_and_a_limit_says_nothing_of_its_owner(world: World) -> None:
    await has_contact(world.pool, MAYA, MAYAS, world.clock.now)
    answers = {}
    for contact in (MAYAS, "nobody@example.org"):
        tried = [await ask(world, contact) for _ in range(6)]
        answers[contact] = [(one.status_code, one.headers.get("retry-after")) for one in tried]

    assert answers[MAYAS] == [(202, None)] * 5 + [(429, "720")]
    assert answers["nobody@example.org"] == answers[MAYAS]
    world.clock.forward(minutes=12)
    assert (await ask(world, MAYAS)).status_code == 202


async def test_a_device_asks_for_ten_contacts_in_an_hour_and_no_more(world: World) -> None:
    phone = Device()
    answers = [(await ask(world, f"somebody-{n}@example.org", phone)).status_code for n in range(11)]
    assert answers == [202] * 10 + [429]


@pytest.mark.parametrize("contact", ["nobody", "a@b", "+99", "12345", "a@b.org\u0000", "@", "a@b.org, c@d.org"])
async def test_what_is_neither_an_address_nor_a_number_is_refused_at_its_field(world: World, contact: str) -> None:
    answer = await ask(world, contact)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/contact")
    assert contact not in answer.text.replace("@", "", contact == "@")


async def test_of_many_who_give_a_code_at_once_one_comes_in_and_nothing_of_it_is_kept(
    real_world: World, own_database: str
) -> None:
    world = real_world
    await has_contact(world.pool, MAYA, MAYAS, world.clock.now)
    challenge, code = await challenge_and_code(world)

    answers = await asyncio.gather(*(give(world, challenge, code) for _ in range(5)))
    late = await asyncio.gather(*(give(world, challenge, code) for _ in range(8)))

    assert sorted(one.status_code for one in answers) == [201] + [403] * 4
    assert {one.status_code for one in late} == {403}
    raw = await connect(as_owner(own_database))
    [tries] = [row[0] for row in await raw.fetch("SELECT tries FROM code_challenge")]
    kept = " ".join(str(row[0]) for row in await raw.fetch("SELECT c::text FROM code_challenge c"))
    kept += " ".join(str(row[0]) for row in await raw.fetch("SELECT l::text FROM letter l"))
    await raw.close()
    assert 1 <= tries <= 5
    assert not any(secret in kept for secret in (code, MAYAS, code.encode().hex()))


async def test_guesses_at_once_are_five_in_all(real_world: World, own_database: str) -> None:
    world = real_world
    await has_contact(world.pool, MAYA, MAYAS, world.clock.now)
    challenge, code = await challenge_and_code(world)

    await asyncio.gather(*(give(world, challenge, other_digit(code)) for _ in range(12)))

    raw = await connect(as_owner(own_database))
    assert await raw.fetchval("SELECT tries FROM code_challenge") == 5
    await raw.close()
    assert (await give(world, challenge, code)).status_code == 403


async def test_codes_that_are_asked_for_at_once_leave_one_that_opens(real_world: World) -> None:
    world, office = real_world, PostOffice()
    await has_contact(world.pool, MAYA, MAYAS, world.clock.now)
    asked = await asyncio.gather(*(ask(world, MAYAS) for _ in range(5)))
    assert {one.status_code for one in asked} == {202}

    done = await posted(world, office)

    assert (done.sent, done.void) == (1, 4)
    answers = [(await give(world, one.json()["id"], code_in(office.letters[0]))).status_code for one in asked]
    assert sorted(answers) == [201, 403, 403, 403, 403]


# A code on its way.
async def test_a_code_whose_worker_dies_goes_out_again_with_the_same_words_and_opens(world: World) -> None:
    await has_contact(world.pool, MAYA, MAYAS, world.clock.now)
    asked, office = await ask(world, MAYAS), PostOffice()
    office.answers = [asyncio.CancelledError()]
    with pytest.raises(asyncio.CancelledError):
        await posted(world, office)

    assert (await posted(world, office)).sent == 0, "it is leased to the one that died"
    world.clock.forward(seconds=61)
    assert (await posted(world, office)).sent == 1

    first, second = office.tried
    assert (first.id, first.text, first.to) == (second.id, second.text, second.to)
    assert (await give(world, asked.json()["id"], code_in(second))).status_code == 201
    assert (await posted(world, office)).sent == 0


async def test_a_server_that_says_later_is_asked_again_until_the_code_is_worth_nothing(world: World) -> None:
    await has_contact(world.pool, MAYA, MAYAS, world.clock.now)
    await ask(world, MAYAS)
    office, states = PostOffice(), []
    office.answers = [Transient("SMTP_450")] * 40

    for _ in range(12):
        states.append(await posted(world, office))
        world.clock.forward(seconds=61)

    assert states[0] == letters.Posted(queued=1)
    assert sum(one.expired for one in states) == 1
    assert 8 <= len(office.tried) <= 10
    assert office.letters == []


async def test_a_refused_code_is_not_tried_again_and_its_error_is_a_word_of_ours(world: World) -> None:
    await has_contact(world.pool, MAYA, MAYAS, world.clock.now)
    await ask(world, MAYAS)
    office = PostOffice()
    office.answers = [Permanent("SMTP_550")]

    assert await posted(world, office) == letters.Posted(dead=1)
    world.clock.forward(minutes=5)
    assert await posted(world, office) == letters.Posted()
    async with world.pool.transaction(CLOCK) as db:
        assert await db.values(str, "SELECT state || ' ' || error FROM letter") == ["dead SMTP_550"]


async def test_a_carrier_that_breaks_its_promise_takes_no_other_letter_along(world: World) -> None:
    await has_contact(world.pool, MAYA, MAYAS, world.clock.now)
    await has_contact(world.pool, LEO, LEOS, world.clock.now)
    await ask(world, MAYAS)
    await ask(world, LEOS)
    office = PostOffice()
    office.answers = [RuntimeError("with an address in it")]

    assert await posted(world, office) == letters.Posted(sent=1, queued=1)
    async with world.pool.transaction(CLOCK) as db:
        assert await db.values(str, "SELECT error FROM letter WHERE error IS NOT NULL") == ["RuntimeError"]


async def test_a_carrier_that_hangs_is_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(letters, "CARRY_SECONDS", 0.05)
    await has_contact(world.pool, MAYA, MAYAS, world.clock.now)
    await ask(world, MAYAS)

    class Hangs(PostOffice):
        async def carry(self, _letter: letters.Letter) -> Any:
            await asyncio.Event().wait()

    assert await posted(world, Hangs()) == letters.Posted(queued=1)


async def test_what_has_ended_before_it_was_sent_is_not_sent(world: World) -> None:
    await has_contact(world.pool, MAYA, MAYAS, world.clock.now)
    await ask(world, MAYAS)
    await ask(world, MAYAS)
    office = PostOffice()
    assert await posted(world, office) == letters.Posted(sent=1, void=1)

    await ask(world, MAYAS)
    world.clock.forward(minutes=10)
    assert await posted(world, office) == letters.Posted(expired=1)


async def test_a_letter_that_another_worker_has_meanwhile_is_left_to_it(world: World) -> None:
    """The first is so slow that its lease ends; what it then says does not undo what the second has done."""
    await has_contact(world.pool, MAYA, MAYAS, world.clock.now)
    await ask(world, MAYAS)
    other = PostOffice()

    class Slow(PostOffice):
        async def carry(self, _letter: letters.Letter) -> Any:
            world.clock.forward(seconds=61)
            await posted(world, other)
            return Permanent("SMTP_550")

    await posted(world, Slow())
    async with world.pool.transaction(CLOCK) as db:
        assert await db.values(str, "SELECT state FROM letter") == ["sent"]


async def test_after_three_days_it_is_forgotten_that_somebody_was_written_to(world: World) -> None:
    await has_contact(world.pool, MAYA, MAYAS, world.clock.now)
    await comes_in(world)
    await actions.forget(world.pool, world.clock.now + timedelta(days=2))
    async with world.pool.transaction(CLOCK) as db:
        assert await db.value(int, "SELECT count(*) FROM code_challenge") == 1

    await actions.forget(world.pool, world.clock.now + timedelta(days=4))
    async with world.pool.transaction(CLOCK) as db:
        assert await db.values(int, "SELECT count(*) FROM code_challenge UNION ALL SELECT count(*) FROM letter") == [
            0,
            0,
        ]


async def test_a_letter_about_nothing_is_not_composed(world: World) -> None:
    waiting = Waiting(new_id(world.clock.now), "code", an_id(world), None, bytes(32), 1, world.clock.now)
    async with world.pool.transaction(CLOCK) as db:
        assert await actions.compose(db, SITE, waiting, "email", world.clock.now) is None


def test_codes_are_of_eight_digits_and_say_nothing_without_both_halves() -> None:
    number, seed = UUID(int=1), b"s" * 32
    made = {rules.code(bytes([n]) * 32, number, seed) for n in range(200)}
    assert {len(code) for code in made} == {8}
    assert all(code.isdecimal() for code in made)
    assert len(made) == 200
    assert any(code.startswith("0") for n in range(2000) if (code := rules.code(b"k", UUID(int=n), seed)))
    assert rules.code(b"k", number, seed) != rules.code(b"k", number, b"t" * 32)
    keys = {site_of(Settings(), secret * 32).code_key for secret in ("a", "b")}
    assert len(keys | {site_of(Settings(), "a" * 32).ticket_key}) == 3
