"""The doctor against real things: each in good health, and each broken in the ways that happen."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socket import SOCK_DGRAM, create_server, socket
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app import doctor, stack
from app.clock import system_clock
from app.doctor import findings, machine, storage, visit
from app.doctor import turn as turn_client
from app.doctor.findings import Finding, State
from app.settings import Settings
from db import embedded, migrate
from db.pool import connect
from notifications import local_fcm
from signaling.asgi import create_app as create_signaling
from tests import coturn
from tests.provider.liar import lying
from tests.signaling.conftest import serving
from tests.world import World

SECRET = "a secret of more than thirty-two characters"
CALM = Settings(secret=SECRET, demo=False, port=0, public_url="https://care.example.org", metrics_token="m" * 20)


def settings(**changes: Any) -> Settings:
    """A clinic's settings, with nothing wrong in them."""
    return msgspec.structs.replace(CALM, **changes)


async def found(name: str, of: Settings, clock: visit.Clock = system_clock) -> Finding:
    """What the doctor says of one part, as it would in a whole visit."""
    (check,) = [one for one in visit.checks(of, clock) if one.name == name]
    return await visit._bounded(check)


def free_port() -> int:
    with create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@asynccontextmanager
async def silence() -> AsyncIterator[int]:
    """A port where somebody listens, takes what comes, and never says a word."""
    with create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@asynccontextmanager
async def babble() -> AsyncIterator[int]:
    """A port where a program answers that speaks something else, and then hangs up."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"220 mail.example.org ESMTP, and what is it that you wanted to say?\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


class Home(msgspec.Struct):
    """A migrated database of the test's own, by the addresses of its owner and of the app."""

    owner: str
    app: str

    def settings(self, **changes: Any) -> Settings:
        return settings(database_url=self.app, database_owner_url=self.owner, **changes)


@pytest.fixture
async def home(own_database: str) -> Home:
    """Its people are taken for real ones: it has no mark of a demo."""
    home = Home(own_database.replace(f"//{migrate.APP_ROLE}@", "//postgres@"), own_database)
    await run_sql(home.owner, "DELETE FROM demo_mark")
    return home


async def run_sql(dsn: str, statement: str, *args: object) -> None:
    raw = await connect(dsn)
    try:
        await raw.execute(statement, *args)
    finally:
        await raw.close()


# A whole visit


async def test_where_nothing_was_ever_started_nothing_fails_and_nothing_is_left_behind(tmp_path: Path) -> None:
    state = tmp_path / "state"
    seen = await visit.examine(Settings(state_dir=str(state), port=0), system_clock)

    assert findings.status(seen) == 0
    assert [one.name for one in seen if one.state is State.WARN] in (["TURN"], ["TURN", "web page"])
    assert not state.exists()


async def test_a_clinic_in_good_health_has_nothing_to_do(home: Home, tmp_path: Path) -> None:
    of = home.settings(
        state_dir=str(tmp_path / "state"), key_dir=str(tmp_path / "keys"), public_url="http://localhost:8000"
    )
    async with coturn.coturn() as turn, local_fcm.serve() as fcm, serving(_signaling(of)) as signaling:
        of = msgspec.structs.replace(
            of,
            turn_urls=(f"turn:127.0.0.1:{turn}", f"turn:127.0.0.1:{turn}?transport=tcp"),
            turn_secret=coturn.SECRET,
            signaling_url=signaling.url,
            google_application_credentials=_file(tmp_path, fcm.service_account),
        )
        seen = await visit.examine(of, system_clock)

    assert [(one.name, one.what) for one in seen if one.state is not State.OK and one.name != "web page"] == []
    assert [one.name for one in seen].count("TURN") == 2
    assert all(one.advice is None for one in seen if one.state is State.OK)


