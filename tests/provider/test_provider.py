"""Signing in by a provider that can be made to lie, and what it is not believed."""

import hashlib
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
import pytest
from joserfc.jwk import ECKey

from app import auth
from app.contacts import actions as contacts
from app.contacts.models import NewContact
from app.demo.cast import DANA, MAYA, SAM, Person
from app.provider import actions
from db import Pool, person
from tests.passkeys.authenticator import text_of
from tests.passkeys.ceremonies import Header, code_of, come_in, holding
from tests.provider.liar import Json, Liar, lying
from tests.world import SITE, World

Claim = Callable[["At"], str]


@pytest.fixture
async def liar() -> AsyncIterator[Liar]:
    """A provider that says what it is told to."""
    async with lying() as made:
        yield made


class At:
    """A server that works with this provider."""

    def __init__(self, world: World, liar: Liar) -> None:
        self.world, self.liar = world, liar

    async def leave(self, path: str = "/v1/sign-in/provider", header: Header | None = None) -> tuple[Json, Json]:
        """What the browser keeps, and what it takes along."""
        answer = await self.world.nobody().post(f"{path}/departures", headers=header)
        assert answer.status_code == 201, answer.text
        said: Json = parse_qs(urlsplit(answer.json()["url"]).query)
        return answer.json(), {name: value[0] for name, value in said.items()}

    async def come_back(
        self,
        kept: Json,
        took: Json,
        token: str,
        path: str = "/v1/sign-in/provider",
        header: Header | None = None,
        *,
        iss: str | None = None,
    ) -> httpx.Response:
        """The provider gives this token for the code that the browser brings."""
        self.liar.answer = 200, {"id_token": token, "access_token": "an access token", "token_type": "Bearer"}
        back = {"browser": kept["browser"], "state": took["state"], "code": "a-code", "iss": iss}
        return await self.world.nobody().post(path, json=back, headers=header)

    async def go(
        self, path: str = "/v1/sign-in/provider", header: Header | None = None, **claims: Any
    ) -> httpx.Response:
        """There and back, with what a good provider says but for these claims."""
        kept, took = await self.leave(path, header)
        token = self.liar.signed(self.liar.claims(self.world.clock.now, took["nonce"], **claims))
        return await self.come_back(kept, took, token, path, header)

    async def link(self, subject: str = "dana") -> Header:
        """Dana connects her account there; the header of the session in which she did."""
        header = await come_in(self.world, DANA)
        answer = await self.go("/v1/provider-links", header, sub=subject)
        assert answer.status_code == 201, answer.text
        return header


@pytest.fixture
async def at(pool: Pool, liar: Liar, now: Any) -> AsyncIterator[At]:
    """The app over the test's own transaction, beside that provider."""
    async with World.over(pool, now, site=msgspec.structs.replace(SITE, openid=liar.config)) as world:
        yield At(world, liar)


async def test_the_door_says_which_provider_there_is(at: At, world: World) -> None:
    assert (await at.world.nobody().get("/v1/sign-in/provider")).json() == {"name": "Harbor"}
    assert (await world.nobody().get("/v1/sign-in/provider")).json() == {"name": None}
    assert code_of(await world.nobody().post("/v1/sign-in/provider/departures")) == "NoProvider"


async def test_whoever_has_connected_their_account_comes_in_by_it(at: At) -> None:
    await at.link()

    signed = await at.go()

    assert (signed.status_code, signed.json()["personId"]) == (201, str(DANA.id))
    me = await auth.who(at.world.pool, f"Bearer {signed.json()['accessToken']}", at.world.clock.now)
    assert (me.proved_by, me.assurance) == ("oidc", "full")
    [kept] = (await (await at.world.of(DANA)).get("/v1/provider-links")).json()["items"]
    assert (kept["name"], kept["lastUsedAt"]) == ("Harbor", "2026-03-03T15:00:00Z")


