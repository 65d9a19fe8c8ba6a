"""What the role may do as which the app connects, and what functions do with more rights than that."""

from collections.abc import Mapping

import asyncpg
import pytest

from app.demo.cast import BEN, CAST, INES, KAI, MAYA, NELL
from db import CLOCK, DOOR, Pool, Principal, migrate, person
from tests.app.doorstep import ASKING, DIGITS, INVITATION, SECOND
from tests.app.scene import DANAS_APP, DANAS_LINK, MAYAS_PASSKEY, Scene


async def test_the_role_of_the_app_owns_nothing_and_passes_by_nothing(scene: Scene) -> None:
    [role] = await scene.seen.owner("SELECT * FROM pg_roles WHERE rolname = $1", migrate.APP_ROLE)
    assert not any(
        role[right] for right in ("rolsuper", "rolbypassrls", "rolcreaterole", "rolcreatedb", "rolreplication")
    )
    owned = await scene.seen.owner("SELECT relname FROM pg_class WHERE relowner = $1::oid", role["oid"])
    granted = await scene.seen.owner("SELECT FROM pg_auth_members WHERE member = $1::oid", role["oid"])
    made = await scene.seen.owner("SELECT proname FROM pg_proc WHERE proowner = $1::oid", role["oid"])
    assert (owned, granted, made) == ([], [], [])


async def test_the_app_really_connects_as_that_role(shared_pool: Pool) -> None:
    async with shared_pool.reading() as db:
        assert await db.values(str, "SELECT session_user::text || ' ' || current_user::text") == ["cairn_app cairn_app"]


async def test_what_nobody_may_touch_is_not_granted(scene: Scene) -> None:
    rights = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
    held = {
        table: {right for right in rights if await _has(scene, table, right)}
        for table in (
            "access_token",
            "token_family",
            "setup_link",
            "sign_in_link",
            "audit_event",
            "audit_link",
            "audit_head",
            "audit_anchor",
            "migration",
            "check_in",
            "patient",
            "care_team_member",
            "data_key",
        )
    }
    assert held == {
        "access_token": set(), "token_family": set(), "setup_link": set(), "sign_in_link": set(),
        "audit_event": {"SELECT"}, "audit_link": set(), "audit_head": {"SELECT"}, "audit_anchor": {"SELECT", "INSERT"},
        "migration": {"SELECT"}, "check_in": {"SELECT", "INSERT"}, "patient": {"SELECT"},
        "care_team_member": {"SELECT"}, "data_key": set(),
    }  # fmt: skip


async def _has(scene: Scene, table: str, right: str) -> bool:
    [row] = await scene.seen.owner("SELECT has_table_privilege('cairn_app', $1::text, $2)", table, right)
    return bool(row[0])


async def test_no_table_grants_the_app_to_empty_it_or_to_hang_something_on_it(scene: Scene) -> None:
    wide = [
        (t, r)
        for t in await scene.seen.tables()
        for r in ("TRUNCATE", "REFERENCES", "TRIGGER")
        if await _has(scene, t, r)
    ]
    assert wide == []


async def test_every_function_with_its_owners_rights_is_pinned_and_not_for_everybody(scene: Scene) -> None:
    found = await scene.seen.owner(
        """
        SELECT proname, coalesce(proconfig, '{}') AS config, has_function_privilege('public', oid, 'EXECUTE') AS open
        FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef ORDER BY proname
        """
    )
    assert found
    assert [row["proname"] for row in found if "search_path=public, pg_temp" not in row["config"]] == []
    assert [row["proname"] for row in found if row["open"]] == []


async def test_every_view_reads_with_the_rights_of_its_reader(scene: Scene) -> None:
    found = await scene.seen.owner(
        "SELECT relname, coalesce(reloptions, '{}') AS options FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm')"
    )
    assert [row["relname"] for row in found if "security_invoker=true" not in row["options"]] == []


