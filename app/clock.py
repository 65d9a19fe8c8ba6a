"""The edge where time comes in; everywhere else it is an argument."""

from datetime import UTC, datetime


def system_clock() -> datetime:
    """This instant, in UTC."""
    return datetime.now(UTC)  # noqa: TID251  # the one place