async def test_the_browser_takes_along_what_binds_the_code_to_it_and_nothing_of_anybody(at: At) -> None:
    kept, took = await at.leave()

    assert kept["url"].startswith(f"{at.liar.issuer}/auth?")
    assert took | {"state": "", "nonce": "", "code_challenge": ""} == {
        "response_type": "code", "scope": "openid", "client_id": "cairn",
        "redirect_uri": "http://cairn.test/signed-in", "code_challenge_method": "S256", "max_age": "300",
        "state": "", "nonce": "", "code_challenge": "",
    }  # fmt: skip
    await at.come_back(kept, took, "no token")
    [(_, headers, form)] = [one for one in at.liar.asked if one[0] == "/token"]
    assert (form["grant_type"], form["code"], form["redirect_uri"]) == (
        "authorization_code", "a-code", "http://cairn.test/signed-in",
    )  # fmt: skip
    assert actions._challenge(form["code_verifier"]) == took["code_challenge"]
    assert headers["authorization"].startswith("Basic ")
    assert "client_secret" not in form


async def test_a_subject_that_is_nobodys_here_does_not_come_in_and_makes_nobody(at: At) -> None:
    await at.link()

    answer = await at.go(sub="a stranger")

    assert (answer.status_code, code_of(answer)) == (403, "NotLinked")


STRANGER = ECKey.generate_key("P-256", {"kid": "first"})
TOKENS: dict[str, Callable[[At, str], str]] = {
    "another issuer": lambda at, n: at.liar.signed(good(at, n, iss="https://evil.example")),
    "another audience": lambda at, n: at.liar.signed(good(at, n, aud="somebody else")),
    "no audience": lambda at, n: at.liar.signed(good(at, n, aud=None)),
    "two audiences and nobody's": lambda at, n: at.liar.signed(good(at, n, aud=["cairn", "other"])),
    "two audiences and the other's": lambda at, n: at.liar.signed(good(at, n, aud=["cairn", "other"], azp="other")),
    "another party's": lambda at, n: at.liar.signed(good(at, n, azp="other")),
    "another nonce": lambda at, _: at.liar.signed(good(at, "another")),
    "no nonce": lambda at, n: at.liar.signed(good(at, n, nonce=None)),
    "expired": lambda at, n: at.liar.signed(good(at, n, exp=seconds(at, -61))),
    "of tomorrow": lambda at, n: at.liar.signed(good(at, n, iat=seconds(at, 61))),
    "of an hour ago": lambda at, n: at.liar.signed(good(at, n, iat=seconds(at, -3600))),
    "signed in long ago": lambda at, n: at.liar.signed(good(at, n, auth_time=seconds(at, -361))),
    "signed in nobody knows when": lambda at, n: at.liar.signed(good(at, n, auth_time=None)),
    "of another access token": lambda at, n: at.liar.signed(good(at, n, at_hash="77QmUPtjPfzWtF2AnpK9RQ")),
    "without a subject": lambda at, n: at.liar.signed(good(at, n, sub="")),
    "a subject that is no text": lambda at, n: at.liar.signed(good(at, n, sub=7)),
    "a time that is no number": lambda at, n: at.liar.signed(good(at, n, exp="never")),
    "not signed": lambda at, n: at.liar.unsigned(good(at, n)),
    "signed with what everybody knows": lambda at, n: at.liar.signed_with_the_public_key(good(at, n)),
    "signed by another": lambda at, n: at.liar.signed(good(at, n), key=STRANGER),
    "signed with a key that nobody knows": lambda at, n: at.liar.signed(good(at, n), {"kid": "unknown"}, STRANGER),
    "of another kind": lambda at, n: at.liar.signed(good(at, n), {"typ": "logout+jwt"}),
    "changed after it was signed": lambda at, n: at.liar.signed(good(at, n))[:-6] + "AAAAAA",
    "no token": lambda _, __: "nothing.like.that",
    "nothing": lambda _, __: "",
}


def good(at: At, given: str, **changes: Any) -> Json:
    """What a good provider says of this nonce, but for this."""
    return at.liar.claims(at.world.clock.now, given, **changes)


def seconds(at: At, later: int) -> int:
    """So much later than now."""
    return int((at.world.clock.now + timedelta(seconds=later)).timestamp())


