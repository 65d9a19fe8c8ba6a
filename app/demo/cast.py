"""Who is who. Two organisations share Maya's care, a third one knows none of them.

Maya is a patient of Harbor, a program under Part 2. Sam is her peer, Dana her counselor and lead, Okafor her
prescriber. Ines is a peer on duty who knows nobody. Leo is a patient whom only Dana and Ben support. Theo watches over
the program, Grace leads it, Rosa coordinates it, June answers for its privacy, Kai runs the machine. Lindqvist is a
doctor elsewhere, to whom Maya has consented nothing yet. Noah, Nell and Ned are of another
program: strangers to everybody above.
"""

from uuid import UUID, uuid5

from msgspec import Struct

from app.access import Role

NAMESPACE = UUID("0193a6f0-7c1a-7000-8000-6361697265e6")


def known(name: str) -> UUID:
    """The same id for the same name on every machine, so that a demo can be told in writing."""
    return uuid5(NAMESPACE, name)


class House(Struct, frozen=True):
    """An organisation of the cast."""

    id: UUID
    name: str
    kind: str
    time_zone: str


class Person(Struct, frozen=True):
    """Somebody of the cast. Without a role they are a patient."""

    handle: str
    name: str
    house: House
    roles: tuple[Role, ...] = ()
    language: str = "en"
    time_zone: str = "America/New_York"
    on_duty: bool = False

    @property
    def id(self) -> UUID:
        """The same on every machine."""
        return known(self.handle)


HARBOR = House(known("harbor"), "Harbor Recovery Program", "sud-program", "America/New_York")
ELM = House(known("elm"), "Elm Street Family Medicine", "primary-care", "America/New_York")
NORTHSIDE = House(known("northside"), "Northside Treatment Center", "sud-program", "America/Chicago")
HOUSES = (HARBOR, ELM, NORTHSIDE)

MAYA = Person("maya", "Maya Torres", HARBOR)
SAM = Person("sam", "Sam Whitfield", HARBOR, ("peer",), on_duty=True)
DANA = Person("dana", "Dana Kim", HARBOR, ("counselor",), on_duty=True)
OKAFOR = Person("okafor", "Dr. Ngozi Okafor", HARBOR, ("prescriber",))
LINDQVIST = Person("lindqvist", "Dr. Erik Lindqvist", ELM, ("primary-care",))
ROSA = Person("rosa", "Rosa Delgado", HARBOR, ("coordinator",))
KAI = Person("kai", "Kai Nakamura", HARBOR, ("operator",))
THEO = Person("theo", "Theo Brandt", HARBOR, ("supervisor",), on_duty=True)
GRACE = Person("grace", "Dr. Grace Oduya", HARBOR, ("program-lead",))
JUNE = Person("june", "June Halloran", HARBOR, ("privacy-officer",))
INES = Person("ines", "Ines Moreau", HARBOR, ("peer",), time_zone="America/Denver", on_duty=True)
LEO = Person("leo", "Leo Santos", HARBOR, language="es", time_zone="America/Chicago")
BEN = Person("ben", "Ben Adeyemi", HARBOR, ("peer", "peer-lead"))
NOAH = Person("noah", "Noah Feld", NORTHSIDE, time_zone="America/Chicago")
NELL = Person("nell", "Nell Iverson", NORTHSIDE, ("counselor",), time_zone="America/Chicago", on_duty=True)
NED = Person("ned", "Ned Olsen", NORTHSIDE, ("peer",), time_zone="America/Chicago", on_duty=True)

CAST = (MAYA, SAM, DANA, OKAFOR, LINDQVIST, ROSA, KAI, THEO, GRACE, JUNE, INES, LEO, BEN, NOAH, NELL, NED)

# Patient, staff, lead.
TEAMS = (
    (MAYA, DANA, True),
    (MAYA, SAM, False),
    (MAYA, OKAFOR, False),
    (MAYA, LINDQVIST, False),
    (LEO, DANA, True),
    (LEO, BEN, False),
    (NOAH, NELL, True),
    (NOAH, NED, False),
)
