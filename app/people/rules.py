"""What follows from where and when a person is, who may be given which role, and who may stand beside whom."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from app.access import CLINICIANS
from app.auth import Signed
from app.errors import FieldError, Invalid, Refusal
from app.people.models import Candidate, PersonRow, Place, Profile, ProfileChange

LEADERS = {*CLINICIANS, "supervisor"}
BESIDE = {"peer", "peer-lead", *CLINICIANS, "primary-care", "supervisor"}


class OwnRoles(Refusal):
    """You cannot give yourself a role. Somebody else who operates this organisation can."""

    status = 403


class OtherRelationNeeded(Refusal):
    """You know this person, but this is for somebody who stands in another relation to them."""

    status = 403


class LastOperator(Refusal):
    """An organisation keeps at least one operator. Make somebody else an operator first."""


class OwnPlace(Refusal):
    """You cannot put yourself on a team. The person who leads it can, or somebody else who oversees the program."""

    status = 403


def today(time_zone: str, now: datetime) -> date:
    """The date on that person's calendar."""
    return now.astimezone(ZoneInfo(time_zone)).date()


def profile(me: Signed, row: PersonRow) -> Profile:
    """What somebody may know of themselves: of whoever may be a stranger, how they read."""
    if not me.is_sure:
        return Profile(row.id, "", [], None, row.time_zone, row.language, me.assurance, None)
    return Profile(row.id, row.name, me.roles, row.organisation, row.time_zone, row.language, me.assurance, row.wishes)


def check_change(me: Signed, new: ProfileChange) -> None:
    """Wishes are a patient's."""
    wished = {"/peerBeside": new.peer_beside, "/sharesDoses": new.shares_doses}
    wrong = [] if me.has("patient") else [name for name, said in wished.items() if said is not None]
    if wrong:
        raise Invalid(*(FieldError(name, "not-a-patient", "Only a patient can wish this.") for name in wrong))


def is_wish(new: ProfileChange) -> bool:
    """Whether a change speaks of what a patient wishes."""
    return new.peer_beside is not None or new.shares_doses is not None


def check_roles(me: Signed, staff_id: UUID, roles: Sequence[str]) -> None:
    """Nobody raises themselves: an operator who wanted to read records would need a second one."""
    if staff_id == me.id and not set(roles) <= set(me.roles):
        raise OwnRoles


def check_places(places: Sequence[Place]) -> None:
    """One leads, and nobody is there twice."""
    if sum(place.lead for place in places) != 1:
        raise Invalid(FieldError("/members", "one-lead", "Expected exactly one who leads."))
    if len({place.staff_id for place in places}) < len(places):
        raise Invalid(FieldError("/members", "twice", "Expected each person once."))


def check_members(me: Signed, places: Sequence[Place], candidates: Sequence[Candidate]) -> None:
    """Who comes works here, in a role that stands beside people; who leads is a clinician or a supervisor."""
    known = {one.id: one for one in candidates}
    wrong = [fault for n, place in enumerate(places) if (fault := _fault(n, place, known.get(place.staff_id)))]
    if wrong:
        raise Invalid(*wrong)
    # A supervisor reaches everybody of the program anyhow; to others a place on a team is a way to a record.
    if any(one.id == me.id and not one.on_team for one in candidates) and not me.has("supervisor"):
        raise OwnPlace


def _fault(n: int, place: Place, found: Candidate | None) -> FieldError | None:
    if found is None or not (found.on_team or (found.of_program and BESIDE & set(found.roles))):
        return FieldError(f"/members/{n}/staffId", "not-here", "Nobody of this program who stands beside people.")
    if place.lead and not (found.of_program and LEADERS & set(found.roles)):
        return FieldError(f"/members/{n}/lead", "cannot-lead", "Expected a counselor, prescriber or supervisor.")
    return None