@pytest.mark.parametrize("wrong", sorted(TOKENS))
async def test_a_token_that_is_wrong_in_one_thing_lets_nobody_in(at: At, wrong: str) -> None:
    await at.link()
    kept, took = await at.leave()

    answer = await at.come_back(kept, took, TOKENS[wrong](at, took["nonce"]))

    assert (answer.status_code, code_of(answer)) == (403, "ProviderRefused"), answer.text


async def test_a_token_that_is_right_in_every_way_it_can_be_lets_them_in(at: At) -> None:
    await at.link()
    half = text_of(hashlib.sha256(b"an access token").digest()[:16])
    for claims in ({"aud": ["cairn"]}, {"aud": ["cairn", "other"], "azp": "cairn"}, {"at_hash": half}):
        kept, took = await at.leave()
        at.liar.answer = 200, {}
        assert (await at.come_back(kept, took, at.liar.signed(good(at, took["nonce"], **claims)))).status_code == 201


async def test_a_state_that_is_not_the_one_we_gave_is_refused_and_the_attempt_is_over(at: At) -> None:
    await at.link()
    kept, took = await at.leave()
    token = at.liar.signed(good(at, took["nonce"]))

    tampered = await at.come_back(kept, took | {"state": "x" + took["state"][1:]}, token)
    again = await at.come_back(kept, took, token)

    assert [code_of(one) for one in (tampered, again)] == ["AttemptGone", "AttemptGone"]
    assert not any(path == "/token" for path, *_ in at.liar.asked[-1:])


async def test_another_browser_does_not_end_what_this_one_began(at: At) -> None:
    """Else somebody could be sent to a page that signs them in as somebody else."""
    await at.link()
    kept, took = await at.leave()
    other, _ = await at.leave()
    token = at.liar.signed(good(at, took["nonce"]))

    assert code_of(await at.come_back(other, took, token)) == "AttemptGone"
    assert code_of(await at.come_back({"browser": "x" * 43}, took, token)) == "AttemptGone"
    assert (await at.come_back(kept, took, token)).status_code == 201


async def test_who_comes_back_after_ten_minutes_begins_again(at: At) -> None:
    await at.link()
    kept, took = await at.leave()
    at.world.clock.forward(minutes=10)

    assert code_of(await at.come_back(kept, took, at.liar.signed(good(at, took["nonce"])))) == "AttemptGone"
    assert await actions.forget(at.world.pool, at.world.clock.now) == 0
    await at.leave()
    assert await actions.forget(at.world.pool, at.world.clock.forward(minutes=10)) == 1


async def test_whoever_says_they_are_another_provider_is_not_believed(at: At) -> None:
    await at.link()
    at.liar.document["authorization_response_iss_parameter_supported"] = True
    at.world.clock.forward(hours=1, seconds=1)
    for iss, code in (("https://evil.example", "ProviderRefused"), (None, "ProviderRefused"), (at.liar.issuer, None)):
        kept, took = await at.leave()
        token = at.liar.signed(good(at, took["nonce"]))
        answer = await at.come_back(kept, took, token, iss=iss)
        assert code_of(answer) == code, iss


async def test_a_provider_with_a_new_key_is_asked_for_it_once_a_minute(at: At) -> None:
    await at.link()
    at.liar.renew()
    header = {"alg": "RS256", "kid": "second"}

    async def come_in_with_the_new_key() -> httpx.Response:
        kept, took = await at.leave()
        return await at.come_back(kept, took, at.liar.signed(good(at, took["nonce"]), header))

    assert code_of(await come_in_with_the_new_key()) == "ProviderRefused"
    at.world.clock.forward(minutes=1, seconds=1)
    assert (await come_in_with_the_new_key()).status_code == 201
    asked = sum(path == "/jwks" for path, *_ in at.liar.asked)
    for _ in range(5):
        kept, took = await at.leave()
        await at.come_back(kept, took, at.liar.signed(good(at, took["nonce"]), header | {"kid": "made up"}))
    assert sum(path == "/jwks" for path, *_ in at.liar.asked) == asked
    kept, took = await at.leave()
    old = ECKey.generate_key("P-256", {"kid": "first"})
    assert code_of(await at.come_back(kept, took, at.liar.signed(good(at, took["nonce"]), key=old))) == (
        "ProviderRefused"
    )


