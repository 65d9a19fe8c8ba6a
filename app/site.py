"""What the handlers may know of how this server was set up."""

from functools import partial
from secrets import token_bytes
from urllib.parse import urlsplit

from msgspec import Struct, field

_USUAL_PORT = {"http": ":80", "https": ":443"}


def is_local(url: str) -> bool:
    """Whether an address is one of this very machine."""
    return urlsplit(url).hostname in {"127.0.0.1", "localhost", "::1"}


class OpenId(Struct, frozen=True):
    """The provider that staff may sign in with, and who we are to it; without a secret PKCE alone shows that."""

    issuer: str
    client_id: str
    secret: str | None = None
    name: str = "OpenID"
    acr: str | None = None
    by_mail: bool = False

    @property
    def is_local(self) -> bool:
        """Whether it runs on this very machine, for a test or a trial: then it needs no TLS."""
        return is_local(self.issuer)

    def __repr__(self) -> str:
        """The issuer only: the secret is one."""
        return f"OpenId(issuer={self.issuer!r})"


class Site(Struct, frozen=True):
    """Fixed for the life of a process."""

    ticket_key: bytes
    code_key: bytes = field(default_factory=partial(token_bytes, 32))
    demo: bool = False
    public_url: str = "http://127.0.0.1:8000"
    signaling_url: str | None = None
    turn_urls: tuple[str, ...] = ()
    turn_secret: bytes | None = None
    metrics_token: str | None = None
    inbox_url: str | None = None
    openid: OpenId | None = None
    trusted_proxies: tuple[str, ...] = ()

    @property
    def origin(self) -> str:
        """What a browser calls our page's origin: in small letters, and without the port that its scheme has anyway."""
        address = urlsplit(self.public_url.lower())
        return f"{address.scheme}://{address.netloc.removesuffix(_USUAL_PORT.get(address.scheme, ' '))}"

    @property
    def socket(self) -> str:
        """Where a visit's socket is opened: beside the API, unless signaling runs apart."""
        return self.signaling_url or self.public_url.replace("http", "ws", 1) + "/v1/signaling"
