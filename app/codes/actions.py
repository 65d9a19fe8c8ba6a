"""Have codes sent, and take them."""

import secrets
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from app import auth, limits, proofs, sealing
from app.auth import Signed
from app.codes import queries, rules
from app.codes.models import Assured, Challenge, CodeAsked, CodeGiven, OwnCode, Purpose, Tried
from app.contacts import actions as contacts
from app.contacts import rules as spelling
from app.contacts.models import Kind
from app.errors import FieldError, Invalid, NotFound
from app.signin.models import SignedIn, signed_in
from app.site import Site
from db import CLOCK, DOOR, Connection, Pool, Principal, new_id
from notifications import letters, wording
from notifications.letters import Letter, Waiting
from notifications.models import Post


async def ask(pool: Pool, new: CodeAsked, now: datetime) -> Challenge:
    """Have a code sent to whoever comes in by that contact, if anybody does.

    The same rows are written and the same is answered whatever the contact: whether it is anybody's is looked up when
    the letter is sent, and by nobody before.
    """
    kind, value = read(new.contact)
    device = None if new.device is None else proofs.key_of(new.device.public_key)
    async with pool.transaction(DOOR) as db:
        if device is not None:
            await limits.take(db, limits.CODES_FROM_DEVICE, device, now)
        return await _asked(db, "sign-in", kind, value, device, now)


async def redeem(pool: Pool, site: Site, challenge: UUID, given: CodeGiven, now: datetime) -> SignedIn:
    """Come in by a code. On a device that is not known to be the person's, the session is of limited assurance."""
    device = None if given.device is None else proofs.key_of(given.device.public_key)
    tried = await _counted(pool, DOOR, challenge, "sign-in", now)
    if not rules.is_right(site.code_key, challenge, tried, given.code, device and sha256(device).digest()):
        raise rules.CodeRefused
    held = device is not None and _is_held(device, given.proof, challenge, now)
    async with pool.transaction(DOOR) as db:
        used = await queries.use(db, challenge, "sign-in", now)
        owner = await queries.owner(db, used.post, used.blind) if used else None
        if owner is None:
            raise rules.CodeRefused
        known = held and await queries.knows_device(db, owner.person_id, device)
        assurance = rules.assurance(known_device=known, shared=owner.shared)
        tokens = await auth.open_session(db, owner.person_id, now, "code", assurance=assurance, device=given.device)
    return signed_in(tokens, owner.person_id)


async def ask_second(db: Connection, me: Signed, contact: str, now: datetime) -> Challenge:
    """Have a code sent to another contact of the caller's own, if that is one: the same is answered in any case."""
    rules.check_patient(me)
    return await _asked(db, "second-contact", *read(contact), None, now)


async def redeem_second(
    pool: Pool, caller: Principal, site: Site, me: Signed, challenge: UUID, given: OwnCode, now: datetime
) -> Assured:
    """Be sure of somebody who reads two contacts of theirs: a number's next owner has one of them."""
    await _try_own(pool, caller, site, challenge, "second-contact", given.code, now)
    async with pool.transaction(caller) as db:
        used = await queries.use(db, challenge, "second-contact", now)
        if used is None:
            raise rules.CodeRefused
        if not await queries.is_second(db, me.session_id, used.post, used.blind):
            raise rules.SameContact
        await auth.prove(db, me.session_id, now, "second-contact", assurance="full")
    return Assured("full")


async def ask_for_own(db: Connection, me: Signed, contact_id: UUID, now: datetime) -> Challenge:
    """Have a code sent to a contact that the caller has added, so that they show that it is theirs."""
    mine = next((one for one in await contacts.of(db, me.id) if one.id == contact_id), None)
    if mine is None:
        raise NotFound
    return await _asked(db, "contact", mine.kind, mine.value, None, now)


async def redeem_own(
    pool: Pool, caller: Principal, site: Site, me: Signed, challenge: UUID, given: OwnCode, now: datetime
) -> None:
    """The contact to which that code went is the caller's from now on, whoever had it before."""
    await _try_own(pool, caller, site, challenge, "contact", given.code, now)
    async with pool.transaction(caller) as db:
        used = await queries.use(db, challenge, "contact", now)
        mine = await queries.own_contact(db, me.id, used.post, used.blind) if used else None
        if mine is None:
            raise rules.CodeRefused
        await contacts.verified(db, mine, now)


async def compose(db: Connection, site: Site, waiting: Waiting, post: Post, now: datetime) -> Letter | None:
    """The letter that carries a code; None where there is nobody to write to, or the code opens nothing any more."""
    found = await queries.addressed(db, waiting.subject_id, now)
    if found is None:
        return None
    try:
        to = await sealing.unseal(db, found.person_id, contacts.place(found.contact_id), found.value_sealed)
    except sealing.Shredded:
        return None
    said = rules.code(site.code_key, waiting.subject_id, found.seed)
    subject, text = wording.letter("code", post, found.language, said)
    return Letter(waiting.id, post, to, found.language, subject, text, now, waiting.not_after)


async def forget(pool: Pool, now: datetime) -> int:
    """Drop codes that are long over, and that they were ever sent."""
    before = now - rules.FORGOTTEN_AFTER
    await letters.forget(pool, before)
    async with pool.transaction(CLOCK) as db:
        return await queries.forget(db, before)


async def _asked(
    db: Connection, purpose: Purpose, kind: Kind, value: str, device: bytes | None, now: datetime
) -> Challenge:
    index = sealing.blind(db, kind, value)
    await limits.take(db, limits.CODES_TO_CONTACT, purpose.encode() + index, now)
    challenge, until = new_id(now), now + rules.LASTS
    hashed = None if device is None else sha256(device).digest()
    await queries.ask(db, challenge, purpose, kind, index, hashed, secrets.token_bytes(32), new_id(now), now, until)
    db.wake(letters.BELL)
    return Challenge(challenge, until)


async def _try_own(
    pool: Pool, caller: Principal, site: Site, challenge: UUID, purpose: Purpose, given: str, now: datetime
) -> None:
    """In a session, raise `CodeRefused` unless it is the code, and `NotFound` where nothing of the caller's is open."""
    tried = await _counted(pool, caller, challenge, purpose, now)
    if tried is None:
        raise NotFound
    if not rules.is_right(site.code_key, challenge, tried, given, None):
        raise rules.CodeRefused


async def _counted(pool: Pool, who: Principal, challenge: UUID, purpose: Purpose, now: datetime) -> Tried | None:
    """One of five tries, counted in a transaction of its own before anybody looks, and so whatever comes of it."""
    async with pool.transaction(who) as db:
        return await queries.attempt(db, challenge, purpose, now)


def _is_held(device: bytes, proof: str | None, challenge: UUID, now: datetime) -> bool:
    """Whether whoever gives the code has the device's own key, and not only the half of it that we know."""
    if proof is None:
        return False
    try:
        path, about = f"/v1/sign-in/codes/{challenge}/redeem", sha256(str(challenge).encode()).digest()
        return proofs.is_near(proofs.signed_at(device, proof, "POST", path, about), now)
    except proofs.NotSigned:
        return False


def read(contact: str, pointer: str = "/contact") -> tuple[Kind, str]:
    """What somebody has typed, in its one spelling; refuses what is neither an address nor a number."""
    kind = rules.kind_of(contact)
    try:
        return kind, spelling.normal(kind, contact)
    except Invalid as refusal:
        raise Invalid(*(FieldError(pointer, one.code, one.message) for one in refusal.errors)) from None
