"""When this server should get requests."""

from collections.abc import Sequence

from app.health.models import Ready

OVERDUE_SECONDS = 300.0


def ready(applied: Sequence[str], known: Sequence[str], oldest_due: float | None) -> Ready:
    """Ready with every migration run and no reminder or alert over five minutes late."""
    pending = bool(set(known) - set(applied))
    late = oldest_due is not None and oldest_due > OVERDUE_SECONDS
    return Ready("not-ready" if pending or late else "ok", "ok", "pending" if pending else "ok", oldest_due)


UNREACHABLE = Ready("not-ready", "unreachable", "unknown")
HALF_MIGRATED = Ready("not-ready", "ok", "pending")