DOCUMENTS: dict[str, Json] = {
    "another issuer": {"issuer": "https://evil.example"},
    "the issuer with a slash": {"issuer": "{issuer}/"},
    "keys by plain HTTP": {"jwks_uri": "http://evil.example/jwks"},
    "a token endpoint by plain HTTP": {"token_endpoint": "http://evil.example/token"},
    "no token endpoint": {"token_endpoint": None},
    "a way out that is none": {"end_session_endpoint": "javascript:alert(1)"},
    "signatures that anybody makes": {"id_token_signing_alg_values_supported": ["HS256", "none"]},
    "no PKCE with S256": {"code_challenge_methods_supported": ["plain"]},
    "no way to show our secret": {"token_endpoint_auth_methods_supported": ["private_key_jwt"]},
}


@pytest.mark.parametrize("wrong", sorted(DOCUMENTS))
async def test_a_document_that_cannot_be_trusted_sends_nobody_anywhere(at: At, wrong: str) -> None:
    changed = {
        k: v.replace("{issuer}", at.liar.issuer) if isinstance(v, str) else v for k, v in DOCUMENTS[wrong].items()
    }
    at.liar.document |= changed

    answer = await at.world.nobody().post("/v1/sign-in/provider/departures")

    assert (answer.status_code, code_of(answer)) == (503, "ProviderAway")
    assert answer.headers["retry-after"] == "5"


async def test_a_provider_that_changes_its_issuer_is_used_for_half_a_day_and_no_longer(at: At) -> None:
    await at.leave()
    at.liar.document["issuer"] = "https://evil.example"
    at.world.clock.forward(hours=11)
    await at.leave()
    at.world.clock.forward(hours=2)

    answer = await at.world.nobody().post("/v1/sign-in/provider/departures")

    assert code_of(answer) == "ProviderAway"


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/jwks", "/token"])
async def test_a_provider_that_does_not_answer_is_away(at: At, path: str) -> None:
    at.liar.silent.add(path)

    began = await at.world.nobody().post("/v1/sign-in/provider/departures")
    if began.status_code == 201:
        kept, took = began.json(), parse_qs(urlsplit(began.json()["url"]).query)
        token = at.liar.signed(good(at, took["nonce"][0]))
        began = await at.come_back(kept, {"state": took["state"][0]}, token)

    assert (began.status_code, code_of(began)) == (503, "ProviderAway")


@pytest.mark.parametrize(
    ("status", "code"), [(400, "ProviderRefused"), (200, "ProviderRefused"), (500, "ProviderAway")]
)
async def test_a_code_that_is_worth_nothing_lets_nobody_in(at: At, status: int, code: str) -> None:
    kept, took = await at.leave()
    at.liar.answer = status, {"error": "invalid_grant"}
    back = {"browser": kept["browser"], "state": took["state"], "code": "a-code"}

    assert code_of(await at.world.nobody().post("/v1/sign-in/provider", json=back)) == code


async def test_an_account_is_one_persons_and_a_person_has_one(at: At) -> None:
    await at.link()

    taken = await at.go("/v1/provider-links", await come_in(at.world, SAM))
    second = await at.go("/v1/provider-links", await come_in(at.world, DANA), sub="another")

    assert [code_of(one) for one in (taken, second)] == ["LinkedElsewhere"] * 2
    patient = await at.world.nobody().post("/v1/provider-links/departures", headers=await come_in(at.world, MAYA))
    assert code_of(patient) == "NotYourRole"


async def test_an_attempt_is_of_one_purpose_and_one_session(at: At) -> None:
    header, elsewhere = await at.link(), await come_in(at.world, DANA)
    kept, took = await at.leave("/v1/session/prove/provider", header)
    token = at.liar.signed(good(at, took["nonce"]))
    for path, who in (
        ("/v1/sign-in/provider", None),
        ("/v1/provider-links", header),
        ("/v1/session/prove/provider", elsewhere),
        ("/v1/session/prove/provider", await come_in(at.world, SAM)),
    ):
        assert code_of(await at.come_back(kept, took, token, path, who)) == "AttemptGone", path
    assert (await at.come_back(kept, took, token, "/v1/session/prove/provider", header)).status_code == 204


