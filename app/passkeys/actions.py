"""Make passkeys, sign in with them, and prove with them that it is still you.

A challenge is taken in a transaction of its own, so that it is used up whatever becomes of the answer.
"""

import secrets
from datetime import datetime
from uuid import UUID

from app import audit, auth
from app.account import actions as account
from app.account.models import Happening
from app.auth import Signed
from app.errors import NotFound
from app.passkeys import ceremony, queries, rules
from app.passkeys.models import (
    Kept,
    NewPasskey,
    Passkey,
    Passkeys,
    PasskeySignIn,
    Proof,
    Purpose,
    Question,
    Registration,
    Shown,
)
from app.people import actions as people
from app.signin.models import SignedIn, signed_in
from app.site import Site
from db import CLOCK, DOOR, Connection, Pool, Principal, new_id

RANDOM_BYTES = 32


async def begin_registration(db: Connection, me: Signed, site: Site, now: datetime) -> Registration:
    """What a browser is asked for a new passkey of the caller's."""
    known = await queries.known(db, me.id)
    rules.check_room(len(known))
    await account.check_may_add(db, me, now)
    handle = await queries.handle(db, me.id, secrets.token_bytes(RANDOM_BYTES))
    number, challenge = await _ask(db, me, "register", now)
    name = rules.label((await people.profile(db, me)).name, patient=me.has("patient"))
    return Registration(number, ceremony.creation(ceremony.here(site.origin), handle, name, challenge, known))


async def register(pool: Pool, who: Principal, me: Signed, new: NewPasskey, site: Site, now: datetime) -> Passkey:
    """Keep the passkey that an authenticator has just made for the caller."""
    async with pool.transaction(who) as db:
        challenge = await queries.take(db, new.challenge_id, "register", me.session_id, now)
    if challenge is None:
        raise rules.ChallengeGone
    try:
        made = ceremony.made(ceremony.here(site.origin), challenge, new.credential)
    except ceremony.DoesNotHold:
        raise rules.PasskeyRefused from None
    async with pool.transaction(who) as db:
        kept = await queries.add(db, new_id(now), me.id, new.name, made, new.credential.response.transports, now)
        if kept is None:
            raise rules.PasskeyThere
        await _happened(db, me, "passkey-added", kept.id, now)
    return kept


async def mine(db: Connection, me: Signed) -> Passkeys:
    """The caller's passkeys."""
    return Passkeys(await queries.mine(db, me.id))


async def rename(db: Connection, me: Signed, passkey_id: UUID, name: str) -> Passkey:
    """Call one of the caller's passkeys something else."""
    kept = await queries.rename(db, me.id, passkey_id, name)
    if kept is None:
        raise NotFound
    return kept


async def remove(db: Connection, me: Signed, passkey_id: UUID, now: datetime, *, even_the_last: bool) -> None:
    """Let one of the caller's passkeys open nothing any more; the last factor of staff only where they insist."""
    if not await queries.remove(db, me.id, passkey_id, now):
        raise NotFound
    await account.check_leaves_a_way(db, me, even_the_last=even_the_last)
    await _happened(db, me, "passkey-removed", passkey_id, now)


async def begin_sign_in(pool: Pool, site: Site, now: datetime) -> Question:
    """What anybody's browser is asked: any passkey of ours. Nobody is named, so that nobody can be guessed."""
    number, challenge = new_id(now), secrets.token_bytes(RANDOM_BYTES)
    async with pool.transaction(DOOR) as db:
        await queries.ask(db, number, "sign-in", challenge, now + rules.ANSWER_WITHIN)
    return Question(number, ceremony.request(ceremony.here(site.origin), challenge))


