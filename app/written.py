"""What the letters say that are due: whichever slice caused one composes it, each time that it is tried."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from app.codes import actions as codes
from app.invitations import actions as invitations
from app.site import Site
from db import Connection
from notifications.letters import Compose, Letter, Waiting
from notifications.models import LetterKind, Post

_BY_KIND: Mapping[LetterKind, Callable[..., Any]] = {"code": codes.compose, "invitation": invitations.compose}


def composer(site: Site) -> Compose:
    """How letters are composed on this site."""
    return partial(_composed, site)


async def _composed(site: Site, db: Connection, waiting: Waiting, post: Post, now: datetime) -> Letter | None:
    letter: Letter | None = await _BY_KIND[waiting.kind](db, site, waiting, post, now)
    return letter