TIMES = "SELECT count(*) FROM busy_times('{maya}', '[2026-01-01, 2027-01-01)')"
WITHDRAW = "SELECT withdraw_notifications('{about}', ARRAY['{subject}'::uuid], now())"
# Every function that does more than its caller may, with a call about Maya: how much it did or told.
CALLS: Mapping[str, str] = {
    "add_patient(uuid,text,text,text,timestamp with time zone)":
        "SELECT (add_patient('{maya}', 'x', 'UTC', 'en', now()))::int",
    "add_staff(uuid,text,text,text,text[],timestamp with time zone)":
        "SELECT (add_staff('{maya}', 'x', 'UTC', 'en', '{{peer}}', now()))::int",
    "alerts_for(text)": "SELECT count(*) FROM alerts_for('read') AS told WHERE told = '{alert}'",
    "arrange_care_team(uuid,uuid[],uuid,timestamp with time zone)":
        "SELECT count(*) FROM arrange_care_team('{maya}', ARRAY['{dana}'::uuid], '{dana}', now())",
    "begun_at_provider(uuid,text,bytea)": "SELECT begun_at_provider('{danas_link}', 'x', sha256('a guess'))::int",
    "ask_for_code(uuid,text,text,bytea,bytea,bytea,uuid,timestamp with time zone,timestamp with time zone)":
        "SELECT ask_for_code(gen_random_uuid(), 'sign-in', 'email', sha256('x'), NULL, sha256('y'), gen_random_uuid(),"
        " now(), now() + interval '1 hour')::int",
    "busy_times(uuid,tstzrange)": TIMES,
    "broken_glass()": "SELECT count(*) FROM broken_glass() AS who WHERE who = '{maya}'",
    "concerns(uuid[])": "SELECT concerns(ARRAY['{maya}'::uuid])::int",
    "consented(text)": "SELECT count(*) FROM consented('check-ins') AS who WHERE who = '{maya}'",
    "break_the_glass(uuid,uuid,bytea)":
        "SELECT count(*) FROM break_the_glass(gen_random_uuid(), '{maya}', sha256('x') || sha256('y'))",
    "consents_held()": "SELECT count(*) FROM consents_held()",
    "disclose(text,uuid[])":
        "SELECT count(*) FROM disclose('identity', ARRAY['{maya}'::uuid])"
        " WHERE num_nonnulls(consent_id, break_glass_id) > 0",
    "may_break_the_glass(uuid)": "SELECT may_break_the_glass('{maya}')::int",
    "calendar_owner(bytea)": "SELECT count(calendar_owner(sha256('a guess')))",
    "close_address_elsewhere(text,bytea,timestamp with time zone)":
        "SELECT count(*) - 1 FROM close_address_elsewhere('fcm-token', sha256('a guess'), now())",
    "close_account(uuid,timestamp with time zone)": "SELECT close_account('{maya}', now() + interval '100 years')::int",
    "code_owner(text,bytea)": "SELECT count(*) FROM code_owner('email', {index})",
    "contact_preferences(uuid)": "SELECT count(*) FROM contact_preferences('{maya}')",
    "contact_owner(text,bytea)": "SELECT count(*) FROM contact_owner('email', sha256('a guess'))",
    "data_keys_erased(uuid,timestamp with time zone)": "SELECT data_keys_erased('{maya}', now())",
    "destroy_data_keys(uuid,timestamp with time zone)": "SELECT destroy_data_keys('{maya}', now())",
    "keep_data_key(uuid,integer,bytea,text)": "SELECT keep_data_key('{maya}', 1, 'a guess', 'a key')::int",
    "device_key_of(bytea)": "SELECT count(device_key_of(sha256('a guess')))",
    "demo_people()": "SELECT count(*) FROM demo_people()",
    "end_sessions(uuid,timestamp with time zone,text,uuid)":
        "SELECT count(*) FROM end_sessions('{noah}', now(), 'elsewhere', NULL)",
    "forget_tokens(timestamp with time zone)": "SELECT forget_tokens(now() + interval '9 years')",
    "end_provider_sessions(text,text,text,timestamp with time zone)":
        "SELECT count(*) FROM end_provider_sessions('elsewhere', 'dana', NULL, now())",
    "give_roles(uuid,text[])": "SELECT give_roles('{maya}', '{{peer}}')::int",
    "holds_factor()": "SELECT holds_factor()::int",
    "invite(uuid,uuid,bytea,bytea,text,bytea,uuid,timestamp with time zone,timestamp with time zone)":
        "SELECT invite(gen_random_uuid(), '{maya}', sha256('x'), sha256('y'), NULL, NULL, gen_random_uuid(), now(),"
        " now() + interval '1 hour')::int",
    "invited_contact(uuid,text,bytea)": "SELECT count(invited_contact('{maya}', 'email', {index}))",
    "is_second_contact(uuid,text,bytea)": "SELECT is_second_contact('{asking}', 'email', {index})::int",
    "join_alert(uuid,uuid,text[],jsonb,boolean,boolean,timestamp with time zone)":
        "SELECT join_alert('{alert}', '{check_in}', '{{mood-low}}', '{{}}', false, true, NULL)::int",
    "leaving(timestamp with time zone)": "SELECT count(*) FROM leaving(now() + interval '100 years')",
    "knows_device(uuid,bytea)": "SELECT knows_device('{maya}', 'a key')::int",
    "levels_of(uuid[])": "SELECT count(*) FROM levels_of(ARRAY['{check_in}'::uuid])",
    "levels_between(uuid,date,date)": "SELECT count(*) FROM levels_between('{maya}', '2026-01-01', '2027-01-01')",
    "link_by_mail(uuid,uuid,text,text,timestamp with time zone)":
        "SELECT link_by_mail(gen_random_uuid(), '{sam}', 'elsewhere', 'sam', now())::int",
    "look_at_link(bytea,timestamp with time zone)":
        "SELECT count(*) FROM look_at_link(sha256('link-of-maya'), '2026-03-03T16:00Z')",
    "make_sign_in_link(uuid,bytea,timestamp with time zone,timestamp with time zone)":
        "SELECT count(make_sign_in_link('{ned}', sha256('x'), now(), now() + interval '1 hour'))",
    "may_cover(uuid,uuid)": "SELECT may_cover('{dana}', '{okafor}')::int",
    "may_write_into(uuid)": "SELECT may_write_into('{thread}')::int",
    "may_write_to_each_other(uuid,uuid)": "SELECT may_write_to_each_other('{maya}', '{sam}')::int",
    "may_open_alerts(uuid)": "SELECT may_open_alerts('{maya}')::int",
    "may_log_of(uuid)": "SELECT may_log_of('{alert}')::int",
    "may_tell_of(uuid)": "SELECT may_tell_of('{alert}')::int",
    "open_alert_of(uuid,text)": "SELECT count(*) FROM open_alert_of('{maya}', 'p2')",
    "not_asked_after(timestamp with time zone,integer)": "SELECT count(*) FROM not_asked_after(now(), 9)",
    "may_invite(uuid)": "SELECT may_invite('{maya}')::int",
    "may_see_times(uuid)": "SELECT may_see_times('{maya}')::int",
    "may_withdraw(text,uuid)": "SELECT may_withdraw('alert', '{alert}')::int",
    "moves_own(uuid,uuid,uuid)": "SELECT moves_own('{appointment}', '{maya}', '{dana}')::int",
    "open_session(uuid,uuid,timestamp with time zone,text,text,bytea,text,bytea,bytea,bytea,interval)":
        "SELECT count(*) FROM open_session(gen_random_uuid(), '{maya}', now(), 'link', 'full', NULL, NULL,"
        " sha256('f'), sha256('r'), sha256('a'), '1 hour')",
    "of_the_program()": "SELECT count(*) FROM of_the_program()",
    "overseen_accounts()": "SELECT count(*) FROM overseen_accounts() AS who WHERE who = '{maya}'",
    "oversees_coverage(uuid)": "SELECT oversees_coverage('{dana}')::int",
    "patients_for(text,text)": "SELECT count(*) FROM patients_for('read', 'record') AS who WHERE who = '{maya}'",
    "patients_of_appointments(uuid[])":
        "SELECT count(*) FROM patients_of_appointments(ARRAY['{appointment}'::uuid])",
    "patients_once_for(text,text)":
        "SELECT count(*) FROM patients_once_for('read', 'regimens') AS who WHERE who = '{maya}'",
    "prove_session(uuid,timestamp with time zone,text,text)":
        "SELECT prove_session('{session}', now(), 'link', 'full')::int",
    "own_recovery(timestamp with time zone)": "SELECT count(*) FROM own_recovery('2026-03-03T16:00Z')",
    "passkey_at_the_door(bytea)": "SELECT count(*) FROM passkey_at_the_door(sha256('credential'))",
    "raise_alert(uuid,text,boolean,timestamp with time zone,timestamp with time zone)":
        "SELECT raise_alert('{alert}', 'p0', false, now(), now())::int",
    "reach_again(timestamp with time zone)": "SELECT count(*) FROM reach_again(now())",
    "reach(text[])":
        "SELECT count(*) FROM reach('self', 'team', 'lead', 'covering', 'shared', 'claimed', 'booked', 'program')"
        " AS who WHERE who = '{maya}'",
    "refresh_session(bytea,bytea,bytea,bytea,timestamp with time zone,timestamp with time zone,interval)":
        "SELECT count(*) FROM"
        " refresh_session(sha256('f'), sha256('r'), sha256('n'), sha256('a'), NULL, now(), '1 hour')",
    "sessions_over(uuid[],timestamp with time zone)":
        "SELECT count(*) FROM sessions_over(ARRAY['{session}'::uuid], now() + interval '9 years')",
    "shred_account(uuid,timestamp with time zone)": "SELECT shred_account('{maya}', now() + interval '100 years')::int",
    "signed_in(bytea,timestamp with time zone)": "SELECT count(*) FROM signed_in(sha256('a guess'), now())",
    "stands_beside(uuid)": "SELECT stands_beside('{maya}')::int",
    "to_be_erased()": "SELECT count(*) FROM to_be_erased()",
    "recovery_with(text,timestamp with time zone)":
        "SELECT count(*) FROM recovery_with('{code}', '2026-03-03T16:00Z')",
    "refuse_recovery(timestamp with time zone)": "SELECT refuse_recovery(now())::int",
    "suspend_passkey(uuid,uuid,timestamp with time zone)":
        "SELECT count(suspend_passkey('{passkey}', gen_random_uuid(), now()))",
    "take_door_attempt(bytea,timestamp with time zone)":
        "SELECT count(*) FROM take_door_attempt(sha256('browser'), now())",
    "take_door_challenge(uuid,timestamp with time zone)":
        "SELECT count(take_door_challenge(gen_random_uuid(), now()))",
    "told_alerts()": "SELECT count(*) FROM told_alerts() AS told WHERE told = '{alert}'",
    "totp_at_the_door(uuid)": "SELECT count(*) FROM totp_at_the_door('{dana}')",
    "use_passkey(uuid,bigint,timestamp with time zone)": "SELECT use_passkey('{passkey}', 9, now())::int",
    "use_provider_link(text,text,timestamp with time zone)":
        "SELECT count(*) FROM use_provider_link('elsewhere', 'dana', now())",
    "use_totp(uuid,bigint,timestamp with time zone)": "SELECT use_totp('{app}', 99, now())::int",
    "vouch_for_link(uuid,text,timestamp with time zone)":
        "SELECT vouch_for_link('{dana}', '{code}', '2026-03-03T16:00Z')::int",
    "use_sign_in_link(bytea,timestamp with time zone,boolean)":
        "SELECT count(*) FROM use_sign_in_link(sha256('link-of-maya'), now(), true)",
    "try_code(uuid,text,timestamp with time zone)":
        "SELECT count(*) FROM try_code('{second}', 'second-contact', '2026-03-03T15:20Z')",
    "try_invitation(bytea,timestamp with time zone)":
        "SELECT count(*) FROM try_invitation(sha256('a link'), '2026-03-03T15:20Z')",
    "use_code(uuid,text,timestamp with time zone)":
        "SELECT count(*) FROM use_code('{second}', 'second-contact', '2026-03-03T15:20Z')",
    "use_invitation(uuid,timestamp with time zone)":
        "SELECT count(*) FROM use_invitation('{invitation}', '2026-03-03T15:20Z')",
    "use_setup_link(bytea,timestamp with time zone)": "SELECT use_setup_link(sha256('a guess'), now())::int",
    "unanswered(timestamp with time zone,integer)": "SELECT count(*) FROM unanswered(now() + interval '9 days', 9)",
    "use_vouch(uuid,timestamp with time zone)": "SELECT use_vouch('{asking}', '2026-03-03T15:30Z')::int",
    "verify_contact(uuid,timestamp with time zone)":
        "SELECT verify_contact('{contact}', now())::int",
    "concerns_unlocked(uuid[])": "SELECT concerns_unlocked(ARRAY['{maya}'::uuid])::int",
    "locked_patients()": "SELECT count(*) FROM locked_patients()",
    "oversees(uuid)": "SELECT oversees('{maya}')::int",
    "patients_unlocked_for(text,text)":
        "SELECT count(*) FROM patients_unlocked_for('read', 'check-ins') AS who WHERE who = '{maya}'",
    "patients_once_unlocked_for(text,text)":
        "SELECT count(*) FROM patients_once_unlocked_for('read', 'regimens') AS who WHERE who = '{maya}'",
    "would_be_kept(uuid,timestamp with time zone)": "SELECT count(*) FROM would_be_kept('{maya}', now())",
    "vouch_asked(text,timestamp with time zone)":
        "SELECT count(*) FROM vouch_asked('{digits}', '2026-03-03T15:30Z')",
    "vouch_for(text,text,timestamp with time zone)":
        "SELECT count(*) FROM vouch_for('{digits}', 'video', '2026-03-03T15:30Z')",
    "writes_to(uuid)": "SELECT writes_to('{maya}')::int",
    "withdraw_notifications(text,uuid[],timestamp with time zone)":
        WITHDRAW.replace("{about}", "alert").replace("{subject}", "{alert}"),
}  # fmt: skip
# What these do is for everybody, or is asked by nobody.
FOR_EVERYBODY = {
    "ask_each_day(jsonb,timestamp with time zone)": "asks for the right itself: what a program asks, and of nobody",
    "worry_from(jsonb)": "the same, of thresholds",
    "plan_rotation(jsonb,timestamp with time zone)": "the same, of rotations",
    "end_rotation(uuid,timestamp with time zone)": "the same",
    "make_shifts(uuid,timestamp with time zone,timestamp with time zone,jsonb)": "the clock's alone",
    "account_is_audited()": "a trigger, which nobody can call",
    "a_link_waits()": "a trigger, which nobody can call",
    "a_link_is_told()": "a trigger, which nobody can call",
    "consent_fits()": "a trigger, which nobody can call",
    "only_what_is_over_is_reviewed()": "a trigger, which nobody can call",
    "a_crisis_is_a_clinicians()": "a trigger, which nobody can call",
    "is_a_patient()": "a trigger, which nobody can call",
    "of_one_program()": "a trigger, which nobody can call",
    "pushes_end_with_their_session()": "a trigger, which nobody can call",
    "works_here()": "a trigger, which nobody can call",
    "audit(text,text,uuid[],uuid,text,uuid)": "writes in its caller's name, and only about whom they deal with: below",
    "audit_security(text,text,uuid,uuid,text)": "writes in its caller's own name, and reads nothing",
    "chain_audit_call()": "a trigger, which nobody can call",
    "chain_audit_event()": "a trigger, which nobody can call",
    "role_is_audited()": "a trigger, which nobody can call",
    "session_is_audited()": "a trigger, which nobody can call",
    "granted(text,text)": "tells its caller what their own roles let them do",
    "oldest_due_seconds(timestamp with time zone)": "a number of the server's",
    "has_left()": "a trigger, which nobody can call",
    "data_keys_of(uuid[],integer[])": "wrapped keys, which open nothing; what they are for is behind its own wall",
    "newest_data_key(uuid)": "the same",
    "data_keys_live(uuid)": "whether an id's keys were destroyed, to whoever knows the id",
    "ring_keys_in_use()": "numbers of the server's",
}


