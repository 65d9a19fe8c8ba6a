"""Keys for one purpose each, from the one secret that an operator keeps."""

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def derive(secret: str, purpose: str) -> bytes:
    """32 bytes for one purpose (HKDF-SHA256, RFC 5869); knowing one says nothing of another."""
    return HKDF(SHA256(), 32, salt=None, info=f"cairn {purpose}".encode()).derive(secret.encode())


def app_password(secret: str) -> str:
    """The password of the database role that the app connects as."""
    return derive(secret, "database app role").hex()
