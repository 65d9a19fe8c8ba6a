"""Reaching people: what is due is a row, and a row is sent until it is settled."""

from notifications.models import Kind, Lane
from notifications.outbox import send, withdraw

__all__ = ["Kind", "Lane", "send", "withdraw"]