async def test_every_function_with_its_owners_rights_is_spoken_of(scene: Scene) -> None:
    found = await scene.seen.owner(
        "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef"
    )
    assert {row[0] for row in found} == set(CALLS) | set(FOR_EVERYBODY)


@pytest.mark.parametrize("function", sorted(CALLS))
@pytest.mark.parametrize("who", [person(NELL.id), person(KAI.id), Principal()], ids=["nell", "kai", "nobody"])
async def test_a_function_with_more_rights_does_nothing_for_a_stranger(
    scene: Scene, function: str, who: Principal
) -> None:
    async with scene.undone():
        before = await scene.seen.digest()
        assert await _called(scene, who, CALLS[function]) in (0, None)
        assert await scene.seen.digest() == before


async def _called(scene: Scene, who: Principal, call: str) -> int | None:
    """What it counts; None where it is refused."""
    maya = scene.maya
    [[session]] = await scene.seen.owner("SELECT id FROM session WHERE person_id = $1 LIMIT 1", MAYA.id)
    [[index]] = await scene.seen.owner("SELECT encode(value_index, 'hex') FROM contact WHERE id = $1", maya.contact)
    about = {"alert": maya.alert, "check_in": maya.check_in, "appointment": maya.appointment, "dose": maya.occurrence,
             "thread": maya.thread, "message": maya.message,
             "session": session, "contact": maya.contact, "passkey": MAYAS_PASSKEY, "app": DANAS_APP,
             "danas_link": DANAS_LINK, "code": "00000000", "second": SECOND,
             "invitation": INVITATION, "asking": ASKING,
             "digits": DIGITS, "index": f"'\\x{index}'::bytea"}  # fmt: skip
    try:
        async with scene.seen.transaction(who) as db:
            return await db.value(int, call.format(**about, **{p.handle: p.id for p in CAST}))
    except asyncpg.InsufficientPrivilegeError:
        return None