BROKEN = {
    "database_url": "postgresql://cairn_app:canary@127.0.0.1:1/cairn",
    "database_owner_url": "postgresql://owner:canary@127.0.0.1:1/cairn",
    "secret": "canary" * 6,
    "turn_urls": ("turn:127.0.0.1:1?transport=tcp",),
    "turn_secret": "canary",
    "metrics_token": "canary" * 4,
    "host": "192.0.2.1",
    "demo": True,
    "public_url": "http://care.example.org",
    "signaling_url": "wss://127.0.0.1:1/v1/signaling",
}


@pytest.fixture
def broken(tmp_path: Path) -> Settings:
    """Everything is wrong, and every secret is a canary."""
    account = {"project_id": "p", "client_email": "c", "token_uri": "https://127.0.0.1:1/", "private_key": "canary"}
    return settings(**BROKEN, google_application_credentials=_file(tmp_path, account))


async def test_where_everything_is_wrong_all_of_it_is_told_with_advice_and_without_a_secret(
    broken: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await asyncio.to_thread(doctor.run, broken, {}, as_json=False) == 1
    assert await asyncio.to_thread(doctor.run, broken, {}, as_json=True) == 1

    printed, _, as_json = capsys.readouterr().out.partition("\n{")
    told = json.loads("{" + as_json)
    failed = {one["name"]: one for one in told["checks"] if one["state"] == "fail"}
    assert set(failed) == {
        *("demo", "address", "port", "database", "app's role", "migrations", "clock", "law", "push", "TURN"),
        "signaling",
    }
    assert all(one["advice"] for one in failed.values())
    assert told["state"] == "fail"
    assert len(told["checks"]) == 20
    assert printed.rstrip().endswith("11 failed.")
    assert "canary" not in printed + as_json


async def test_what_is_printed_is_aligned(broken: Settings) -> None:
    lines = findings.printed(await visit.examine(broken, system_clock)).splitlines()
    column = len("state folder") + 8
    assert all(line[:column].strip() == "" or line[column - 2 : column] == "  " for line in lines[:-2])
    assert max(map(len, lines)) <= findings.WIDTH


async def test_a_check_that_takes_too_long_or_breaks_is_told_and_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visit, "SECONDS", 0.05)

    async def breaks() -> Finding:
        raise ValueError("canary")

    slow, broke = await asyncio.gather(
        visit._bounded(visit.Check("slow", asyncio.Event().wait)),  # type: ignore[arg-type]  # it never answers
        visit._bounded(visit.Check("broken", breaks)),
    )
    assert (slow.state, slow.name) == (State.FAIL, "slow")
    assert "No answer" in slow.what
    assert broke.state is State.FAIL
    assert "canary" not in f"{broke}"


# This machine