async def test_the_provider_asks_anew_before_a_session_is_fresh_again(at: At) -> None:
    header = await at.link()
    at.world.clock.forward(minutes=6)
    path = "/v1/session/prove/provider"

    _, took = await at.leave(path, header)
    assert (took["prompt"], took["max_age"]) == ("login", "300")
    from_before = await at.go(path, header, auth_time=seconds(at, -120))
    another = await at.go(path, header, sub="another")
    assert [code_of(one) for one in (from_before, another)] == ["ProviderRefused", "NotThatAccount"]
    assert (await at.go(path, header)).status_code == 204
    me = await auth.who(at.world.pool, header["authorization"], at.world.clock.now)
    assert (me.proved_by, me.is_fresh(at.world.clock.now)) == ("oidc", True)


async def test_whoever_has_no_account_there_is_not_sent_to_prove_it(at: At) -> None:
    answer = await at.world.nobody().post("/v1/session/prove/provider/departures", headers=await come_in(at.world, SAM))
    assert (answer.status_code, code_of(answer)) == (409, "NoLink")


async def test_an_account_is_disconnected_by_its_owner_who_has_just_shown_that_it_is_them(at: At) -> None:
    await at.link()
    dana, sam = await at.world.of(DANA), await at.world.of(SAM)
    [kept] = (await dana.get("/v1/provider-links")).json()["items"]
    path = f"/v1/provider-links/{kept['id']}"

    assert (await sam.delete(path)).status_code == 404
    assert code_of(await dana.delete(path)) == "LastWayIn"
    assert (await dana.delete(path, params={"even_the_last": "true"})).status_code == 204
    assert code_of(await at.go()) == "NotLinked"
    assert (await at.link()) is not None


async def test_what_a_provider_has_to_say_of_the_way_somebody_signed_in_is_held_to(
    pool: Pool, liar: Liar, now: Any
) -> None:
    config = msgspec.structs.replace(liar.config, acr="urn:strong", secret=None)
    async with World.over(pool, now, site=msgspec.structs.replace(SITE, openid=config)) as world:
        at = At(world, liar)
        header = await come_in(world, DANA)
        _, took = await at.leave("/v1/provider-links", header)
        assert took["acr_values"] == "urn:strong"
        assert code_of(await at.go("/v1/provider-links", header)) == "ProviderRefused"
        assert (await at.go("/v1/provider-links", header, acr="urn:strong")).status_code == 201
        form = next(form for path, _, form in reversed(liar.asked) if path == "/token")
        assert form["client_id"] == "cairn"