@pytest.mark.parametrize("whose", ["maya", "dana", "ben"])
async def test_when_somebody_is_busy_is_for_those_who_may_book_them(scene: Scene, whose: str) -> None:
    told = {p.handle for p in CAST if await _called(scene, person(p.id), TIMES.replace("maya", whose))}
    harbor = {p.handle for p in CAST if p.house == MAYA.house}
    assert told == ({"maya", "dana", "sam", "okafor", "ben", "theo", "rosa"} if whose == "maya" else harbor)


async def test_who_moved_a_visit_still_learns_that_the_other_time_is_taken(scene: Scene) -> None:
    """The old appointment is cancelled when this is asked, and with it the relation."""
    cancel = (
        "UPDATE appointment SET status = 'cancelled', settled_by = staff_id, settled_at = now() WHERE staff_id = $1"
    )
    async with scene.undone():
        await scene.seen.owner(cancel, BEN.id)
        assert await _called(scene, person(BEN.id), TIMES)


WITHDRAWERS = {
    ("alert", "{alert}"): {"maya", "sam", "ines", "theo"},
    ("appointment", "{appointment}"): {"maya", "dana", "okafor", "theo", "rosa"},
    ("medication", "{dose}"): {"maya", "okafor"},
    ("message", "{message}"): {"maya", "sam"},
}