async def test_a_secret_of_this_machine_is_for_a_demo_and_a_clinic_is_told_to_set_one(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s" * 64)
    (tmp_path / "secret").chmod(0o600)
    assert (await found("secret", Settings(state_dir=str(tmp_path)))).state is State.OK
    assert (await found("secret", settings(secret=None, state_dir=str(tmp_path)))).state is State.WARN

    (tmp_path / "secret").chmod(0o644)
    seen = await found("secret", Settings(state_dir=str(tmp_path)))
    assert (seen.state, seen.advice and seen.advice.split()[0]) == (State.FAIL, "chmod")


async def test_a_secret_file_that_was_cut_short_fails(tmp_path: Path) -> None:
    (tmp_path / "secret").touch(0o600)
    assert (await found("secret", Settings(state_dir=str(tmp_path)))).state is State.FAIL


@pytest.mark.parametrize(
    ("url", "host", "state"),
    [
        ("https://care.example.org", "192.0.2.1", State.OK),
        ("http://localhost:8000", "127.0.0.1", State.OK),
        ("http://127.0.0.1:8000", "127.0.0.1", State.OK),
        ("http://[::1]:8000", "::1", State.OK),
        (None, "127.0.0.1", State.OK),
        ("http://care.example.org", "127.0.0.1", State.FAIL),
        (None, "192.0.2.1", State.FAIL),
    ],
)
async def test_people_elsewhere_come_over_https(url: str | None, host: str, state: State) -> None:
    assert (await found("address", settings(public_url=url, host=host))).state is state


async def test_a_demo_serves_this_machine_alone() -> None:
    assert (await found("demo", settings(demo=True, public_url=None))).state is State.OK
    assert (await found("demo", settings(demo=True, public_url=None, host="192.0.2.1"))).state is State.FAIL
    behind_a_proxy = settings(demo=True, public_url="https://care.example.org")
    assert (await found("demo", behind_a_proxy)).state is State.FAIL


async def test_a_port_is_free_or_says_who_is_there(real_world: World) -> None:
    assert "is free" in (await found("port", settings(port=free_port()))).what

    async with serving(real_world.app) as cairn:
        seen = await found("port", settings(port=cairn.port))
        assert (seen.state, "is ready" in seen.what) == (State.OK, True)

    async with babble() as port:
        seen = await found("port", settings(port=port))
        assert (seen.state, "Another program" in seen.what) == (State.FAIL, True)

    seen = await found("port", settings(host="192.0.2.1"))
    assert (seen.state, "is not an address of this machine" in seen.what) == (State.FAIL, True)


async def test_a_cairn_that_is_not_ready_is_told(real_world: World, home: Home) -> None:
    await run_sql(home.owner, "DELETE FROM migration WHERE name = (SELECT max(name) FROM migration)")
    async with serving(real_world.app) as cairn:
        seen = await found("port", settings(port=cairn.port))
    assert seen.state is State.FAIL
    assert "migrations pending" in seen.what


async def test_a_state_folder_that_is_no_folder_fails(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    nothing = {"database_url": None, "database_owner_url": None}
    seen = await found("state folder", settings(**nothing, state_dir=str(tmp_path / "file")))
    assert seen.state is State.FAIL
    assert (await found("state folder", settings(**nothing, state_dir="/proc/cairn"))).state is State.FAIL
    assert (await found("state folder", settings(**nothing, state_dir=str(tmp_path / "new" / "one")))).state is State.OK
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


async def test_old_zone_rules_are_told() -> None:
    version, _ = machine.zone_rules()
    assert version is not None
    in_time = datetime(int(version[:4]) + 1, 1, 1, tzinfo=UTC)
    assert (await found("time zones", settings(), lambda: in_time)).state is State.OK
    assert (await found("time zones", settings(), lambda: in_time.replace(year=in_time.year + 2))).state is State.WARN


async def test_a_clinic_without_a_metrics_token_is_told() -> None:
    assert (await found("metrics", settings(metrics_token=None))).state is State.WARN


# The database


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ("postgresql://postgres@127.0.0.1:{closed}/cairn", "does not answer"),
        ("postgresql://postgres@/no_such_database?{where}", "no database of that name"),
        ("postgresql://no_such_role@/postgres?{where}", "refuses the user"),
        ("mysql://canary@host/db", "cannot be used"),
        ("postgresql://u:canary@host:port/db", "cannot be used"),
    ],
)
async def test_a_database_that_does_not_let_us_in_is_told_by_its_reason(
    server: embedded.Server, change: str, word: str
) -> None:
    where = server.dsn().partition("?")[2]
    url = change.format(closed=free_port(), where=where)
    of = settings(database_url=url, database_owner_url=url)
    for name in ("database", "app's role", "migrations", "clock"):
        seen = await found(name, of)
        assert seen.state is State.FAIL
        assert "canary" not in f"{seen}"
    assert word in (await found("database", of)).what


async def test_a_database_that_never_answers_is_given_up_in_time() -> None:
    async with silence() as port:
        url = f"postgresql://postgres@127.0.0.1:{port}/cairn"
        async with asyncio.timeout(visit.SECONDS + 1):
            seen = await found("database", settings(database_url=url, database_owner_url=url))
    assert seen.state is State.FAIL


