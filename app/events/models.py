"""What a client hears live."""

from datetime import datetime
from uuid import UUID

from app.wire import Model


class Event(Model, frozen=True):
    """Something changed: what kind of thing, and its id. The client then fetches what it may see."""

    cursor: str
    topic: str
    subject_id: UUID
    at: datetime