@pytest.mark.parametrize(("about", "subject"), sorted(WITHDRAWERS))
async def test_only_who_sees_what_a_push_is_about_takes_it_back(scene: Scene, about: str, subject: str) -> None:
    waiting = """
        INSERT INTO notification (id, person_id, kind, subject_id, due_at, expires_at, next_at)
        VALUES (gen_random_uuid(), $1, $2, $3, now(), now() + interval '1 hour', now())
    """
    of = {"alert": scene.maya.alert, "appointment": scene.maya.appointment, "medication": scene.maya.occurrence,
          "message": scene.maya.message}  # fmt: skip
    call, able = WITHDRAW.replace("{about}", about).replace("{subject}", subject), set[str]()
    for who in CAST:
        async with scene.undone():
            await scene.seen.owner(waiting, MAYA.id, about, of[about])
            able |= {who.handle} if await _called(scene, person(who.id), call) else set()
    assert able == WITHDRAWERS[about, subject]
    async with scene.undone():
        await scene.seen.owner(waiting, MAYA.id, about, of[about])
        assert await _called(scene, CLOCK, call)


@pytest.mark.parametrize("function", ["levels_of(uuid[])", "levels_between(uuid,date,date)"])
async def test_levels_are_for_those_who_support_somebody_or_answer_them(scene: Scene, function: str) -> None:
    supporters = {"maya", "sam", "dana", "okafor", "theo"}
    assert {p.handle for p in CAST if await _called(scene, person(p.id), CALLS[function])} == supporters
    async with scene.undone():
        claim = "UPDATE alert SET claimed_by = $1, claimed_at = now() WHERE id = $2"
        await scene.seen.owner(claim, INES.id, scene.maya.alert)
        assert await _called(scene, person(INES.id), CALLS[function]) == 1


