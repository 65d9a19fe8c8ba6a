"""Reaching people: what is due is a row, and a row is sent until it is settled.

`notifications.push` and `notifications.local_fcm` are imported by those who need Firebase or its stand-in; nobody else
loads them.
"""

from notifications import addresses, receipts
from notifications.channel import Accepted, Channel, Outcome, Permanent, Push, Transient
from notifications.delivery import deliver_due
from notifications.models import Address, Kind, Lane, NewAddress, Settled, Told
from notifications.outbox import send, withdraw, withdraw_all

__all__ = [
    "Accepted",
    "Address",
    "Channel",
    "Kind",
    "Lane",
    "NewAddress",
    "Outcome",
    "Permanent",
    "Push",
    "Settled",
    "Told",
    "Transient",
    "addresses",
    "deliver_due",
    "receipts",
    "send",
    "withdraw",
    "withdraw_all",
]
