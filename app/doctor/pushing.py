"""Pushes: whether Google takes our credentials."""

import asyncio
import functools
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from google.auth.exceptions import GoogleAuthError, RefreshError
from google.auth.transport.requests import Request
from google.oauth2.service_account import Credentials

from app import stack
from app.doctor.findings import Finding, fail, ok, warn
from app.settings import BadSettings, Settings

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
TOKEN_SECONDS = 8.0
NEW_KEY = "Download a new key of the service account from the Firebase console."


async def credentials(settings: Settings) -> Finding:
    """The service account's file, and the access token that it is good for."""
    path = settings.google_application_credentials
    if path is None:
        return _none(settings)
    from app import push  # noqa: PLC0415  # loads Firebase, which takes a second

    try:
        found = push.credentials(path)
        signing = Credentials.from_service_account_info(found, scopes=[SCOPE])  # type: ignore[no-untyped-call]  # Google does not say
    except BadSettings as error:
        return fail("The service account cannot be used.", str(error))
    except (GoogleAuthError, ValueError):
        return fail("The private key in the service account's file is not a key.", NEW_KEY)
    return await _exchanged(signing, found["project_id"], urlsplit(found["token_uri"]).hostname or "its token server")


def _none(settings: Settings) -> Finding:
    if stack.is_demo(settings):
        return ok("No credentials: pushes go to a local inbox.")
    return warn(
        "No push credentials: phones do not ring.",
        "Set GOOGLE_APPLICATION_CREDENTIALS to the file of a Firebase service account.",
    )


async def _exchanged(signing: Any, project: str, host: str) -> Finding:
    """A signed assertion for an access token, as before the first push."""
    try:
        await _beside(functools.partial(signing.refresh, functools.partial(Request(), timeout=TOKEN_SECONDS)))
    except RefreshError as error:
        return fail(
            f"{host} refuses the service account of project {project} ({_code(error)}).",
            f"{NEW_KEY} The clock may be wrong, too.",
        )
    except (GoogleAuthError, OSError):
        return fail(f"{host} could not be asked for an access token.", "Let this machine reach it over https.")
    return ok(f"{host} gave an access token for project {project}.")


def _code(error: RefreshError) -> str:
    """The server's own word, such as invalid_grant; its sentence may quote what it was sent."""
    answer = error.args[1] if len(error.args) > 1 else None
    word = answer.get("error") if isinstance(answer, dict) else None
    return word if isinstance(word, str) and word.isascii() and word.replace("_", "").isalpha() else "no reason given"


async def _beside(work: Callable[[], object]) -> None:
    """Run it in a thread that nobody waits for at the end: the library tries a slow server three times."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def settle(error: Exception | None) -> None:
        if not done.done():
            done.set_exception(error) if error else done.set_result(None)

    def tell(error: Exception | None) -> None:
        try:
            loop.call_soon_threadsafe(settle, error)
        except RuntimeError:  # The loop is closed: whoever asked has gone.
            return

    def thread() -> None:
        try:
            work()
        except Exception as error:
            tell(error)
        else:
            tell(None)

    threading.Thread(target=thread, daemon=True).start()
    await done