async def test_a_level_has_no_words_and_says_nothing_of_danger(scene: Scene) -> None:
    found = await scene.seen.owner(
        """
        SELECT DISTINCT unnest(proargnames[pronargs + 1:]) FROM pg_proc
        WHERE proname IN ('levels_of', 'levels_between')
        """
    )
    assert {row[0] for row in found} == {"id", "day", "mood", "craving", "wants_to_talk"}


async def test_the_door_shows_who_is_a_patient_in_a_demo_and_nowhere_else(scene: Scene) -> None:
    assert await _called(scene, DOOR, CALLS["demo_people()"]) == len(CAST)
    async with scene.undone():
        await scene.seen.owner("DELETE FROM demo_mark")
        assert await _called(scene, DOOR, CALLS["demo_people()"]) == 0
        shown = await scene.world.nobody().get("/v1/demo/cast")
        refused = await scene.world.nobody().post("/v1/demo/sign-ins", json={"person": "maya"})
    assert (shown.json()["items"], refused.status_code) == ([], 404)


async def test_nobody_fills_the_audit_of_somebody_with_whom_they_have_nothing_to_do(scene: Scene) -> None:
    wrote = set[str]()
    for actor in CAST:
        async with scene.undone():
            call = "SELECT count(*) FROM audit('read', 'identity', ARRAY['{maya}'::uuid], NULL)"
            wrote |= {actor.handle} if await _called(scene, person(actor.id), call) else set()
    # Ben has a visit with her, Ines and Sam were told of her alert, June answers for her privacy, Kai lets her in.
    assert wrote == {"maya", "sam", "dana", "okafor", "theo", "rosa", "june", "kai", "ines", "ben"}
