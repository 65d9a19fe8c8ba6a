"""Invite somebody, and let them in."""

import secrets
from datetime import datetime
from uuid import UUID

from app import audit, auth, sealing
from app.auth import Signed
from app.codes import actions as codes
from app.contacts import actions as contacts
from app.contacts.models import Kind, NewContact
from app.errors import NotFound
from app.invitations import queries, rules
from app.invitations.models import Invitation, InvitationGiven, NewInvitation
from app.signin.models import SignedIn, signed_in
from app.site import Site
from app.spoken import grouped
from app.totp.codes import picture
from db import DOOR, Connection, Pool, new_id
from notifications import letters, wording
from notifications.letters import Letter, Waiting
from notifications.models import Post


async def invite(
    db: Connection, site: Site, me: Signed, patient_id: UUID, new: NewInvitation, now: datetime
) -> Invitation:
    """A way in for a patient whom the caller may invite; the one from before opens nothing any more.

    Where the link is sent, whoever makes it does not see it: that it was opened then shows that they read there.
    """
    if not await queries.may_invite(db, patient_id):
        raise NotFound
    kind, index = None, None
    if new.send_to is not None:
        kind, index = await _contact(db, me, patient_id, new.send_to, now)
    number, seed, until = new_id(now), secrets.token_bytes(32), now + rules.LASTS
    secret = rules.link(site.code_key, number, seed)
    letter = new_id(now)
    if not await queries.invite(db, number, patient_id, seed, auth.sha256(secret), kind, index, letter, now, until):
        raise NotFound
    db.wake(letters.BELL)
    await audit.record(db, "make", "invitations", [patient_id], number)
    key = grouped(rules.key_of(site.code_key, number, seed), 4)
    url = None if kind else rules.address(site.public_url, secret)
    return Invitation(number, key, until, kind, url, None if url is None else picture(url))


async def redeem(pool: Pool, site: Site, given: InvitationGiven, now: datetime) -> SignedIn:
    """Come in by a link and its key, once. Each key that is tried counts, in a transaction of its own."""
    async with pool.transaction(DOOR) as db:
        tried = await queries.attempt(db, auth.sha256(given.secret), now)
    if tried is None or not rules.is_right(site.code_key, tried, given.key):
        raise rules.InvitationRefused
    async with pool.transaction(DOOR) as db:
        used = await queries.use(db, tried.id, now)
        if used is None:
            raise rules.InvitationRefused
        if used.post is not None and used.blind is not None:
            contact = await queries.contact(db, used.person_id, used.post, used.blind)
            if contact is not None:
                await contacts.verified(db, contact, now)
        assurance = rules.assurance(again=used.again)
        tokens = await auth.open_session(db, used.person_id, now, "link", assurance=assurance, device=given.device)
    return signed_in(tokens, used.person_id)


async def compose(db: Connection, site: Site, waiting: Waiting, post: Post, now: datetime) -> Letter | None:
    """The letter that carries a link; None where there is nobody to write to, or it opens nothing any more."""
    found = await queries.addressed(db, waiting.subject_id, now)
    if found is None:
        return None
    try:
        to = await sealing.unseal(db, found.person_id, contacts.place(found.contact_id), found.value_sealed)
    except sealing.Shredded:
        return None
    url = rules.address(site.public_url, rules.link(site.code_key, waiting.subject_id, found.seed))
    subject, text = wording.letter("invitation", post, found.language, url)
    return Letter(waiting.id, post, to, found.language, subject, text, now, waiting.not_after)


async def _contact(db: Connection, me: Signed, patient_id: UUID, value: str, now: datetime) -> tuple[Kind, bytes]:
    """The contact that the link goes to, kept for the patient, not verified yet."""
    kind, spelled = codes.read(value, "/sendTo")
    kept = await contacts.add(db, patient_id, NewContact(new_id(now), kind, spelled), me.id, now)
    if not kept.may_text:
        raise rules.NotToBeWrittenTo
    return kind, sealing.blind(db, kind, spelled)