async def test_a_secret_goes_into_the_form_where_the_provider_takes_it_there_alone(at: At) -> None:
    at.liar.document["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
    await at.link()

    _, headers, form = next(one for one in reversed(at.liar.asked) if one[0] == "/token")
    assert (form["client_secret"], "authorization" in headers) == ("a secret", False)


async def sent(at: At, token: str) -> httpx.Response:
    """What the provider's server sends when somebody leaves there."""
    return await at.world.nobody().post("/provider/logout", data={"logout_token": token})


@pytest.mark.parametrize("claims", [{}, {"sub": None}, {"sid": None}])
async def test_whoever_leaves_there_leaves_here(at: At, claims: Json) -> None:
    await at.link()
    signed = await at.go()
    own = {"authorization": f"Bearer {signed.json()['accessToken']}"}
    other = await come_in(at.world, DANA, "passkey")

    for _ in range(2):
        answer = await sent(at, at.liar.signed(at.liar.leaving(at.world.clock.now, **claims), {"typ": "logout+jwt"}))
        assert answer.status_code == 200, answer.text
    for header, status in ((own, 401), (other, 200)):
        assert (await at.world.nobody().get("/v1/me", headers=header)).status_code == status


LEAVINGS: dict[str, Json] = {
    "another issuer": {"iss": "https://evil.example"},
    "another audience": {"aud": "other"},
    "nobody": {"sub": None, "sid": None},
    "a nonce, as an ID token has": {"nonce": "x"},
    "no event": {"events": {}},
    "another event": {"events": {"urn:other": {}}},
    "expired": {"exp": 1},
    "of long ago": {"iat": 1},
    "no number": {"jti": None},
}


@pytest.mark.parametrize("wrong", sorted(LEAVINGS))
async def test_nobody_is_sent_away_by_what_is_no_word_of_the_providers(at: At, wrong: str) -> None:
    await at.link()
    signed = await at.go()
    own = {"authorization": f"Bearer {signed.json()['accessToken']}"}

    answer = await sent(at, at.liar.signed(at.liar.leaving(at.world.clock.now, **LEAVINGS[wrong])))

    assert (answer.status_code, code_of(answer)) == (403, "ProviderRefused")
    assert (await at.world.nobody().get("/v1/me", headers=own)).status_code == 200


async def test_another_subject_or_session_of_theirs_sends_nobody_away(at: At) -> None:
    await at.link()
    signed = await at.go()
    own = {"authorization": f"Bearer {signed.json()['accessToken']}"}
    for claims in ({"sub": "another"}, {"sid": "another"}):
        await sent(at, at.liar.signed(at.liar.leaving(at.world.clock.now, **claims)))
    assert (await at.world.nobody().get("/v1/me", headers=own)).status_code == 200


@pytest.mark.parametrize("form", [b"", b"logout_token=a&logout_token=b", b"other=x", b"\xff\xfe", b"a=b&" * 50, b"{}"])
async def test_a_form_that_is_none_is_not_read(at: At, form: bytes) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = await at.world.nobody().post("/provider/logout", content=form, headers=headers)
    assert (answer.status_code, code_of(answer)) == (400, "Malformed")


async def test_without_a_provider_nobody_leaves_by_it(world: World) -> None:
    answer = await world.nobody().post("/provider/logout", data={"logout_token": "x"})
    assert code_of(answer) == "NoProvider"


async def verified_address(at: At, whom: Person, address: str) -> None:
    """Somebody has shown that they read this."""
    async with at.world.pool.transaction(person(whom.id)) as db:
        new = NewContact(id=at.world.new_id(), kind="email", value=address)
        kept = await contacts.add(db, whom.id, new, whom.id, at.world.clock.now)
        await contacts.verified(db, kept.id, at.world.clock.now)


async def test_an_address_that_both_have_verified_makes_the_first_link_where_the_operator_allows_it(
    pool: Pool, liar: Liar, now: Any
) -> None:
    said: Json = {"email": "Dana@example.org", "email_verified": True}
    for allowed, code in ((False, "NotLinked"), (True, None)):
        config = msgspec.structs.replace(liar.config, by_mail=allowed)
        async with World.over(pool, now, site=msgspec.structs.replace(SITE, openid=config)) as world:
            at = At(world, liar)
            await verified_address(at, DANA, "dana@example.org")
            _, took = await at.leave()
            assert took["scope"] == ("openid email" if allowed else "openid")
            for wrong in (
                {"email_verified": False},
                {"email_verified": None},
                {"email": "no address"},
                {"email": "x@y.zz"},
            ):
                assert code_of(await at.go(**said | wrong)) == "NotLinked"
            signed = await at.go(**said)
            assert code_of(signed) == code
    own = {"authorization": f"Bearer {signed.json()['accessToken']}"}
    assert signed.json()["personId"] == str(DANA.id)
    async with World.over(pool, now) as world:
        events = (await world.nobody().get("/v1/account/events", headers=own)).json()["items"]
    assert [one["kind"] for one in events] == ["provider-linked"]


async def test_an_address_is_nobody_who_has_a_factor_or_is_a_patient(pool: Pool, liar: Liar, now: Any) -> None:
    config = msgspec.structs.replace(liar.config, by_mail=True)
    async with World.over(pool, now, site=msgspec.structs.replace(SITE, openid=config)) as world:
        at = At(world, liar)
        await verified_address(at, MAYA, "maya@example.org")
        await verified_address(at, SAM, "sam@example.org")
        await holding(world, SAM)
        for address in ("maya@example.org", "sam@example.org"):
            assert code_of(await at.go(email=address, email_verified=True)) == "NotLinked"
