"""Whether a database may serve a demo or real people: never both."""

from collections.abc import Collection
from uuid import UUID


class Misplaced(Exception):
    """The demo's people and real ones would share a database; the message says what to do about it."""


def check_served(*, demo: bool, marked: bool) -> None:
    """Refuse real people in a demo's database, where anybody signs in, and a demo in a database of real people."""
    if marked and not demo:
        raise Misplaced(
            "This database holds the demo's people, as whom anybody signs in, so it is served in demo mode alone: "
            "set CAIRN_DATABASE_URL to another database, or CAIRN_STATE_DIR to another folder."
        )
    if demo and not marked:
        raise Misplaced(
            "This database was not made for a demo, so it is not served in demo mode: "
            "set CAIRN_DEMO=false, or let `python3 -m app up` make a demo in another database."
        )


def check_seeded(there: Collection[UUID], ours: Collection[UUID]) -> None:
    """Refuse to put the demo's people beside an organisation that is not of the demo."""
    if set(there) - set(ours):
        raise Misplaced(
            "This database holds an organisation that is not of the demo, so the demo's people are not put into it: "
            "set CAIRN_DEMO=false to serve it, or CAIRN_STATE_DIR to another folder to see the demo."
        )
