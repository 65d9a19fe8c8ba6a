"""In which states an alert can be, and what leads from one to another.

Said here once: the rules ask it, the README shows it drawn, and the tests hold every history against it.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, get_args

from app.alerts.models import Alert, EventKind

State = Literal["waiting", "answered", "contacted", "closed", "reviewed"]

STATES: tuple[State, ...] = get_args(State)
START: State = "waiting"

# What people are told on the way changes nothing about who answers.
_TELLING: tuple[EventKind, ...] = ("told", "told-off-duty", "nobody", "joined")
# From a state, by something that happens, to the states in which the alert can be then.
TRANSITIONS: Mapping[State, Mapping[EventKind, tuple[State, ...]]] = {
    "waiting": {
        **dict.fromkeys((*_TELLING, "opened", "escalated", "raised"), ("waiting",)),
        "claimed": ("answered",),
        "closed": ("closed",),
    },
    # Danger said again, or made more urgent, asks whoever answers to try once more; a peer hands it to a clinician.
    "answered": {
        **dict.fromkeys(_TELLING, ("answered",)),
        "contacted": ("contacted",),
        "released": ("waiting",),
        "lapsed": ("waiting",),
        "raised": ("waiting", "answered"),
        "closed": ("closed",),
    },
    "contacted": {
        **dict.fromkeys((*_TELLING, "brought-up", "contacted"), ("contacted",)),
        "joined": ("contacted", "answered"),
        "released": ("waiting",),
        "raised": ("waiting", "answered"),
        "closed": ("closed",),
    },
    "closed": {"reviewed": ("reviewed",)},
    "reviewed": {},
}


def state(alert: Alert) -> State:
    """Where an alert that has not been reviewed stands."""
    if alert.closed_at is not None:
        return "closed"
    if alert.claimed_by is None:
        return "waiting"
    return "answered" if alert.contacted_at is None else "contacted"


def may(at: State, kind: EventKind) -> bool:
    """Whether this can happen to an alert in that state."""
    return kind in TRANSITIONS[at]


def walked(kinds: Iterable[EventKind]) -> set[State]:
    """In which states an alert can be after all this; none where it cannot have happened."""
    there: set[State] = {START}
    for kind in kinds:
        there = {after for at in there for after in TRANSITIONS[at].get(kind, ())}
    return there


def drawn() -> str:
    """The same as a picture, in Mermaid; what leads back to where it was is left out."""
    lines = ["stateDiagram-v2", f"    [*] --> {START}: opened"]
    for at in STATES:
        ways: dict[State, list[str]] = {}
        for kind, afters in TRANSITIONS[at].items():
            for after in afters:
                if after != at:
                    ways.setdefault(after, []).append(kind)
        lines += [f"    {at} --> {after}: {', '.join(kinds)}" for after, kinds in ways.items()]
    return "\n".join([*lines, "    reviewed --> [*]"])