@pytest.mark.parametrize(("major", "state"), [(14, State.FAIL), (15, State.OK), (18, State.OK), (19, State.WARN)])
def test_versions_that_were_not_tried_are_told(major: int, state: State) -> None:
    assert storage._judged("PostgreSQL", major, 0.3).state is state


def test_a_database_far_away_is_told() -> None:
    assert storage._judged("PostgreSQL", 17, 40).state is State.WARN


async def test_an_app_that_owns_its_tables_fails(home: Home) -> None:
    seen = await found("app's role", home.settings())
    assert seen.state is State.OK
    seen = await found("app's role", settings(database_url=home.owner, database_owner_url=home.owner))
    assert seen.state is State.FAIL
    assert "CAIRN_DATABASE_OWNER_URL" in (seen.advice or "")


async def test_migrations_that_have_not_run_and_those_that_were_edited_fail(home: Home) -> None:
    assert (await found("migrations", home.settings())).state is State.OK

    last = migrate.read()[-1].name
    await run_sql(home.owner, "DELETE FROM migration WHERE name = $1", last)
    seen = await found("migrations", home.settings())
    assert (seen.state, last in seen.what) == (State.FAIL, True)

    first = migrate.read()[0].name
    await run_sql(home.owner, "UPDATE migration SET sha256 = 'other' WHERE name = $1", first)
    seen = await found("migrations", home.settings())
    assert (seen.state, first in seen.what) == (State.FAIL, True)


async def test_a_clinic_on_a_demos_database_is_told(home: Home) -> None:
    assert (await found("database", home.settings())).state is State.OK
    await run_sql(home.owner, "INSERT INTO demo_mark (seeded_at) VALUES (now())")

    seen = await found("database", home.settings())
    assert (seen.state, "CAIRN_DATABASE_URL" in (seen.advice or "")) == (State.FAIL, True)
    assert (await found("database", home.settings(demo=True))).state is State.OK


@pytest.mark.parametrize(
    ("seconds", "state"),
    [(0, State.OK), (0.5, State.OK), (3, State.WARN), (-3, State.WARN), (30, State.FAIL), (-30, State.FAIL)],
)
async def test_two_clocks_that_do_not_agree_are_told(home: Home, seconds: float, state: State) -> None:
    seen = await found("clock", home.settings(), lambda: system_clock() + timedelta(seconds=seconds))
    assert seen.state is state
    if state is not State.OK:
        assert ("behind" if seconds > 0 else "ahead") in seen.what


async def test_a_database_of_our_own_is_asked_while_it_runs_and_else_told_how_it_would_start() -> None:
    with tempfile.TemporaryDirectory(prefix="cairn-test-") as folder:
        of = Settings(state_dir=folder, secret=SECRET)
        async with embedded.server(Path(folder) / "postgres", durable=False) as server:
            await run_sql(server.dsn(), "CREATE DATABASE cairn")
            assert (await found("migrations", of)).state is State.FAIL
            await migrate.migrate(server.dsn("cairn"))
            for name in ("database", "app's role", "migrations", "clock"):
                assert (await found(name, of)).state is State.OK
            assert "running" in (await found("database", of)).what

        seen = await found("database", of)
        assert (seen.state, f"starts PostgreSQL {server.version}" in seen.what) == (State.OK, True)
        assert (await found("migrations", of)).state is State.OK

        (server.home / "data" / "PG_VERSION").write_text("9\n")
        seen = await found("database", of)
        assert (seen.state, "made by PostgreSQL 9" in (seen.advice or "")) == (State.FAIL, True)


# Pushes


def _file(folder: Path, account: object) -> str:
    path = folder / "account.json"
    path.write_text(json.dumps(account))
    return str(path)


async def test_without_credentials_a_demo_has_its_inbox_and_elsewhere_no_phone_rings() -> None:
    assert (await found("push", settings(demo=True))).state is State.OK
    seen = await found("push", settings())
    assert (seen.state, "phones do not ring" in seen.what) == (State.WARN, True)


def another_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    written = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return written.decode()


