"""The slices of the product, in the order a day of care meets them; a new slice is added here."""

from litestar.types import ControllerRouterHandler

from app.checkins import routes as checkins
from app.crisis import routes as crisis
from app.events import routes as events
from app.health import routes as health
from app.people import routes as people

SLICES: tuple[ControllerRouterHandler, ...] = (
    *health.ROUTES,
    *people.ROUTES,
    *crisis.ROUTES,
    *checkins.ROUTES,
    *events.ROUTES,
)
