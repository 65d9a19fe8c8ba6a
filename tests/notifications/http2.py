"""A server on loopback that speaks HTTP/2 over TLS, as Google's does, and answers as a test wants it to."""

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, StreamEnded

Answer = tuple[int, bytes] | None
Answering = Callable[[int], Answer]
"""From the number of a connection to a status and a body; None keeps silent."""


def always(status: int, body: bytes) -> Answering:
    return lambda _: (status, body)


def silent_on_first_connection(body: bytes) -> Answering:
    return lambda connection: None if connection == 1 else (200, body)


class Server:
    def __init__(self, answering: Answering, certificate: Path) -> None:
        self.answering, self.certificate = answering, certificate
        self.url = ""
        self.connections = self.requests = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        spoken = H2Connection(H2Configuration(client_side=False))
        spoken.initiate_connection()
        try:
            while True:
                writer.write(spoken.data_to_send())
                await writer.drain()
                received = await reader.read(65536)
                if not received:
                    return
                self._listen(spoken, received, number)
        except (ConnectionError, ssl.SSLError):
            return
        finally:
            writer.close()

    def _listen(self, spoken: H2Connection, received: bytes, number: int) -> None:
        for event in spoken.receive_data(received):
            match event:
                case DataReceived():
                    spoken.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                case StreamEnded():
                    self._answer(spoken, event.stream_id, self.answering(number))

    def _answer(self, spoken: H2Connection, stream: int, answer: Answer) -> None:
        self.requests += 1
        if answer is not None:
            status, body = answer
            spoken.send_headers(stream, [(":status", str(status)), ("content-type", "application/json")])
            spoken.send_data(stream, body, end_stream=True)


@asynccontextmanager
async def serve(folder: Path, answering: Answering) -> AsyncIterator[Server]:
    certificate = _certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.set_alpn_protocols(["h2"])
    server = Server(answering, certificate)
    async with await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=context) as listening:
        server.url = f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        yield server


def _certificate(folder: Path) -> Path:
    """A key and a certificate for 127.0.0.1, good for an hour."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)  # noqa: TID251 - what TLS compares it with
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return pem