async def test_a_service_account_is_good_when_its_token_server_says_so(tmp_path: Path) -> None:
    async with local_fcm.serve() as fcm:
        good = fcm.service_account
        seen = await found("push", settings(google_application_credentials=_file(tmp_path, good)))
        assert (seen.state, "cairn-local" in seen.what) == (State.OK, True)

        withdrawn = {**good, "private_key": another_key()}
        seen = await found("push", settings(google_application_credentials=_file(tmp_path, withdrawn)))
        assert (seen.state, "(invalid_grant)" in seen.what) == (State.FAIL, True)

        for text in (another_key()[:300] + "canary", "canary"):
            spoilt = {**good, "private_key": text}
            seen = await found("push", settings(google_application_credentials=_file(tmp_path, spoilt)))
            assert (seen.state, "not a key" in seen.what) == (State.FAIL, True)
            assert "canary" not in f"{seen}"

    seen = await found("push", settings(google_application_credentials=_file(tmp_path, good)))
    assert (seen.state, "could not be asked" in seen.what) == (State.FAIL, True)


@pytest.mark.parametrize("content", [{}, [], "canary", {"client_email": "c", "private_key": "k", "token_uri": "u"}])
async def test_a_file_that_is_no_service_accounts_fails(tmp_path: Path, content: object) -> None:
    seen = await found("push", settings(google_application_credentials=_file(tmp_path, content)))
    assert (seen.state, "GOOGLE_APPLICATION_CREDENTIALS" in (seen.advice or "")) == (State.FAIL, True)


async def test_a_file_that_is_not_there_fails(tmp_path: Path) -> None:
    seen = await found("push", settings(google_application_credentials=str(tmp_path / "none")))
    assert seen.state is State.FAIL


async def test_a_token_server_that_never_answers_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visit, "SECONDS", 1.0)
    async with local_fcm.serve() as fcm, silence() as port:
        account = {**fcm.service_account, "token_uri": f"http://127.0.0.1:{port}/token"}
        seen = await found("push", settings(google_application_credentials=_file(tmp_path, account)))
    assert seen.state is State.FAIL


# Visits


async def test_without_turn_it_is_told_what_that_means() -> None:
    seen = await found("TURN", settings())
    assert (seen.state, "directly" in seen.what) == (State.WARN, True)


def turn(url: str, secret: str | None = coturn.SECRET) -> Settings:
    return settings(turn_urls=(url,), turn_secret=secret)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_turn_is_well_when_it_relays_for_us_and_401_when_the_secret_is_another(transport: str) -> None:
    async with coturn.coturn() as port:
        url = f"turn:127.0.0.1:{port}?transport={transport}"
        assert (await found("TURN", turn(url))).state is State.OK

        seen = await found("TURN", turn(url, "not what coturn was told"))
        assert (seen.state, "(401)" in seen.what) == (State.FAIL, True)
        assert "not what coturn was told" not in f"{seen}"

        seen = await found("TURN", turn(url), lambda: system_clock() - timedelta(hours=1))
        assert (seen.state, "clocks" in (seen.advice or "")) == (State.FAIL, True)


async def test_a_turn_port_without_tls_is_told_where_tls_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn_client, "PATIENCE", (0.2, 0.2))
    async with coturn.coturn() as port:
        seen = await found("TURN", turn(f"turns:127.0.0.1:{port}"))
    assert (seen.state, "no answer over TLS" in seen.what) == (State.FAIL, True)


async def test_turn_without_its_secret_fails() -> None:
    assert "no secret" in (await found("TURN", turn("turn:127.0.0.1:1", None))).what


async def no_answer() -> tuple[str, str]:
    return f"turn:127.0.0.1:{free_port()}?transport=tcp", "no answer over TCP"


async def no_such_name() -> tuple[str, str]:
    return "turn:turn.invalid:3478", "nobody knows the name turn.invalid"


async def not_turn_over_udp() -> tuple[str, str]:
    return "turns:127.0.0.1:5349?transport=udp", "does not speak TURN"


