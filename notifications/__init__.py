"""Reaching people: what is due is a row, and a row is sent until it is settled.

`push` and `local_fcm`, `mail` and `local_mail` are imported by those who need Firebase, SMTP or their stand-ins; nobody
else loads them.
"""

from notifications import addresses, letters, receipts
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
    "letters",
    "receipts",
    "send",
    "withdraw",
    "withdraw_all",
]
