"""Every environment variable that Cairn reads, as one Struct; nothing else reads the environment."""

import difflib
import re
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct, inspect
from msgspec.structs import FieldInfo

PREFIX = "CAIRN_"

Port = Annotated[int, Meta(ge=0, le=65535)]
Text = Annotated[str, Meta(min_length=1, max_length=4096)]


def setting(meaning: str, *, secret: bool = False) -> Meta:
    """What a setting means, for `app config`, and whether its value is ever shown."""
    return Meta(description=meaning, extra={"secret": secret})


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an operator can set; the name in the environment is CAIRN_ and the field's in capitals.

    A value may also come from a file: CAIRN_SECRET_FILE names the file that holds CAIRN_SECRET.
    """

    demo: Annotated[
        bool | None,
        setting("Serve demo people and data. Unset: yes without database, public address and push credentials."),
    ] = None
    host: Annotated[Text, setting("The address to listen on.")] = "127.0.0.1"
    port: Annotated[Port, setting("The port to listen on.")] = 8000
    public_url: Annotated[Text | None, setting("Where people reach this server, for links and origins.")] = None
    state_dir: Annotated[Text, setting("Where the embedded database and generated secrets lie.")] = ".cairn"
    secret: Annotated[
        Annotated[str, Meta(min_length=32, max_length=4096)] | None,
        setting("At least 32 characters; tickets and derived passwords come from it.", secret=True),
    ] = None
    key_dir: Annotated[
        Text | None,
        setting(
            "Where the keys lie that seal text, apart from the database and its backups. Unset: CAIRN_STATE_DIR/keys."
        ),
    ] = None
    key_manager_url: Annotated[
        Text | None, setting("An OpenBao or Vault server whose transit engine keeps the key ring.")
    ] = None
    key_manager_key: Annotated[
        Text,
        setting("The name of the key there; the same with -index beside it is for blind indexes."),
    ] = "cairn"
    key_manager_token: Annotated[
        Text | None, setting("A token that may encrypt, decrypt and hmac with these keys.", secret=True)
    ] = None
    database_url: Annotated[Text | None, setting("The PostgreSQL database that the app works in.", secret=True)] = None
    database_owner_url: Annotated[
        Text | None,
        setting("The same database as the role that owns the schema and migrates it.", secret=True),
    ] = None
    database_pool: Annotated[int, Meta(ge=1, le=64), setting("How many connections a process keeps.")] = 8
    signaling_url: Annotated[Text | None, setting("The wss:// address of a signaling process that runs apart.")] = None
    turn_urls: Annotated[
        tuple[str, ...], setting("TURN addresses, separated by commas, such as turn:turn.example.org:3478.")
    ] = ()
    turn_secret: Annotated[Text | None, setting("The secret shared with coturn (static-auth-secret).", secret=True)] = (
        None
    )
    push_endpoint: Annotated[
        Text | None, setting("An FCM HTTP v1 server other than Google's, for a test or a demo.")
    ] = None
    google_application_credentials: Annotated[
        Text | None, setting("The service account file with which pushes go to Google.")
    ] = None
    oidc_issuer: Annotated[Text | None, setting("The OpenID provider that staff may sign in with.")] = None
    oidc_client_id: Annotated[Text | None, setting("What the provider calls this server.")] = None
    oidc_client_secret: Annotated[
        Text | None, setting("The secret that goes with it; without one, PKCE alone.", secret=True)
    ] = None
    oidc_name: Annotated[
        Annotated[str, Meta(min_length=1, max_length=60)], setting("What the button says that leads there.")
    ] = "OpenID"
    oidc_acr: Annotated[
        Text | None, setting("What the provider has to say of how somebody signed in (acr); unset: anything.")
    ] = None
    oidc_link_by_mail: Annotated[
        bool, setting("Connect staff at their first sign-in by an address that both the provider and we have verified.")
    ] = False
    smtp_url: Annotated[
        Text | None, setting("The mail server that codes and links are handed to, with its user.", secret=True)
    ] = None
    mail_from: Annotated[Text | None, setting("Whom mail comes from; a name that says nothing of care.")] = None
    sms_url: Annotated[Text | None, setting("An HTTPS address that sends text messages on.", secret=True)] = None
    sms_token: Annotated[
        Annotated[str, Meta(min_length=1, max_length=4096, pattern="^[!-~]+$")] | None,
        setting("What that address is sent as a bearer token.", secret=True),
    ] = None
    metrics_token: Annotated[
        Annotated[str, Meta(min_length=20, max_length=4096)] | None,
        setting(
            "What a scraper sends as a bearer token to read /metrics; without it /metrics is not there.", secret=True
        ),
    ] = None
    trusted_proxies: Annotated[
        tuple[str, ...],
        setting("Proxies in front whose X-Forwarded-For is believed: addresses or networks, separated by commas."),
    ] = ()
    anchor_key: Annotated[
        Text | None,
        setting("The Ed25519 key, PEM, that signs the audit's anchors; the same for every worker.", secret=True),
    ] = None
    anchor_log: Annotated[
        Text | None, setting("The file outside the database that anchors are added to; else in the state folder.")
    ] = None
    log_level: Annotated[Literal["debug", "info", "warning", "error"], setting("How much is logged.")] = "info"

    @property
    def database(self) -> str | None:
        """The one address of a database that every duty can begin with, the app's own first; None where none is set."""
        return self.database_url or self.database_owner_url

    def __repr__(self) -> str:
        """No value: some are secret."""
        return "Settings(…)"


