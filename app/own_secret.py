"""The one secret of a machine that was given none: made once, kept in a file that only its user can read."""

import os
import secrets
from pathlib import Path


def kept(path: Path) -> str:
    """The secret in that file; at the first start it is made there."""
    try:
        return _create(path)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()


def _create(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    secret = secrets.token_urlsafe(48)
    half = path.with_name(f"{path.name}.{os.getpid()}")
    with open(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:  # noqa: PTH123
        file.write(secret + "\n")
    try:
        os.link(half, path)  # fails where another start was first, and its secret is the one
    finally:
        half.unlink()
    return secret
