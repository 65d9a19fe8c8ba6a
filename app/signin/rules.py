"""What the door refuses."""

from app.errors import Refusal


class LinkUsed(Refusal):
    """This link has been used, or is too old. Start the server again, and it prints a new one."""

    status = 403


class InviteUsed(Refusal):
    """This link has been used, or is too old. Whoever gave it to you can make a new one."""

    status = 403
