"""How each route is asked about Maya, and what the access table lets us expect of the answer.

A route that is not here fails the matrix: whoever adds one says how it is called.
"""

from collections.abc import Awaitable, Callable, Mapping, Set
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Literal

import httpx
import msgspec
from msgspec import Struct

from app.demo.cast import CAST, DANA, INES, MAYA, OKAFOR, SAM, Person, known
from app.web import assets
from tests.app import doorstep
from tests.app.doorstep import APPROVAL, ASKING, DIGITS, NUMBER, OWN, RECOVERY, SECOND, code_of
from tests.app.knowing import related
from tests.app.may import MAY, May, Route, granted
from tests.app.scene import DANAS_APP, DANAS_LINK, MAYAS_PASSKEY, PAST_CRISIS, Scene, a_new_id
from tests.conftest import NOW
from tests.consents.papers import elements, filled
from tests.world import AS_IT_IS, SITE

# What a route speaks of: nobody; whatever the caller has; whatever the caller may see; the one thing it names; or
# somebody who was not here before, or was nothing to the caller.
Of = Literal["nobody", "caller", "many", "one", "new"]
Words = Callable[[Scene], dict[str, Any]]
CARD = ("GET", "/v1/patients/{patient_id}/contact-card")


async def nothing(scene: Scene) -> None:
    """Nothing has to happen before."""


def no_words(scene: Scene) -> dict[str, Any]:
    """Nothing is sent."""
    return {}


class Expected(Struct, frozen=True):
    """What the table says: a status, and for a refusal its code."""

    status: int
    code: str | None = None


class Recipe(Struct, frozen=True, kw_only=True):
    """A valid request. `owner` is whose thing a route of `one` names, `holder` the staff of the appointment it names,
    `writer` the staff of the thread.

    `other` is whose it is as well.

    `refused` lists, by handle, who may ask and is told no for a reason of the domain: the code of the refusal.
    `unfit` is what somebody is told who knows of the thing and stands in another relation to it than is wanted.
    """

    of: Of
    path: Words = no_words
    body: Words | None = None
    query: Words = no_words
    headers: Mapping[str, str] = {}
    served: int = 200
    owner: Person = MAYA
    holder: Person | None = None
    writer: Person | None = None
    first: Callable[[Scene], Awaitable[None]] = nothing
    refused: Mapping[str, Expected] = {}
    other: Person | None = None
    unfit: str | None = None
    known_by: Route = CARD
    claims: bool = False
    tells_names: bool = False


def expected(table: May | None, recipe: Recipe, actor: Person | None) -> Expected:
    """From the roles and relations of our own book, and from what the actor really is to the owner of what is asked."""
    if table is None:
        return Expected(recipe.served)
    if actor is None:
        return Expected(401, "NotSignedIn")
    if actor.handle in recipe.refused:
        return recipe.refused[actor.handle]
    return answered(table, recipe, actor.roles, holding(recipe, actor))


def answered(table: May, recipe: Recipe, roles: tuple[str, ...], held: Set[str]) -> Expected:
    """What somebody with these roles and relations is told."""
    wanted = granted(table, roles)
    if not wanted:
        return Expected(403, "NotYourRole")
    if recipe.of != "one" or wanted & held:
        return Expected(recipe.served)
    if recipe.unfit is not None and knows_of(recipe, roles, held, wanted):
        return Expected(403, recipe.unfit)
    return Expected(404, "NotFound")


def knows_of(recipe: Recipe, roles: tuple[str, ...], held: Set[str], wanted: Set[str]) -> bool:
    """Whether they know of the thing anyhow: whoever may call `known_by` does."""
    by = granted(MAY[recipe.known_by], roles) & held
    # An emergency is a purpose of its own: what is not done in one does not know of it. Nothing here was written by
    # whoever has left.
    return bool(by - {"former"} - (set() if "break-glass" in wanted else {"break-glass"}))


def holding(recipe: Recipe, actor: Person) -> set[str]:
    """What the actor is to the thing that is named: an appointment is held by its own holder only."""
    held: set[str] = set(related(actor, recipe.owner))
    held |= {"held"} if actor == recipe.holder else set()
    held |= {"thread"} if actor == recipe.writer else set()
    held |= {"self"} if actor == recipe.other else set()
    return held


async def ask(
    scene: Scene,
    method: str,
    address: str,
    recipe: Recipe,
    actor: Person | None,
    *,
    path: Mapping[str, str] = MappingProxyType({}),
    **changes: Any,
) -> httpx.Response:
    """Send the request as this person, or as nobody; `path` and `changes` replace parts of what the recipe says."""
    client = scene.world.nobody() if actor is None else await scene.world.of(actor)
    sent: dict[str, Any] = {"params": recipe.query(scene), "headers": dict(recipe.headers)}
    if recipe.body is not None:
        sent["content"] = msgspec.json.encode(recipe.body(scene))
        sent["headers"] = {"content-type": "application/json"} | sent["headers"]
    return await client.request(method, address.format(**(recipe.path(scene) | dict(path))), **(sent | changes))


