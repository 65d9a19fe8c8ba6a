"""Settings: each is explained, a wrong one is named and never quoted, a secret is never shown."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from app import own_secret, settings, stack
from app.settings import BadSettings, Settings, described, environment_name, read
from app.site import OpenId

ROOT = Path(__file__).parents[2]
CANARY = "canary-value"
FIELDS = msgspec.structs.fields(Settings)
SECRETS = {
    "key_manager_token",
    "oidc_client_secret",
    "secret",
    "database_url",
    "database_owner_url",
    "anchor_key",
    "turn_secret",
    "smtp_url",
    "sms_url",
    "sms_token",
    "metrics_token",
}


def test_nothing_set_is_a_server_for_this_machine_alone() -> None:
    found = read({"PATH": "/bin", "HOME": "/"})
    assert found == Settings()
    assert (found.host, found.port, found.demo, found.database_url) == ("127.0.0.1", 8000, None, None)
    assert (found.turn_urls, found.log_level, found.state_dir) == ((), "info", ".cairn")


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_every_setting_says_what_it_means(field: msgspec.structs.FieldInfo) -> None:
    meta = settings._meta(field.type)
    assert meta.description is not None
    assert meta.description.endswith(".")
    assert len(meta.description.split()) >= 4
    assert meta.extra == {"secret": field.name in SECRETS}


@pytest.mark.parametrize(
    "name", ["CAIRN_DATABSE_URL", "CAIRN_", "CAIRN_GOOGLE_APPLICATION_CREDENTIALS", "CAIRN_NONE_FILE"]
)
def test_a_variable_that_nobody_reads_is_refused_by_its_name(name: str) -> None:
    with pytest.raises(BadSettings, match=rf"^{name} is not a setting") as refused:
        read({name: CANARY})
    assert CANARY not in str(refused.value)


LONG = "canary-value " * 1000
WRONG = {
    "demo": CANARY,
    "host": LONG,
    "port": CANARY,
    "public_url": f"ftp://{CANARY}",
    "state_dir": LONG,
    "secret": CANARY,
    "key_dir": LONG,
    "key_manager_url": f"ftp://{CANARY}",
    "key_manager_key": f"{CANARY}/../sys",
    "key_manager_token": LONG,
    "database_url": f"mysql://u:{CANARY}@host/db",
    "database_owner_url": f"postgresql://u:{CANARY}/2@host/db",
    "database_pool": CANARY,
    "signaling_url": f"https://{CANARY}",
    "turn_urls": f"stun:{CANARY}",
    "turn_secret": LONG,
    "push_endpoint": CANARY,
    "google_application_credentials": LONG,
    "oidc_issuer": f"http://{CANARY}.example.org",
    "oidc_client_id": LONG,
    "oidc_client_secret": LONG,
    "oidc_name": LONG,
    "oidc_acr": LONG,
    "oidc_link_by_mail": CANARY,
    "smtp_url": f"smtp://u:{CANARY}@@host",
    "mail_from": CANARY,
    "sms_url": f"http://{CANARY}",
    "sms_token": f"{CANARY} and more",
    "anchor_key": LONG,
    "anchor_log": LONG,
    "metrics_token": CANARY,
    "trusted_proxies": CANARY,
    "log_level": CANARY,
}


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_a_value_that_cannot_be_used_is_named_and_not_shown(field: msgspec.structs.FieldInfo) -> None:
    name = environment_name(field.name)
    with pytest.raises(BadSettings, match=rf"^{name}: Expected ") as refused:
        read({name: WRONG[field.name]})
    assert "canary" not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    ("name", "value"), [("CAIRN_PORT", "65536"), ("CAIRN_PORT", "-1"), ("CAIRN_DATABASE_POOL", "0")]
)
def test_a_number_out_of_range_is_refused(name: str, value: str) -> None:
    with pytest.raises(BadSettings, match=rf"^{name}: Expected a whole number from \d to \d+\.$"):
        read({name: value})


@pytest.mark.parametrize("host", ["host:canary", "canary@host:70000", "host:5432,host:canary", "[::1]:canary", "[::1"])
def test_a_port_that_is_no_number_is_refused(host: str) -> None:
    with pytest.raises(BadSettings, match=r"^CAIRN_DATABASE_OWNER_URL: Expected a number .* port") as refused:
        read({"CAIRN_DATABASE_OWNER_URL": f"postgresql://{host}/cairn"})
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("CAIRN_DEMO", "yes", "Expected true or false."),
        ("CAIRN_LOG_LEVEL", "loud", "Expected debug, error, info or warning."),
        ("CAIRN_SECRET", "short", "Expected 32 to 4096 characters."),
        ("CAIRN_HOST", LONG, "Expected 1 to 4096 characters."),
        (
            "CAIRN_TRUSTED_PROXIES",
            "10.0.0.0/33",
            "Expected addresses or networks such as 10.0.0.7 or 10.0.0.0/24, separated by commas.",
        ),
    ],
)
def test_what_is_expected_is_told_in_words(name: str, value: str, told: str) -> None:
    with pytest.raises(BadSettings) as refused:
        read({name: value})
    assert str(refused.value) == f"{name}: {told}"


WITH_MISTAKES = {"CAIRN_PRT": CANARY, "CAIRN_PORT": CANARY, "CAIRN_SECRET": CANARY, "CAIRN_HOST": "127.0.0.2"}


def test_what_is_printed_marks_every_mistake_and_still_lists_everything() -> None:
    told = described(WITH_MISTAKES)

    assert told.startswith("! CAIRN_PRT is not a setting of Cairn; is CAIRN_PORT meant?\n")
    assert "CAIRN_PORT = (cannot be used)  [environment]" in told
    assert "  ! CAIRN_PORT: Expected a whole number from 0 to 65535." in told
    assert "  ! CAIRN_SECRET: Expected 32 to 4096 characters." in told
    assert 'CAIRN_HOST = "127.0.0.2"  [environment]' in told
    assert all(f"{environment_name(field.name)} = " in told for field in FIELDS)
    assert CANARY not in told


def run(*words: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "CAIRN_PORT": CANARY, "CAIRN_STATE_DIR": "/nowhere"}
    return subprocess.run(
        [sys.executable, "-m", "app", *words], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )


def test_mistakes_are_told_by_the_commands_that_are_there_for_it_and_do_not_stop_those_that_need_no_setting() -> None:
    listed, examined, access, up = run("config"), run("doctor", "--json"), run("access"), run("up")

    assert (listed.returncode, "! CAIRN_PORT: Expected" in listed.stdout) == (2, True)
    first = json.loads(examined.stdout)["checks"][0]
    assert (examined.returncode, first["name"], first["state"]) == (1, "settings", "fail")
    assert first["what"].startswith("CAIRN_PORT: Expected")
    assert (access.returncode, "/v1/me" in access.stdout) == (0, True)
    assert (up.returncode, up.stdout, up.stderr) == (2, "", f"{first['what']}\n")


@pytest.mark.parametrize("sign", ["/", "?", "#", "?x=@"])
def test_a_password_with_a_sign_that_would_cut_the_address_is_refused(sign: str) -> None:
    """Python would take what follows the sign for the name of the database, and we would show it."""
    with pytest.raises(BadSettings, match="%2F") as refused:
        read({"CAIRN_DATABASE_URL": f"postgresql://cairn_app:half{sign}canary@host/cairn"})
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CAIRN_DATABASE_URL", "postgresql://cairn_app:a%2Fb%40c@db.example.org:5432/cairn?sslmode=require"),
        ("CAIRN_DATABASE_URL", "postgres://user@/cairn?host=%2Frun%2Fpostgresql&port=5432"),
        ("CAIRN_DATABASE_URL", "postgresql://user@[::1]:5432/cairn"),
        ("CAIRN_DATABASE_URL", "postgresql://user:pa:ss@one:5432,two/cairn"),
        ("CAIRN_DATABASE_URL", "postgresql:///cairn"),
        ("CAIRN_PUBLIC_URL", "https://care.example.org:8443"),
        ("CAIRN_SIGNALING_URL", "wss://care.example.org/v1/signaling"),
        ("CAIRN_PUSH_ENDPOINT", "http://127.0.0.1:9099"),
    ],
)
def test_an_address_is_kept_as_it_was_written(name: str, value: str) -> None:
    assert getattr(read({name: value}), name.removeprefix("CAIRN_").lower()) == value


def test_a_provider_is_an_address_of_https_and_who_we_are_to_it() -> None:
    both = {"CAIRN_OIDC_ISSUER": "https://id.example.org/realms/harbor", "CAIRN_OIDC_CLIENT_ID": "cairn"}
    found = read(both | {"CAIRN_OIDC_NAME": "Harbor"})
    assert stack.openid_of(found) == OpenId("https://id.example.org/realms/harbor", "cairn", None, "Harbor")
    assert stack.openid_of(read({})) is None
    assert read(both | {"CAIRN_OIDC_ISSUER": "http://127.0.0.1:4000"}).oidc_issuer == "http://127.0.0.1:4000"
    for name, value in both.items():
        with pytest.raises(BadSettings, match=r"^CAIRN_OIDC_\w+ needs CAIRN_OIDC_\w+ beside it\.$"):
            read({name: value})


def test_turn_addresses_are_separated_by_commas_and_need_their_secret() -> None:
    urls = "turn:turn.example.org:3478, turns:[2001:db8::1]:5349?transport=tcp,"
    found = read({"CAIRN_TURN_URLS": urls, "CAIRN_TURN_SECRET": "shared"})
    assert found.turn_urls == ("turn:turn.example.org:3478", "turns:[2001:db8::1]:5349?transport=tcp")

    with pytest.raises(BadSettings, match="CAIRN_TURN_SECRET"):
        read({"CAIRN_TURN_URLS": urls})


@pytest.mark.parametrize(("text", "means"), [("true", True), ("false", False), ("1", True), ("0", False), ("", None)])
def test_demo_is_said_in_the_usual_words(text: str, means: bool | None) -> None:
    assert read({"CAIRN_DEMO": text}).demo is means


def test_a_value_may_lie_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s" * 40 + "\n")
    environ = {"CAIRN_SECRET_FILE": str(tmp_path / "secret")}

    found = read(environ)

    assert found.secret == "s" * 40
    assert "[CAIRN_SECRET_FILE]" in described(environ)


def test_an_empty_variable_is_one_that_is_not_set() -> None:
    environ = {
        "CAIRN_SECRET_FILE": "",
        "CAIRN_SECRET": " ",
        "CAIRN_TURN_URLS": "",
        "GOOGLE_APPLICATION_CREDENTIALS": "",
    }
    assert read(environ) == Settings()
    assert "environment" not in described(environ)


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_told_by_its_variable(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / CANARY
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadSettings, match=r"^CAIRN_SECRET_FILE names a file that cannot be read") as refused:
        read({"CAIRN_SECRET_FILE": str(path)})
    assert CANARY not in str(refused.value)


def test_a_file_with_nothing_in_it_is_not_taken_for_no_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(" \n")
    with pytest.raises(BadSettings, match="names a file in which there is nothing"):
        read({"CAIRN_SECRET_FILE": str(tmp_path / "secret")})


GIVEN = {
    "CAIRN_KEY_MANAGER_TOKEN": "canary-token",
    "CAIRN_SECRET": f"{CANARY}-of-at-least-32-characters",
    "CAIRN_DATABASE_URL": f"postgresql://cairn_app:{CANARY}@db.example.org/cairn",
    "CAIRN_DATABASE_OWNER_URL": f"postgresql://owner:{CANARY}@db.example.org/cairn",
    "CAIRN_TURN_URLS": "turn:turn.example.org",
    "CAIRN_TURN_SECRET": CANARY,
    "CAIRN_SMTP_URL": f"smtps://cairn:{CANARY}@mail.example.org",
    "CAIRN_MAIL_FROM": "Notices <notices@example.org>",
    "CAIRN_SMS_URL": f"https://texts.example.org/{CANARY}",
    "CAIRN_SMS_TOKEN": CANARY,
    "CAIRN_OIDC_CLIENT_SECRET": CANARY,
    "CAIRN_ANCHOR_KEY": CANARY,
    "CAIRN_METRICS_TOKEN": f"{CANARY}-of-20-characters",
    "CAIRN_PORT": "8080",
}


def test_what_is_printed_has_every_name_meaning_and_source_and_no_secret() -> None:
    told = described(GIVEN)

    for field in FIELDS:
        assert f"{environment_name(field.name)} = " in told
        assert f"    {settings._meta(field.type).description}" in told
    assert "CAIRN_PORT = 8080  [environment]" in told
    assert 'CAIRN_HOST = "127.0.0.1"  [default]' in told
    assert told.count("(set, hidden)") == len(SECRETS)
    assert CANARY not in told


def test_settings_that_end_up_in_a_message_show_nothing() -> None:
    assert CANARY not in repr(read(GIVEN))


def test_a_machine_that_was_given_no_secret_makes_one_and_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "state" / "secret"

    made = own_secret.kept(path)

    assert len(made) >= own_secret.SHORTEST
    assert own_secret.kept(path) == made
    assert path.stat().st_mode & 0o077 == 0
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("folder", ["/proc/cairn", "/etc/passwd", "/etc/passwd/state"])
def test_a_folder_that_cannot_keep_a_secret_is_named(folder: str) -> None:
    with pytest.raises(BadSettings, match=rf"^{folder} cannot be written .*CAIRN_STATE_DIR"):
        own_secret.kept(Path(folder) / "secret")


@pytest.mark.skipif(os.getuid() != 0, reason="only root makes what is somebody else's")
def test_what_root_makes_in_somebodys_folder_is_theirs(tmp_path: Path) -> None:
    shutil.chown(tmp_path, "nobody")

    own_secret.kept(tmp_path / "secret")

    assert (tmp_path / "secret").owner() == "nobody"


@pytest.mark.parametrize("content", [b"", b"canary\n", b"\xff" * 64])
def test_a_file_without_a_secret_in_it_is_never_used_as_one(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "secret").write_bytes(content)
    with pytest.raises(BadSettings, match="holds no secret") as refused:
        own_secret.kept(tmp_path / "secret")
    assert "canary" not in str(refused.value)
    assert (tmp_path / "secret").read_bytes() == content