# Whole addresses, so that no part of a password is ever taken for a host or a path and shown as one.
_POSTGRES = (
    r"postgres(ql)?://[^\s/?#]*(/[^\s/?#@]*)?(\?[^\s#@]*)?",
    "postgresql://user:password@host:5432/name, where a password has %2F for /, %3F for ?, %23 for # and %40 for @",
)
_HOST = r"(\[[^\[\]]*\]|[^:\[\]]*)(:(?P<port>\d{1,5}))?"
_WEB = (r"https?://[^\s/?#@]+(/[^\s?#]*)?", "an address such as https://care.example.org")
_SHAPES = {
    "database_url": _POSTGRES,
    "database_owner_url": _POSTGRES,
    "public_url": _WEB,
    "push_endpoint": _WEB,
    "key_manager_url": _WEB,
    "key_manager_key": (r"[A-Za-z0-9_-]{1,100}", "a name of letters, digits, - and _"),
    "oidc_issuer": (
        r"(https://[^\s/?#@]+|http://(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?)(/[^\s?#]*)?",
        "the issuer's https address, letter by letter as its discovery document says it",
    ),
    "smtp_url": (
        r"smtps?://([^\s/?#:@]+:[^\s/?#:@]*@)?(\[[0-9a-fA-F:.]+\]|[^\s:/?#\[\]@]+)(:\d{1,5})?/?",
        "smtps://user:password@host:465 or smtp://user:password@host:587, where a password has %40 for @ and %3A for :",
    ),
    "mail_from": (
        r"([^<>@\x00-\x1f]{1,60} <[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)",
        "an address such as Notices <notices@example.org>",
    ),
    "sms_url": (r"https://[^\s/?#@]+(/[^\s#]*)?", "an https address without a user"),
    "signaling_url": (r"wss?://[^\s/?#@]+(/[^\s?#]*)?", "an address such as wss://care.example.org/v1/signaling"),
    "trusted_proxies": (
        r"[0-9a-fA-F.:]+(/\d{1,3})?",
        "addresses or networks such as 10.0.0.7 or 10.0.0.0/24, separated by commas",
    ),
    "turn_urls": (
        r"turns?:(\[[0-9a-fA-F:.]+\]|[^\s:?\[\]@/]+)(:\d{1,5})?(\?transport=(udp|tcp))?",
        "addresses such as turn:turn.example.org:3478?transport=udp, separated by commas",
    ),
}


class BadSettings(Exception):
    """A setting cannot be used; the message names it and what it should be, never its value."""


def read(environ: Mapping[str, str]) -> Settings:
    """Settings from the environment and from the files it names; raises `BadSettings` at the first mistake."""
    settings, mistakes = examined(environ)
    if mistakes:
        raise BadSettings(next(iter(mistakes.values())))
    return settings


def examined(environ: Mapping[str, str]) -> tuple[Settings, dict[str, str]]:
    """Settings as far as they can be used, and by its name a sentence for each variable that cannot be."""
    mistakes = {
        name: _unknown(name) for name in sorted(environ) if name.startswith(PREFIX) and stem(name) not in _NAMES
    }
    values = dict[str, Any]()
    for name, field in _NAMES.items():
        try:
            if text := _text(environ, name):
                values[field.name] = _parsed(name, field, text)
        except BadSettings as mistake:
            mistakes[name] = str(mistake)
    settings = Settings(**values)
    if settings.turn_urls and not settings.turn_secret:
        needed = "CAIRN_TURN_URLS needs CAIRN_TURN_SECRET, the secret that is shared with coturn."
        mistakes.setdefault("CAIRN_TURN_SECRET", needed)
    if (settings.oidc_issuer is None) != (settings.oidc_client_id is None):
        given, lacking = ("ISSUER", "CLIENT_ID") if settings.oidc_issuer else ("CLIENT_ID", "ISSUER")
        mistakes.setdefault(f"CAIRN_OIDC_{lacking}", f"CAIRN_OIDC_{given} needs CAIRN_OIDC_{lacking} beside it.")
    if settings.smtp_url and not settings.mail_from:
        mistakes.setdefault("CAIRN_MAIL_FROM", "CAIRN_SMTP_URL needs CAIRN_MAIL_FROM, whom mail comes from.")
    return settings, mistakes


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(stem(name), _NAMES, 1)
    meant = f"; is {near[0]} meant?" if near else ". `python3 -m app config` lists them."
    return f"{name} is not a setting of Cairn{meant}"