async def sam_claims(scene: Scene) -> None:
    """Sam is answering Maya's alert."""
    answer = await (await scene.world.of(SAM)).post(f"/v1/alerts/{scene.maya.alert}/claim")
    assert answer.status_code == 200, answer.text


async def visit_begins(scene: Scene) -> None:
    """Maya's appointment with Dana is under way."""
    scene.world.clock.forward(minutes=12)


async def maya_is_half_in(scene: Scene) -> None:
    """Maya has come in with a code alone."""
    await doorstep.is_half_in(scene.seen, scene.maya.session)


async def maya_is_vouched_for(scene: Scene) -> None:
    """Two of the staff have said that it is her."""
    await doorstep.two_have_vouched(scene.seen, scene.maya.session, scene.world.clock.now)


async def nobody_leaves(scene: Scene) -> None:
    """Nobody has asked for their account to be closed."""
    await scene.seen.owner("DELETE FROM closure")


async def maya_consents(scene: Scene) -> None:
    """What Maya has signed and taken back she has not taken back."""
    await scene.seen.owner("SET LOCAL session_replication_role = 'replica'")  # what was taken back stays so
    await scene.seen.owner("DELETE FROM consent_revocation WHERE consent_id = $1", scene.maya.consent)
    await scene.seen.owner("SET LOCAL session_replication_role = 'origin'")


def _export(scene: Scene) -> dict[str, Any]:
    return {"export_id": scene.maya.export}


def _alert(scene: Scene) -> dict[str, Any]:
    return {"alert_id": scene.maya.alert}


def _appointment(scene: Scene) -> dict[str, Any]:
    return {"appointment_id": scene.maya.appointment}


def _maya(scene: Scene) -> dict[str, Any]:
    return {"patient_id": MAYA.id}


def _contact(scene: Scene) -> dict[str, Any]:
    return {"contact_id": scene.maya.contact}


def _approval(scene: Scene) -> dict[str, Any]:
    return {"approval_id": APPROVAL}


def _form(_scene: Scene) -> dict[str, Any]:
    return {"questions": [{"question": "sleep", "english": "How many hours?", "spanish": "¿Cuántas horas?"}]}


def _thresholds(scene: Scene) -> dict[str, Any]:
    return {
        "id": a_new_id(scene), "validFrom": (scene.world.clock.now + timedelta(days=1)).isoformat(), "cravingHigh": 6,
        "cravingAbove": 3, "moodLow": 2, "moodBelow": 3, "medianDays": 3, "togetherCraving": 5, "togetherMood": 4,
        "togetherSleep": 4, "trendPoints": 2, "missedDays": 2,
    }  # fmt: skip


def _concern(scene: Scene) -> dict[str, Any]:
    return {"id": a_new_id(scene), "alertClass": "p0", "heard": "by-phone"}


def _check_in(scene: Scene) -> dict[str, Any]:
    now = scene.world.clock.now
    return {"id": a_new_id(scene), "date": now.date().isoformat(), "mood": 7, "craving": 1, "wantsToTalk": False,
            "inDanger": False, "note": "A calm day.", "answeredAt": now.isoformat()}  # fmt: skip


def _thread(scene: Scene) -> dict[str, Any]:
    """Whoever stands beside Maya writes with her; she herself is nobody beside herself."""
    return {"id": a_new_id(scene), "withId": str(MAYA.id)}


def _with_sam(scene: Scene) -> dict[str, Any]:
    return {"thread_id": scene.maya.thread}


def _words(scene: Scene) -> dict[str, Any]:
    return {"id": a_new_id(scene), "text": "Good morning.", "sentAt": scene.world.clock.now.isoformat()}


def _device(scene: Scene) -> dict[str, Any]:
    return {"id": a_new_id(scene), "kind": "fcm-token", "token": "a-new-phone", "platform": "ios", "timeZone": "UTC"}


def _shift(scene: Scene) -> dict[str, Any]:
    starts_at = scene.world.clock.now + timedelta(days=3)
    return {"id": a_new_id(scene), "startsAt": starts_at.isoformat(),
            "endsAt": (starts_at + timedelta(hours=8)).isoformat()}  # fmt: skip


def _slot(scene: Scene) -> str:
    """Tomorrow at 13:10 in New York: one of Dana's."""
    return "2026-03-04T18:10:00+00:00"


