"""Who may vouch, and what is refused."""

from datetime import timedelta

from app.auth import Signed
from app.errors import NotYourRole, Refusal
from app.vouches.models import SaidRow

LASTS = timedelta(minutes=10)
DIGITS = 8


class AnotherNeeded(Refusal):
    """You have vouched already. Somebody else of the staff has to be the second."""


class OneWhoKnowsThem(Refusal):
    """One of the two has to be on their care team, or a coordinator."""


class NotYet(Refusal):
    """Two of the staff have not vouched yet, or it is too long ago. Ask again for a new number."""


def check_patient(me: Signed) -> None:
    """Two of the staff vouch for patients; a colleague is vouched for in another way."""
    if not me.has("patient"):
        raise NotYourRole


def confirmed(row: SaidRow) -> int:
    """How many have vouched now; refuses the same person twice, and two who are both strangers to the patient."""
    if row.said == "same":
        raise AnotherNeeded
    if row.said == "strangers":
        raise OneWhoKnowsThem
    return 1 if row.said == "first" else 2
