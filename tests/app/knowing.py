"""Who is what to a patient, and which facts that lets them read.

Worked out from the cast alone, never from the app's own queries or policies.
"""

from collections.abc import Mapping

from app.demo.cast import TEAMS, Person
from tests.app.scene import TALKS, TOLD, VISITS, Fact, Record

ON_TEAM = {(patient, staff) for patient, staff, _ in TEAMS}
LEADS = {(patient, staff) for patient, staff, lead in TEAMS if lead}


def related(actor: Person | None, patient: Person) -> set[str]:
    """What somebody is to a patient. Nobody outside the program is anything to them without their consent."""
    if actor is None or actor.house != patient.house:
        return set()
    holds = {
        "self": actor == patient,
        "team": (patient, actor) in ON_TEAM,
        "lead": (patient, actor) in LEADS,
        "told": actor in TOLD.get(patient, ()),
        "booked": (patient, actor) in VISITS,
        "program": bool(actor.roles),
    }
    return {name for name, held in holds.items() if held}


def knows(actor: Person | None, patient: Person, *, claimed: bool = False) -> set[Fact]:
    """Which facts about a patient somebody may ever read, by whatever route; nobody reads a push token."""
    if actor is None:
        return set()
    if actor == patient:
        return {"identity", "note", "talk", "medicine", "device", "contact"}
    return _of_the_record(actor, patient, claimed=claimed) | ({"talk"} if TALKS.get(patient) == actor else set())


def _of_the_record(actor: Person, patient: Person, *, claimed: bool) -> set[Fact]:
    """What a relation to the patient lets somebody read; a thread is for the two whose it is."""
    held, roles = related(actor, patient), set(actor.roles)
    oversees = "program" in held and bool(roles & {"supervisor", "coordinator", "operator"})
    treats = bool(held & {"team", "booked"} and roles & {"counselor", "prescriber"})
    if treats or ("program" in held and "supervisor" in roles):
        return {"identity", "note", "medicine", "contact"}
    if oversees:
        return {"identity", "contact"}
    if "program" in held and "privacy-officer" in roles:
        return {"identity"}
    return {"identity"} if claimed or held & {"team", "booked"} else set()


def leaks(answer: bytes, records: Mapping[str, Record], allowed: Mapping[str, set[Fact]]) -> list[str]:
    """Marks in an answer that are not allowed there, as `maya: note`."""
    found = answer.lower()
    return [
        f"{handle}: {fact}"
        for handle, record in records.items()
        for fact, words in record.marks.items()
        if fact not in allowed[handle] and any(word.lower().encode() in found for word in words)
    ]


def facts_in(answer: bytes, records: Mapping[str, Record]) -> set[str]:
    """The marks that an answer does hold, so that a test can see that they can be found at all."""
    return set(leaks(answer, records, {handle: set() for handle in records}))