def _booking(scene: Scene) -> dict[str, Any]:
    return {"id": a_new_id(scene), "staffId": str(DANA.id), "startsAt": _slot(scene), "kind": "counseling",
            "patientId": str(MAYA.id)}  # fmt: skip


def _rotation(scene: Scene) -> dict[str, Any]:
    return {"id": a_new_id(scene), "name": "Mornings", "wanted": "peer", "timeZone": "America/New_York",
            "startsOn": (scene.world.clock.now + timedelta(days=2)).date().isoformat(),
            "members": [str(SAM.id), str(INES.id)], "every": "day", "handsOver": "08:00"}  # fmt: skip


def _coverage(scene: Scene) -> dict[str, Any]:
    starts_at = scene.world.clock.now + timedelta(days=1)
    return {"id": a_new_id(scene), "coveredId": str(DANA.id), "coveringId": str(OKAFOR.id),
            "startsAt": starts_at.isoformat(), "endsAt": (starts_at + timedelta(days=7)).isoformat()}  # fmt: skip


def _set_up(scene: Scene) -> dict[str, Any]:
    return {"secret": "nobody-was-given-this-link", "organisationId": a_new_id(scene), "organisationName": "A clinic",
            "organisationKind": "primary-care", "operatorId": a_new_id(scene), "operatorName": "An operator",
            "timeZone": "UTC"}  # fmt: skip


def _somebody(scene: Scene) -> dict[str, Any]:
    return {"id": a_new_id(scene), "name": "Somebody new", "timeZone": "America/Chicago", "language": "es"}


def _team(scene: Scene) -> dict[str, Any]:
    """Maya's without her doctor elsewhere."""
    staff = [(DANA, True), (SAM, False), (OKAFOR, False)]
    return {"members": [{"staffId": str(one.id), "lead": lead} for one, lead in staff]}


def _regimen(scene: Scene) -> dict[str, Any]:
    return {"id": a_new_id(scene), "medicine": "Something new", "times": ["08:00", "20:00"],
            "startsOn": scene.world.clock.now.date().isoformat(), "endsOn": None, "timeZone": "UTC"}  # fmt: skip


def _week(scene: Scene) -> dict[str, Any]:
    return {"blocks": [{"weekday": 1, "starts": "09:00", "ends": "12:00"}]}


def _exception(scene: Scene) -> dict[str, Any]:
    return {"id": a_new_id(scene), "day": "2026-03-18", "starts": "09:00", "ends": "12:00"}


def _passkey(scene: Scene) -> dict[str, Any]:
    return {"passkey_id": MAYAS_PASSKEY}


def _new_passkey(scene: Scene) -> dict[str, Any]:
    """Of a challenge that nobody was given."""
    made = {"id": "A" * 43, "rawId": "A" * 43, "type": "public-key",
            "response": {"clientDataJSON": "AAAA", "attestationObject": "AAAA"}}  # fmt: skip
    return {"challengeId": a_new_id(scene), "name": "My phone", "credential": made}


def _shown_passkey(scene: Scene) -> dict[str, Any]:
    shown = {"id": "A" * 43, "rawId": "A" * 43, "type": "public-key",
             "response": {"clientDataJSON": "AAAA", "authenticatorData": "AAAA", "signature": "AAAA"}}  # fmt: skip
    return {"challengeId": a_new_id(scene), "credential": shown}


def _arrival(scene: Scene) -> dict[str, Any]:
    """From a provider that this server does not work with."""
    return {"browser": "nobody-left-from-this-browser", "state": "a-state", "code": "a-code"}


def _receipt(scene: Scene) -> dict[str, Any]:
    return {"event": "opened", "at": scene.world.clock.now.isoformat()}


# What Maya has just read and is about to sign.
SHOWN: dict[str, str] = {}


async def maya_reads(scene: Scene) -> None:
    """The form that Maya signs afterwards."""
    SHOWN.update((await filled(scene.world, MAYA, elements(scene.world))).json())


def _consent(scene: Scene) -> dict[str, Any]:
    return elements(scene.world) | {
        "id": a_new_id(scene), "formSha256": SHOWN.get("sha256", "0" * 64), "signature": MAYA.name,
    }  # fmt: skip


def _page() -> assets.Site | None:
    """The page's files, where its packages are installed."""
    try:
        return assets.site()
    except assets.NotInstalled:
        return None