async def sign_in(pool: Pool, shown: PasskeySignIn, site: Site, now: datetime) -> SignedIn:
    """Sign in whoever holds the passkey. Its user was verified, so nothing else is needed."""
    async with pool.transaction(DOOR) as db:
        challenge = await queries.take_at_the_door(db, shown.challenge_id, now)
        kept = await queries.at_the_door(db, _credential_id(shown.credential))
    kept, counted = _checked(site, challenge, shown.credential, kept, found_by_itself=True)
    await _see_that_it_counts_on(pool, DOOR, kept, counted, now)
    async with pool.transaction(DOOR) as db:
        await _use(db, kept, counted, now)
        tokens = await auth.open_session(db, kept.person_id, now, "passkey", device=shown.device)
    return signed_in(tokens, kept.person_id)


async def begin_proof(db: Connection, me: Signed, site: Site, now: datetime) -> Question:
    """What the caller's browser is asked, to show that it is still them."""
    known = await queries.known(db, me.id)
    if not known:
        raise rules.NoPasskey
    number, challenge = await _ask(db, me, "prove", now)
    return Question(number, ceremony.request(ceremony.here(site.origin), challenge, known))


async def prove(pool: Pool, who: Principal, me: Signed, shown: Proof, site: Site, now: datetime) -> None:
    """Let this session be as fresh as one that has just begun, and of full assurance: its user was verified."""
    async with pool.transaction(who) as db:
        challenge = await queries.take(db, shown.challenge_id, "prove", me.session_id, now)
        kept = await queries.own(db, me.id, _credential_id(shown.credential))
    kept, counted = _checked(site, challenge, shown.credential, kept, found_by_itself=False)
    await _see_that_it_counts_on(pool, who, kept, counted, now)
    async with pool.transaction(who) as db:
        await _use(db, kept, counted, now)
        await auth.prove(db, me.session_id, now, "passkey", assurance="full")


async def forget(pool: Pool, now: datetime) -> int:
    """Drop challenges that nobody has answered in time."""
    async with pool.transaction(CLOCK) as db:
        return await queries.forget(db, now)


async def _ask(db: Connection, me: Signed, purpose: Purpose, now: datetime) -> tuple[UUID, bytes]:
    """A challenge for this session alone."""
    number, challenge = new_id(now), secrets.token_bytes(RANDOM_BYTES)
    until = now + rules.ANSWER_WITHIN
    await queries.ask(db, number, purpose, challenge, until, person_id=me.id, session_id=me.session_id)
    return number, challenge


def _credential_id(credential: Shown) -> bytes:
    """What the authenticator calls it; what cannot be read is nobody's."""
    try:
        return ceremony.bytes_of(credential.raw_id)
    except ceremony.DoesNotHold:
        return b""


def _checked(
    site: Site, challenge: bytes | None, credential: Shown, kept: Kept | None, *, found_by_itself: bool
) -> tuple[Kept, int]:
    """The passkey and how often it says that it was used; one that nobody has is refused like one that is wrong."""
    if challenge is None:
        raise rules.ChallengeGone
    if kept is None:
        raise rules.PasskeyRefused
    try:
        where = ceremony.here(site.origin)
        counted = ceremony.shown(where, challenge, credential, kept, found_by_itself=found_by_itself)
    except ceremony.DoesNotHold:
        raise rules.PasskeyRefused from None
    rules.check_usable(kept.suspended_at)
    return kept, counted


async def _see_that_it_counts_on(pool: Pool, who: Principal, kept: Kept, counted: int, now: datetime) -> None:
    """A counter that went back is that of a copy, or the copy has been here before: it opens nothing to either."""
    if rules.counts_on(kept.sign_count, counted):
        return
    async with pool.transaction(who) as db:
        if await queries.suspend(db, kept.id, new_id(now), now):
            await account.tell(db, kept.person_id, now)
    raise rules.PasskeySuspended


async def _use(db: Connection, kept: Kept, counted: int, now: datetime) -> None:
    """Of two answers at once that say the same count, one is refused."""
    if not await queries.use(db, kept.id, counted, now):
        raise rules.PasskeyRefused


async def _happened(db: Connection, me: Signed, kind: Happening, passkey_id: UUID, now: datetime) -> None:
    """In the account's history, and for a patient in their audit as well."""
    await account.happened(db, me, kind, passkey_id, now)
    await audit.record(db, "change", "own-account", [me.id] if me.has("patient") else [])
