"""Real mail servers on loopback: with certificates, users and bad days."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from notifications.mail import Security, Server

USER, PASSWORD = "cairn", "pass@word:of 1"


class Authority:
    """Somebody who signs certificates, and whom a client may trust or not."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "an authority")])
        made = _certificate(self._name, self._name, self._key, self._key.public_key(), ca=True)
        self._root = made.public_bytes(serialization.Encoding.PEM).decode()

    def trusted(self) -> ssl.SSLContext:
        """What a client holds certificates against that knows this authority."""
        return ssl.create_default_context(cadata=self._root)

    def for_server(self, host: str = "127.0.0.1") -> ssl.SSLContext:
        """What a server of that name shows."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
        shown = _certificate(name, self._name, self._key, key.public_key(), host=host)
        place = self._folder / f"{host}.pem"
        place.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + shown.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(place)
        return context


def _certificate(
    of: x509.Name, by: x509.Name, signs: ec.EllipticCurvePrivateKey, key: Any, *, host: str = "", ca: bool = False
) -> x509.Certificate:
    now = datetime.now(UTC)  # noqa: TID251 - TLS is held against the machine's own clock
    made = (
        x509.CertificateBuilder()
        .subject_name(of)
        .issuer_name(by)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signs.public_key()), critical=False)
    )
    if ca:
        usage = dict.fromkeys(
            ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "encipher_only", "decipher_only"), False,
        )  # fmt: skip
        made = made.add_extension(x509.KeyUsage(**usage, key_cert_sign=True, crl_sign=True), critical=True)
    if host:
        address: Any = x509.IPAddress(ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
        made = made.add_extension(x509.SubjectAlternativeName([address]), critical=False)
    return made.sign(signs, hashes.SHA256())


class PostOffice:
    """What came in, and what the next ones are answered: a line for a recipient, or for what was written."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.refusing: list[str] = []
        self.refusing_words: list[str] = []
        self.greeted_as: list[str] = []
        self.encrypted: list[bool] = []
        self.knocks = 0

    async def handle_EHLO(self, _server: Any, session: Any, _envelope: Any, name: str, answers: list[str]) -> list[str]:  # noqa: N802
        self.greeted_as.append(name)
        session.host_name = name
        return answers

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        self.knocks += 1
        if self.refusing:
            return self.refusing.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.refusing_words:
            return self.refusing_words.pop(0)
        self.encrypted.append(session.ssl is not None)
        self.letters.append(message_from_bytes(envelope.original_content, policy=policy.default))
        return "250 OK"

    def admits(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
        """Whether user and password are right."""
        right = isinstance(given, LoginPassword) and (given.login, given.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(
            success=right, handled=right, message=None if right else "535 5.7.8 not you, maya@example.org"
        )


@asynccontextmanager
async def open_office(
    security: Security = "none", context: ssl.SSLContext | None = None, *, login: bool = False, user: str = USER
) -> AsyncIterator[tuple[PostOffice, Server]]:
    """A mail server, and where it is."""
    office, loop = PostOffice(), asyncio.get_running_loop()
    options: dict[str, Any] = {"loop": loop, "hostname": "post.test"}
    if security == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    if login:
        options |= {"authenticator": office.admits, "auth_required": True, "auth_require_tls": security == "starttls"}
    encrypted = context if security == "tls" else None
    listening = await loop.create_server(lambda: SMTP(office, **options), "127.0.0.1", 0, ssl=encrypted)
    try:
        port = listening.sockets[0].getsockname()[1]
        yield office, Server("127.0.0.1", port, security, user if login else None, PASSWORD if login else None)
    finally:
        listening.close()