@pytest.mark.parametrize("case", [no_answer, no_such_name, not_turn_over_udp], ids=lambda case: case.__name__)
async def test_a_turn_server_that_is_not_there_fails(case: Callable[[], Awaitable[tuple[str, str]]]) -> None:
    url, word = await case()
    seen = await found("TURN", turn(url))
    assert (seen.state, word in seen.what) == (State.FAIL, True)


async def test_something_else_that_answers_is_not_taken_for_turn() -> None:
    async with babble() as port:
        seen = await found("TURN", turn(f"turn:127.0.0.1:{port}?transport=tcp"))
    assert (seen.state, "does not speak TURN" in seen.what) == (State.FAIL, True)


async def test_a_turn_port_that_swallows_everything_is_given_up_in_time() -> None:
    with socket(type=SOCK_DGRAM) as hole:
        hole.bind(("127.0.0.1", 0))
        seen = await found("TURN", turn(f"turn:127.0.0.1:{hole.getsockname()[1]}"))
    assert (seen.state, "no answer over UDP" in seen.what) == (State.FAIL, True)


def _signaling(of: Settings) -> Any:
    """A signaling process of its own with these settings."""
    return create_signaling(stack.signaling_config(stack.site_of(of, of.secret or "")))


async def test_signaling_is_well_when_it_lets_in_whom_we_send() -> None:
    beside = settings(public_url="http://localhost:8000")
    assert (await found("signaling", beside)).state is State.OK

    async with serving(_signaling(beside)) as server:
        of = msgspec.structs.replace(beside, signaling_url=server.url)
        assert (await found("signaling", of)).state is State.OK

        other = msgspec.structs.replace(of, secret=SECRET + " of another process")
        assert "does not take our tickets" in (await found("signaling", other)).what

        elsewhere = msgspec.structs.replace(of, public_url="http://127.0.0.1:9999")
        assert "does not let our page in" in (await found("signaling", elsewhere)).what

        for wrong, word in (
            (server.url.removesuffix("/signaling"), "no signaling there (403)"),
            ("ws://127.0.0.1:1/", "does not answer"),
        ):
            seen = await found("signaling", msgspec.structs.replace(of, signaling_url=wrong))
            assert (seen.state, word in seen.what) == (State.FAIL, True)


async def test_a_page_of_https_may_open_a_safe_socket_only() -> None:
    seen = await found("signaling", settings(signaling_url="ws://care.example.org/v1/signaling"))
    assert (seen.state, "not wss" in seen.what) == (State.FAIL, True)


@pytest.mark.parametrize(
    ("url", "state"),
    [
        (None, State.OK),
        ("https://care.example.org", State.OK),
        ("http://care.example.org", State.WARN),
        ("https://10.0.0.7", State.WARN),
    ],
)
async def test_passkeys_need_a_name_and_tls(url: str | None, state: State) -> None:
    assert (await found("passkeys", settings(public_url=url))).state is state


async def test_a_provider_is_asked_for_what_it_says_of_itself_and_for_its_keys() -> None:
    assert (await found("OpenID", settings())).state is State.OK
    async with lying() as liar:
        there = settings(oidc_issuer=liar.issuer, oidc_client_id="cairn", oidc_client_secret="s", oidc_name="Harbor")
        assert (await found("OpenID", there)).what == "Harbor can be used."
        liar.keys = []
        assert "What it gives for its keys are none." in (await found("OpenID", there)).what
        liar.document["issuer"] = "https://evil.example"
        seen = await found("OpenID", there)
        assert (seen.state, "names another issuer" in seen.what) == (State.FAIL, True)
        liar.document = {}
        assert "is not one of OpenID Connect" in (await found("OpenID", there)).what
    assert "does not answer" in (await found("OpenID", there)).what
    without = settings(oidc_issuer="https://id.invalid", oidc_client_id="cairn")
    assert (await found("OpenID", without)).state is State.FAIL
