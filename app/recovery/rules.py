"""What a recovery code is, and what is refused."""

import hmac
from uuid import UUID

from app import spoken
from app.errors import Refusal

HOW_MANY = 10
LETTERS = 10


class RecoveryRefused(Refusal):
    """This is none of your recovery codes, or it has been used."""

    status = 403


def new(key: bytes, seed: bytes) -> list[str]:
    """Ten codes of fifty bits each, from a seed that is then forgotten."""
    return [spoken.letters(key, f"recovery {n}", seed, count=LETTERS) for n in range(HOW_MANY)]


def kept(key: bytes, person_id: UUID, code: str) -> bytes:
    """What is kept of a code, which says nothing without the key and fits nobody else."""
    return hmac.digest(key, b"recovery code\0" + person_id.bytes + spoken.heard(code).encode(), "sha256")