PAGE = _page()
PUBLIC = Recipe(of="nobody")
CALLER = Recipe(of="caller")
MANY = Recipe(of="many")
OTHER = "OtherRelationNeeded"
READS_REGIMENS = ("GET", "/v1/patients/{patient_id}/regimens")
SEES_IT = ("GET", "/v1/appointments/{appointment_id}")
NOT_SHOWN = Expected(409, "FormChanged")
NOT_YOUR_CLAIM = Expected(409, "NotYourClaim")
NOT_CLAIMED = {"ines": NOT_YOUR_CLAIM, "theo": NOT_YOUR_CLAIM}
NOT_THEIRS = dict.fromkeys(("sam", "ines", "ben", "okafor", "nell", "ned"), Expected(403, "NotYourPatients"))
NOBODY_VOUCHED = dict.fromkeys(("leo", "noah"), Expected(409, "NotYet"))

RECIPES: Mapping[tuple[str, str], Recipe] = {
    ("GET", "/health/live"): PUBLIC,
    ("GET", "/health/ready"): PUBLIC,
    ("GET", "/metrics"): Recipe(of="nobody", headers={"authorization": "Bearer a scraper's own token"}),
    ("GET", "/v1/crisis-card"): PUBLIC,
    ("GET", "/v1/demo/cast"): Recipe(of="nobody", tells_names=True),
    ("POST", "/v1/demo/sign-ins"): Recipe(of="nobody", body=lambda _: {"person": "kai"}, served=201),
    ("POST", "/v1/setup"): Recipe(of="nobody", body=_set_up, served=403),
    ("GET", "/openapi.json"): PUBLIC,
    ("GET", "/docs"): PUBLIC,
    ("GET", "/docs/docs.css"): PUBLIC,
    ("GET", "/"): Recipe(of="nobody", served=200 if PAGE else 503),
    ("GET", "/sw.js"): Recipe(of="nobody", served=200 if PAGE else 404),
    ("GET", "/assets/{version}/{name}"): Recipe(
        of="nobody",
        path=lambda _: {"version": PAGE.version, "name": min(PAGE.files)} if PAGE else {"version": "0", "name": "none"},
        served=200 if PAGE else 404,
    ),
    ("DELETE", "/v1/session"): Recipe(of="caller", served=204),
    ("POST", "/v1/session/refresh"): Recipe(
        of="nobody", body=lambda _: {"refreshToken": f"cairnr_{'x' * 65}"}, served=401
    ),
    ("GET", "/v1/sessions"): CALLER,
    ("DELETE", "/v1/sessions/{session_id}"): Recipe(of="one", path=lambda _: {"session_id": ASKING}, served=204),
    ("POST", "/v1/sessions/end-others"): Recipe(of="caller", served=204),
    ("POST", "/v1/people/{person_id}/sign-in-links"): Recipe(
        of="one", path=lambda _: {"person_id": DANA.id}, owner=DANA, served=201
    ),
    ("POST", "/v1/sign-in/codes"): Recipe(of="nobody", body=lambda _: {"contact": "x@example.org"}, served=202),
    ("POST", "/v1/sign-in/codes/{challenge_id}/redeem"): Recipe(
        of="nobody", path=lambda s: {"challenge_id": a_new_id(s)}, body=lambda _: {"code": "12345678"}, served=403
    ),
    ("POST", "/v1/session/codes"): Recipe(of="caller", body=lambda _: {"contact": "x@example.org"}, served=202),
    ("POST", "/v1/session/codes/{challenge_id}/redeem"): Recipe(
        of="one", path=lambda _: {"challenge_id": SECOND}, body=lambda _: {"code": code_of(SITE, SECOND)}
    ),
    ("POST", "/v1/contacts/{contact_id}/codes"): Recipe(of="one", path=_contact, served=202),
    ("POST", "/v1/contact-codes/{challenge_id}/redeem"): Recipe(
        of="one", path=lambda _: {"challenge_id": OWN}, body=lambda _: {"code": code_of(SITE, OWN)}, served=204
    ),
    ("GET", "/v1/contacts"): CALLER,
    ("POST", "/v1/contacts"): Recipe(
        of="caller", body=lambda s: {"id": a_new_id(s), "kind": "email", "value": "x@example.org"}, served=201
    ),
    ("PATCH", "/v1/contacts/{contact_id}"): Recipe(of="one", path=_contact, body=lambda _: {"shared": True}),
    ("DELETE", "/v1/contacts/{contact_id}"): Recipe(
        of="one", path=_contact, query=lambda _: {"sure": True}, served=204
    ),
    ("GET", "/v1/patients/{patient_id}/contact-preferences"): Recipe(of="one", path=_maya),
    ("POST", "/v1/patients/{patient_id}/invitations"): Recipe(of="one", path=_maya, body=lambda _: {}, served=201),
    ("POST", "/v1/invitations/redeem"): Recipe(
        of="nobody", body=lambda _: {"secret": "nobody-was-given-this-link", "key": "ABCD-EFGH"}, served=403
    ),
    ("POST", "/v1/recovery-codes"): Recipe(of="caller", served=201),
    ("GET", "/v1/recovery-codes"): CALLER,
    ("POST", "/v1/recovery-codes/use"): Recipe(of="caller", body=lambda _: {"code": RECOVERY}),
    ("POST", "/v1/approvals"): Recipe(
        of="caller",
        first=maya_is_half_in,
        served=201,
        refused=dict.fromkeys(("leo", "noah"), Expected(409, "AlreadyFull")),
    ),
    ("GET", "/v1/approvals"): CALLER,
    ("GET", "/v1/approvals/{approval_id}"): Recipe(of="one", path=_approval),
    ("POST", "/v1/approvals/{approval_id}/approve"): Recipe(
        of="one", path=_approval, body=lambda _: {"number": NUMBER}
    ),
    ("POST", "/v1/approvals/{approval_id}/refuse"): Recipe(of="one", path=_approval),
    ("POST", "/v1/vouches"): Recipe(of="caller", served=201),
    ("GET", "/v1/vouches/mine"): Recipe(of="caller", first=maya_is_vouched_for, refused=NOBODY_VOUCHED),
    ("POST", "/v1/vouches/redeem"): Recipe(of="caller", first=maya_is_vouched_for, refused=NOBODY_VOUCHED),
    ("POST", "/v1/vouches/look-up"): Recipe(of="one", body=lambda _: {"number": DIGITS}, tells_names=True),
    ("POST", "/v1/vouches/confirm"): Recipe(of="one", body=lambda _: {"number": DIGITS, "how": "video"}),
    ("POST", "/v1/sign-in-links/redeem"): Recipe(
        of="nobody", body=lambda _: {"secret": "nobody-was-given-this-link"}, served=403
    ),
    ("POST", "/v1/sign-in-links/look"): Recipe(
        of="nobody", body=lambda _: {"secret": "nobody-was-given-this-link"}, served=403
    ),
    ("POST", "/v1/passkeys/registrations"): Recipe(of="caller", served=201),
    ("POST", "/v1/passkeys"): Recipe(of="caller", body=_new_passkey, served=403),
    ("GET", "/v1/passkeys"): CALLER,
    ("PATCH", "/v1/passkeys/{passkey_id}"): Recipe(of="one", path=_passkey, body=lambda _: {"name": "My old phone"}),
    ("DELETE", "/v1/passkeys/{passkey_id}"): Recipe(of="one", path=_passkey, served=204),
    ("POST", "/v1/sign-in/passkey/challenges"): Recipe(of="nobody", served=201),
    ("POST", "/v1/sign-in/passkey"): Recipe(of="nobody", body=_shown_passkey, served=403),
    ("POST", "/v1/session/prove/passkey/challenges"): Recipe(
        of="caller", served=201, refused={p.handle: Expected(409, "NoPasskey") for p in CAST if p != MAYA}
    ),
    ("POST", "/v1/session/prove/passkey"): Recipe(of="caller", body=_shown_passkey, served=403),
    ("GET", "/v1/account"): CALLER,
    ("GET", "/v1/account/events"): CALLER,
    ("POST", "/v1/account/recovery/refuse"): Recipe(of="caller", served=409),
    ("POST", "/v1/recoveries/find"): Recipe(of="caller", body=lambda _: {"code": "00000000"}, served=404),
    ("POST", "/v1/recoveries/vouch"): Recipe(
        of="caller", body=lambda _: {"code": "00000000", "personId": str(SAM.id)}, served=404
    ),
    ("POST", "/v1/totp"): Recipe(of="caller", served=201),
    ("POST", "/v1/totp/confirm"): Recipe(of="caller", body=lambda _: {"code": "000000"}, served=409),
    ("GET", "/v1/totp"): CALLER,
    ("DELETE", "/v1/totp/{app_id}"): Recipe(of="one", path=lambda _: {"app_id": DANAS_APP}, owner=DANA, served=204),
    ("POST", "/v1/session/prove/totp"): Recipe(
        of="caller",
        body=lambda _: {"code": "000000"},
        served=409,
        refused={"dana": Expected(403, "CodeRefused")},
    ),
    ("GET", "/v1/sign-in/provider"): PUBLIC,
    ("POST", "/v1/sign-in/provider/departures"): Recipe(of="nobody", served=404),
    ("POST", "/v1/sign-in/provider"): Recipe(of="nobody", body=_arrival, served=404),
    ("POST", "/v1/provider-links/departures"): Recipe(of="caller", served=404),
    ("POST", "/v1/provider-links"): Recipe(of="caller", body=_arrival, served=404),
    ("GET", "/v1/provider-links"): CALLER,
    ("DELETE", "/v1/provider-links/{link_id}"): Recipe(
        of="one", path=lambda _: {"link_id": DANAS_LINK}, owner=DANA, served=204
    ),
    ("POST", "/v1/session/prove/provider/departures"): Recipe(of="caller", served=404),
    ("POST", "/v1/session/prove/provider"): Recipe(of="caller", body=_arrival, served=404),
    ("POST", "/provider/logout"): Recipe(of="nobody", served=400),
    ("GET", "/signed-in"): Recipe(of="nobody", served=200 if PAGE else 503),
    ("GET", "/v1/me"): CALLER,
    ("PATCH", "/v1/me"): Recipe(of="caller", body=lambda _: {"timeZone": "America/Denver", "language": "es"}),
    ("POST", "/v1/staff"): Recipe(of="caller", body=lambda s: _somebody(s) | {"roles": ["peer"]}, served=201),
    ("GET", "/v1/staff"): CALLER,
    ("PUT", "/v1/staff/{staff_id}/roles"): Recipe(
        of="one",
        path=lambda _: {"staff_id": SAM.id},
        body=lambda _: {"roles": ["peer", "peer-lead"]},
        owner=SAM,
        headers=AS_IT_IS,
    ),
    ("POST", "/v1/patients"): Recipe(of="new", body=_somebody, served=201),
    ("GET", "/v1/patients/{patient_id}"): Recipe(of="one", path=_maya, unfit=OTHER),
    ("GET", "/v1/patients/{patient_id}/contact-card"): Recipe(of="one", path=_maya, unfit=OTHER),
    ("GET", "/v1/patients/{patient_id}/dose-log"): Recipe(of="one", path=_maya, unfit=OTHER),
    ("GET", "/v1/care-team"): CALLER,
    ("GET", "/v1/patients"): MANY,
    ("GET", "/v1/patients/{patient_id}/care-team"): Recipe(of="one", path=_maya, unfit=OTHER),
    ("PUT", "/v1/patients/{patient_id}/care-team"): Recipe(
        of="one", path=_maya, unfit=OTHER, body=_team, headers=AS_IT_IS
    ),
    ("POST", "/v1/devices"): Recipe(of="caller", body=_device, served=201),
    ("GET", "/v1/devices"): CALLER,
    ("DELETE", "/v1/devices/{device_id}"): Recipe(of="one", path=lambda s: {"device_id": s.maya.device}, served=204),
    ("GET", "/v1/deliveries/{delivery_id}"): Recipe(of="one", path=lambda s: {"delivery_id": s.maya.delivery}),
    ("POST", "/v1/deliveries/{delivery_id}/receipts"): Recipe(
        of="one", path=lambda s: {"delivery_id": s.maya.delivery}, body=_receipt, served=204
    ),
    ("POST", "/v1/duty-shifts"): Recipe(of="caller", body=_shift, served=201),
    ("GET", "/v1/duty-shifts"): CALLER,
    ("DELETE", "/v1/duty-shifts/{shift_id}"): Recipe(
        of="one", path=lambda s: {"shift_id": s.shift}, owner=SAM, served=204
    ),
    ("POST", "/v1/rotations"): Recipe(of="caller", body=_rotation, served=201),
    ("GET", "/v1/rotations"): CALLER,
    ("POST", "/v1/rotations/{rotation_id}/end"): Recipe(
        of="one", path=lambda _: {"rotation_id": known("peers by the week")}, owner=SAM
    ),
    ("POST", "/v1/coverages"): Recipe(of="caller", body=_coverage, served=201, refused=NOT_THEIRS),
    ("GET", "/v1/coverages"): CALLER,
    ("POST", "/v1/coverages/{coverage_id}/end"): Recipe(
        of="one", path=lambda _: {"coverage_id": known("ines for sam")}, owner=SAM, other=INES
    ),
    ("POST", "/v1/check-ins"): Recipe(of="caller", body=_check_in, served=201),
    ("GET", "/v1/check-ins"): CALLER,
    ("GET", "/v1/patients/{patient_id}/check-ins"): Recipe(of="one", path=_maya, unfit=OTHER),
    ("GET", "/v1/patients/{patient_id}/trend"): Recipe(of="one", path=_maya, unfit=OTHER),
    ("GET", "/v1/check-ins/today"): CALLER,
    ("GET", "/v1/check-in-form"): CALLER,
    ("PUT", "/v1/check-in-form"): Recipe(of="caller", body=_form),
    ("GET", "/v1/thresholds"): CALLER,
    ("POST", "/v1/thresholds"): Recipe(of="caller", body=_thresholds, served=201),
    ("GET", "/v1/alerts"): MANY,
    ("GET", "/v1/support"): CALLER,
    ("POST", "/v1/patients/{patient_id}/alerts"): Recipe(of="one", path=_maya, unfit=OTHER, body=_concern, served=201),
    ("GET", "/v1/alerts/{alert_id}/story"): Recipe(of="one", path=_alert),
    ("GET", "/v1/alert-reviews"): MANY,
    ("POST", "/v1/alerts/{alert_id}/review"): Recipe(
        of="one", path=lambda _: {"alert_id": str(PAST_CRISIS)}, body=lambda _: {"finding": "too-late"}, served=201
    ),
    ("POST", "/v1/alerts/{alert_id}/claim"): Recipe(of="one", path=_alert, claims=True),
    ("POST", "/v1/alerts/{alert_id}/contact"): Recipe(of="one", path=_alert, first=sam_claims, refused=NOT_CLAIMED),
    ("POST", "/v1/alerts/{alert_id}/release"): Recipe(of="one", path=_alert, first=sam_claims, refused=NOT_CLAIMED),
    ("POST", "/v1/alerts/{alert_id}/raise"): Recipe(of="one", path=_alert, body=lambda _: {"to": "p1"}),
    ("POST", "/v1/alerts/{alert_id}/close"): Recipe(
        of="one",
        path=_alert,
        body=lambda _: {"outcome": "reached-safe"},
        first=sam_claims,
        refused={"ines": NOT_YOUR_CLAIM},
    ),
    ("POST", "/v1/threads"): Recipe(of="one", body=_thread, served=201, refused={"maya": Expected(404, "NotFound")}),
    ("GET", "/v1/threads"): MANY,
    ("GET", "/v1/threads/{thread_id}"): Recipe(of="one", path=_with_sam, writer=SAM),
    ("GET", "/v1/threads/{thread_id}/messages"): Recipe(of="one", path=_with_sam, writer=SAM),
    ("POST", "/v1/threads/{thread_id}/messages"): Recipe(of="one", path=_with_sam, body=_words, writer=SAM, served=201),
    ("POST", "/v1/threads/{thread_id}/marks"): Recipe(
        of="one", path=_with_sam, body=lambda _: {"delivered": 1, "read": 1}, writer=SAM
    ),
    ("POST", "/v1/threads/{thread_id}/block"): Recipe(of="one", path=_with_sam),
    ("POST", "/v1/threads/{thread_id}/unblock"): Recipe(of="one", path=_with_sam),
    ("POST", "/v1/messages/{message_id}/flag"): Recipe(
        of="one", path=lambda s: {"message_id": s.maya.message}, writer=SAM
    ),
    ("GET", "/v1/slots"): Recipe(
        of="one",
        unfit=OTHER,
        query=lambda _: {"kind": "counseling", "patientId": str(MAYA.id), "staffId": str(DANA.id)},
    ),
    ("POST", "/v1/appointments"): Recipe(of="one", body=_booking, served=201, unfit=OTHER),
    ("GET", "/v1/appointments"): MANY,
    ("GET", "/v1/appointments/{appointment_id}"): Recipe(of="one", path=_appointment, holder=DANA),
    ("POST", "/v1/appointments/{appointment_id}/reschedule"): Recipe(
        of="one",
        path=_appointment,
        holder=DANA,
        served=201,
        body=lambda s: {"id": a_new_id(s), "startsAt": _slot(s)},
    ),
    ("POST", "/v1/appointments/{appointment_id}/cancel"): Recipe(of="one", path=_appointment, holder=DANA),
    ("POST", "/v1/appointments/{appointment_id}/complete"): Recipe(
        of="one", path=_appointment, holder=DANA, first=visit_begins, unfit="NotWithYou", known_by=SEES_IT
    ),
    ("POST", "/v1/appointments/{appointment_id}/no-show"): Recipe(
        of="one", path=_appointment, holder=DANA, first=visit_begins, unfit="NotWithYou", known_by=SEES_IT
    ),
    ("POST", "/v1/appointments/{appointment_id}/visit"): Recipe(of="one", path=_appointment, holder=DANA),
    ("GET", "/v1/visits"): CALLER,
    ("POST", "/v1/mirror"): CALLER,
    ("POST", "/v1/exports"): Recipe(of="caller", body=lambda s: {"id": a_new_id(s)}, served=201),
    ("GET", "/v1/exports"): CALLER,
    ("GET", "/v1/exports/{export_id}"): Recipe(of="one", path=_export),
    ("GET", "/v1/exports/{export_id}/file"): Recipe(of="one", path=_export),
    ("GET", "/v1/closure"): CALLER,
    ("POST", "/v1/closure"): Recipe(of="caller", body=lambda s: {"id": a_new_id(s)}, served=201, first=nobody_leaves),
    ("DELETE", "/v1/closure"): CALLER,
    ("GET", "/v1/closures"): MANY,
    ("GET", "/v1/patients/{patient_id}/legal-holds"): Recipe(of="one", path=_maya),
    ("POST", "/v1/patients/{patient_id}/legal-holds"): Recipe(
        of="one", path=_maya, body=lambda s: {"id": a_new_id(s), "reason": "A subpoena of this month."}, served=201
    ),
    ("POST", "/v1/legal-holds/{hold_id}/end"): Recipe(of="one", path=lambda s: {"hold_id": s.maya.hold}),
    ("GET", "/v1/working-hours"): CALLER,
    ("PUT", "/v1/working-hours"): Recipe(of="caller", body=_week, headers=AS_IT_IS),
    ("POST", "/v1/working-exceptions"): Recipe(of="caller", body=_exception, served=201),
    ("DELETE", "/v1/working-exceptions/{exception_id}"): Recipe(
        of="one", path=lambda s: {"exception_id": s.exception}, owner=DANA, served=204
    ),
    ("POST", "/v1/calendar-feeds"): Recipe(of="caller", served=201),
    ("DELETE", "/v1/calendar-feeds"): Recipe(of="caller", served=204),
    ("GET", "/v1/calendar/{name}"): Recipe(of="nobody", path=lambda s: {"name": f"{s.maya.feed}.ics"}),
    ("POST", "/v1/patients/{patient_id}/regimens"): Recipe(
        of="one", path=_maya, unfit=OTHER, body=_regimen, served=201
    ),
    ("GET", "/v1/patients/{patient_id}/regimens"): Recipe(of="one", path=_maya, unfit=OTHER),
    ("GET", "/v1/regimens"): CALLER,
    ("POST", "/v1/regimens/{regimen_id}/stop"): Recipe(
        of="one", path=lambda s: {"regimen_id": s.maya.regimen}, unfit=OTHER, known_by=READS_REGIMENS
    ),
    ("GET", "/v1/occurrences"): CALLER,
    ("POST", "/v1/occurrences/{occurrence_id}/taken"): Recipe(
        of="one", path=lambda s: {"occurrence_id": s.maya.occurrence}
    ),
    ("POST", "/v1/occurrences/{occurrence_id}/skipped"): Recipe(
        of="one", path=lambda s: {"occurrence_id": s.maya.occurrence}
    ),
    ("GET", "/v1/audit-events"): CALLER,
    ("GET", "/v1/patients/{patient_id}/audit-events"): Recipe(of="one", path=_maya),
    ("GET", "/v1/security-events"): CALLER,
    ("GET", "/fhir/AuditEvent"): Recipe(of="one", query=lambda _: {"patient": str(MAYA.id)}),
    ("GET", "/v1/consent-forms"): Recipe(of="caller", query=lambda _: {"kind": "specific"}),
    ("POST", "/v1/consent-forms/fill"): Recipe(of="caller", body=lambda s: elements(s.world)),
    ("GET", "/v1/recipients"): CALLER,
    ("POST", "/v1/consents"): Recipe(
        of="caller", first=maya_reads, body=_consent, served=201, refused=dict.fromkeys(("leo", "noah"), NOT_SHOWN)
    ),
    ("GET", "/v1/consents"): MANY,
    ("GET", "/v1/consents/{consent_id}"): Recipe(of="one", path=lambda s: {"consent_id": s.maya.consent}),
    ("POST", "/v1/consents/{consent_id}/revoke"): Recipe(
        of="one",
        path=lambda s: {"consent_id": s.maya.consent},
        body=lambda _: {"how": "in-app"},
        first=maya_consents,
        refused={"june": Expected(409, "NotYours")},
    ),
    ("GET", "/v1/disclosures"): MANY,
    ("GET", "/v1/disclosures/export"): CALLER,
    ("POST", "/v1/patients/{patient_id}/break-glass"): Recipe(
        of="new",
        path=_maya,
        body=lambda s: {"id": a_new_id(s), "nature": "Found unconscious."},
        served=201,
        tells_names=True,
    ),
    ("GET", "/v1/break-glass"): MANY,
    ("POST", "/v1/break-glass/{break_glass_id}/review"): Recipe(
        of="one",
        path=lambda s: {"break_glass_id": s.maya.glass},
        body=lambda _: {"finding": "justified", "note": "Well."},
    ),
    ("GET", "/v1/legal-parameters"): CALLER,
    ("GET", "/v1/events"): Recipe(of="caller", headers={"last-event-id": f"1-0-{int(NOW.timestamp())}"}),
}

# A socket has no answer to compare: its ticket decides, and tests/signaling tries that.
SOCKETS = {("WS", "/v1/signaling")}
