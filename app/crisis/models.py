"""What a crisis card holds."""

from app.wire import Model


class CrisisResource(Model, frozen=True):
    """One way to reach help at once."""

    title: str
    detail: str
    call: str | None
    text_to: str | None


class CrisisCard(Model, frozen=True):
    """Help that is there day and night; a phone keeps it for when there is no network."""

    language: str
    resources: list[CrisisResource]
