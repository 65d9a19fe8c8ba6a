"""When a session may go on."""

from datetime import datetime
from typing import Final
from uuid import UUID

from app import proofs
from app.auth import Signed, sha256
from app.errors import FieldError, Refusal
from app.sessions.models import Kept, Outcome, Refresh, Session

PATH: Final = "/v1/session/refresh"


class SessionOver(Refusal):
    """You are not signed in any more. Please sign in again."""

    status = 401


class ProofNeeded(Refusal):
    """This session belongs to another device. Please sign in again."""

    status = 401


class ProofStale(Refusal):
    """This was signed before something that came already. Sign it anew and send it again; nothing has changed."""


class ClockAstray(Refusal):
    """The clock of this device is far from ours. Sign it by our time and send it again; nothing has changed."""


def signed_at(key: bytes | None, given: Refresh, now: datetime) -> datetime | None:
    """When the session's own device signed this, None where no device of ours did; refuses a clock that is far off."""
    if key is None or given.proof is None:
        return None
    try:
        at = proofs.signed_at(key, given.proof, "POST", PATH, sha256(given.refresh_token))
    except proofs.NotSigned:
        return None
    if not proofs.is_near(at, now):
        raise ClockAstray(FieldError("/proof", "clock-astray", f"By our clock it is {now.isoformat()}."))
    return at


def settle(outcome: Outcome) -> None:
    """Refuse whatever does not go on; that a token was unknown, too old or used twice is one answer."""
    if outcome == "unproved":
        raise ProofNeeded
    if outcome == "stale":
        raise ProofStale
    if outcome != "refreshed":
        raise SessionOver


def shown(kept: list[Kept], me: Signed) -> list[Session]:
    """What the caller may know of their sessions: in limited assurance, that they are in this one."""
    return [
        Session(
            one.id, one.id == me.session_id, one.device, one.signed_in_by, one.assurance, one.started_at,
            one.last_used_at, one.expires_at, one.ended_at, one.ended_because,
        )
        for one in kept
        if may_end(me, one.id)
    ]  # fmt: skip


def may_end(me: Signed, session_id: UUID) -> bool:
    """Whoever is here in limited assurance may be a stranger, and has a say over this session alone."""
    return me.is_sure or session_id == me.session_id
