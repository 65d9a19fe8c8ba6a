"""What a code is refused for."""

from app.errors import Refusal


class CodeRefused(Refusal):
    """This is not the code that your app shows now, or it was used already. Wait for the next one and try again."""

    status = 403


class NotBegun(Refusal):
    """This took too long, or was not begun. Set the app up once more."""


class NoApp(Refusal):
    """You have not set up an authenticator app. Show in another way that it is you."""
