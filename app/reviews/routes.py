"""The story of an alert, and its review, over HTTP."""

from uuid import UUID

from litestar import get, post
from litestar.params import FromPath, JSONBody

from app import access
from app.dependencies import Db, Me, Now
from app.reviews import actions
from app.reviews.models import ReviewAlert, ReviewQueue, Story
from app.wire import Cursor, Limit


@get("/v1/alerts/{alert_id:uuid}/story", operation_id="getAlertStory", tags=["alerts"],
     summary="All that happened to an alert",
     access=access.allow("read", "alerts", only=("told", "program")))  # fmt: skip
async def story(alert_id: FromPath[UUID], me: Me, db: Db) -> Story:
    """Every hop, whom it told and who did what, also that nobody was told; written at that moment, never changed."""
    return await actions.story(db, me, alert_id)


@get("/v1/alert-reviews", operation_id="listAlertReviews", tags=["alerts"], summary="What is to be reviewed",
     access=access.allow("review", "alerts"))  # fmt: skip
async def queue(db: Db, cursor: Cursor = None, limit: Limit = 50) -> ReviewQueue:
    """Every crisis and every urgent alert that is closed and that no supervisor has looked at, the oldest first."""
    return await actions.queue(db, cursor, limit)


@post("/v1/alerts/{alert_id:uuid}/review", operation_id="reviewAlert", tags=["alerts"], summary="Review an alert",
      access=access.allow("review", "alerts"))  # fmt: skip
async def review(alert_id: FromPath[UUID], data: JSONBody[ReviewAlert], me: Me, db: Db, now: Now) -> Story:
    """Say how it went: once for each, and not of what you answered yourself while somebody else could."""
    return await actions.review(db, me, alert_id, data, now)


ROUTES = (story, queue, review)
