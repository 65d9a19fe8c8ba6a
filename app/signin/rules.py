"""What the door refuses."""

from app.errors import Refusal


class LinkUsed(Refusal):
    """This link has been used, or is too old. Each start of the server prints a new one until there is an operator."""

    status = 403


class LinkWaits(Refusal):
    """You have a passkey or another way of your own. Sign in with that, or ask a colleague to vouch for you."""

    status = 403


class InviteUsed(Refusal):
    """This link has been used, or is too old. Whoever gave it to you can make a new one."""

    status = 403