def environment_name(field: str) -> str:
    """The variable that sets a field; Google's own name is kept for its credentials."""
    return "GOOGLE_APPLICATION_CREDENTIALS" if field == "google_application_credentials" else PREFIX + field.upper()


def stem(name: str) -> str:
    """CAIRN_SECRET for CAIRN_SECRET_FILE as well."""
    return name.removesuffix("_FILE")


def _text(environ: Mapping[str, str], name: str) -> str:
    path = environ.get(f"{name}_FILE")
    if not path:
        return environ.get(name, "").strip()
    try:
        text = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(f"{name}_FILE names a file that cannot be read.") from error
    if not text:
        raise BadSettings(f"{name}_FILE names a file in which there is nothing.")
    return text


def _parsed(name: str, field: FieldInfo, text: str) -> Any:
    """The value, or a sentence that says what is expected."""
    several = field.name in ("turn_urls", "trusted_proxies")
    given = tuple(part.strip() for part in text.split(",") if part.strip()) if several else text
    shape, meaning = _SHAPES.get(field.name, (None, ""))
    try:
        value = msgspec.convert(given, field.type, strict=False)
    except msgspec.ValidationError:
        raise BadSettings(f"{name}: Expected {meaning or _expected(inspect.type_info(field.type))}.") from None
    if shape and not all(re.fullmatch(shape, one) for one in (value if several else (value,))):
        raise BadSettings(f"{name}: Expected {meaning}.")
    if field.name in ("database_url", "database_owner_url", "smtp_url"):
        _check_port(name, value)
    if field.name == "trusted_proxies":
        _check_networks(name, value)
    return value


def _expected(kind: inspect.Type) -> str:
    """What a value may be, in words."""
    match kind:
        case inspect.Metadata(type=inner):
            return _expected(inner)
        case inspect.UnionType(types=kinds):
            return _expected(next(one for one in kinds if not isinstance(one, inspect.NoneType)))
        case inspect.IntType(ge=low, le=high):
            return f"a whole number from {low} to {high}"
        case inspect.StrType(min_length=low, max_length=high):
            return f"{low} to {high} characters"
        case inspect.LiteralType(values=words):
            return f"{', '.join(map(str, words[:-1]))} or {words[-1]}"
        case _:
            return "true or false"


def _check_port(name: str, address: str) -> None:
    """The shape above cannot tell a host's port from what stands before it; several hosts are separated by commas."""
    hosts = address.split("/")[2].rpartition("@")[2].split(",")
    if not all((host := re.fullmatch(_HOST, one)) and int(host["port"] or 0) <= 65535 for one in hosts):
        raise BadSettings(f"{name}: Expected a number from 0 to 65535 as the port.")


def _check_networks(name: str, networks: tuple[str, ...]) -> None:
    try:
        for one in networks:
            ip_network(one, strict=False)
    except ValueError:
        raise BadSettings(f"{name}: Expected {_SHAPES['trusted_proxies'][1]}.") from None


def described(environ: Mapping[str, str]) -> str:
    """Every setting with its meaning, value, source and what is wrong with it; a secret shows only that it is set."""
    settings, mistakes = examined(environ)
    blocks = [f"! {mistakes[name]}\n" for name in mistakes if name not in _NAMES]
    for name, field in _NAMES.items():
        shown = "(cannot be used)" if name in mistakes else _shown(field, getattr(settings, field.name))
        given = environ.get(name, "").strip()
        source = f"{name}_FILE" if environ.get(f"{name}_FILE") else "environment" if given else "default"
        blocks.append(f"{name} = {shown}  [{source}]\n    {_meta(field.type).description}")
        blocks += [f"  ! {mistakes[name]}"] if name in mistakes else []
    return "\n".join(blocks)


def _shown(field: FieldInfo, value: Any) -> str:
    secret = (_meta(field.type).extra or {})["secret"]
    return "(set, hidden)" if secret and value else msgspec.json.encode(value).decode()


def _meta(annotation: Any) -> Meta:
    """The note beside a setting, which is the outermost one."""
    return next(m for m in reversed(annotation.__metadata__) if isinstance(m, Meta) and m.extra)


_NAMES = {environment_name(field.name): field for field in msgspec.structs.fields(Settings)}
