"""The slices of the product, in the order a day of care meets them; a new slice is added here."""

from litestar.types import ControllerRouterHandler

from app.account import routes as account
from app.alerts import routes as alerts
from app.appointments import routes as appointments
from app.approvals import routes as approvals
from app.checkins import routes as checkins
from app.closure import routes as closure
from app.codes import routes as codes
from app.consents import routes as consents
from app.contacts import routes as contacts
from app.coverage import routes as coverage
from app.crisis import routes as crisis
from app.devices import routes as devices
from app.disclosures import routes as disclosures
from app.docs import routes as docs
from app.duty import routes as duty
from app.emergency import routes as emergency
from app.events import routes as events
from app.exports import routes as exports
from app.health import routes as health
from app.invitations import routes as invitations
from app.legal import routes as legal
from app.medications import routes as medications
from app.messages import routes as messages
from app.passkeys import routes as passkeys
from app.people import routes as people
from app.provider import routes as provider
from app.questions import routes as questions
from app.recovery import routes as recovery
from app.reviews import routes as reviews
from app.rotations import routes as rotations
from app.sessions import routes as sessions
from app.signin import routes as signin
from app.thresholds import routes as thresholds
from app.totp import routes as totp
from app.trail import routes as trail
from app.visits import routes as visits
from app.vouches import routes as vouches
from app.web import routes as web

SLICES: tuple[ControllerRouterHandler, ...] = (
    *health.ROUTES,
    *signin.ROUTES,
    *sessions.ROUTES,
    *passkeys.ROUTES,
    *totp.ROUTES,
    *provider.ROUTES,
    *account.ROUTES,
    *codes.ROUTES,
    *contacts.ROUTES,
    *invitations.ROUTES,
    *recovery.ROUTES,
    *approvals.ROUTES,
    *vouches.ROUTES,
    *people.ROUTES,
    *devices.ROUTES,
    *duty.ROUTES,
    *rotations.ROUTES,
    *coverage.ROUTES,
    *crisis.ROUTES,
    *questions.ROUTES,
    *thresholds.ROUTES,
    *checkins.ROUTES,
    *alerts.ROUTES,
    *reviews.ROUTES,
    *messages.ROUTES,
    *appointments.ROUTES,
    *visits.ROUTES,
    *medications.ROUTES,
    *consents.ROUTES,
    *disclosures.ROUTES,
    *emergency.ROUTES,
    *legal.ROUTES,
    *events.ROUTES,
    *trail.ROUTES,
    *exports.ROUTES,
    *closure.ROUTES,
    *docs.ROUTES,
    *web.ROUTES,
)
