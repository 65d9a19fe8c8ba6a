"""Anchors: where the chains ended at an hour, signed with a key that the database does not have.

Pure but for the file: a record of one line each, which the rows of the database are held against.
"""

import fcntl
import os
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from msgspec import Struct

from app.trail.chain import Fault
from app.trail.models import Anchor, Head

EVERY = timedelta(hours=1)
_TAIL = 256 * 1024


class SignedHead(Struct, frozen=True):
    """A head as it is signed; the hash in hexadecimal."""

    shard: int
    seq: int
    hash: str


class Statement(Struct, frozen=True, omit_defaults=True):
    """What is signed. `public_key` stands in a statement that hands trust to another key: its own, in the first."""

    number: int
    at: datetime
    kind: Literal["heads", "key"]
    previous: str | None = None
    heads: tuple[SignedHead, ...] = ()
    public_key: str | None = None
    v: Literal[1] = 1


class Line(Struct, frozen=True):
    """An anchor as it is kept in the file: the signed text can be read as it stands."""

    key_id: str
    signed: str
    signature: bytes


class NoKey(Exception):
    """What is set as the anchor key is no Ed25519 private key in PEM."""


class OlderDatabase(Exception):
    """The anchor file knows anchors that the database does not have: the database was set back, or is another one."""

    def __init__(self) -> None:
        super().__init__(f"{type(self).__doc__} `python3 -m app audit verify` tells more.")


def new_key() -> str:
    """A private key as PEM."""
    made = Ed25519PrivateKey.generate()
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def read_key(pem: str) -> Ed25519PrivateKey:
    """The key in a PEM text; `NoKey` where it is none."""
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError):
        raise NoKey("The anchor key is no Ed25519 private key in PEM.") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise NoKey("The anchor key is a private key of another kind than Ed25519.")
    return key


def public_text(key: Ed25519PublicKey) -> str:
    """A public key in 64 characters, none of which a command could take for a flag."""
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def key_id(public: str) -> str:
    """A short name for a key: the beginning of its SHA-256."""
    return sha256(public.encode()).hexdigest()[:16]


def due(last: Anchor | None, now: datetime) -> bool:
    """Whether it is time: an hour after the last one."""
    return last is None or now >= last.at + EVERY


def signed(key: Ed25519PrivateKey, statement: Statement) -> Anchor:
    """The anchor over a statement."""
    text = msgspec.json.encode(statement)
    own = key_id(public_text(key.public_key()))
    return Anchor(statement.number, statement.at, statement.kind, own, text, key.sign(text))


def first(key: Ed25519PrivateKey, now: datetime) -> Anchor:
    """The key introduces itself: whoever checks holds it against the key that they were told."""
    return signed(key, Statement(1, now, "key", public_key=public_text(key.public_key())))


def over(key: Ed25519PrivateKey, last: Anchor, heads: Iterable[Head], now: datetime) -> Anchor:
    """The next anchor over where the chains end."""
    told = tuple(SignedHead(head.shard, head.seq, head.hash.hex()) for head in heads)
    return signed(key, Statement(last.number + 1, now, "heads", digest(last), told))


def handed_on(key: Ed25519PrivateKey, last: Anchor, successor: Ed25519PublicKey, now: datetime) -> Anchor:
    """The old key's last word: which key comes after it."""
    return signed(key, Statement(last.number + 1, now, "key", digest(last), public_key=public_text(successor)))


def signer_after(last: Anchor) -> str:
    """By whose key the next one has to be: that of this one, unless it hands on to another."""
    successor = msgspec.json.decode(last.signed, type=Statement).public_key
    return key_id(successor) if successor else last.key_id


def digest(anchor: Anchor) -> str:
    """By what an anchor is named in the next one."""
    return sha256(anchor.signed + anchor.signature).hexdigest()


class Checked(Struct, frozen=True):
    """Anchors that hold: what each said, and the key that signs now."""

    statements: list[Statement]
    faults: list[Fault]
    public_key: str | None


def check(anchors: Sequence[Anchor], pinned: str | None = None) -> Checked:
    """Signatures, numbers, times, and each naming the one before; up to the first that does not hold.

    `pinned` is a public key that the checker was told. One of the anchors must be signed by it: that one vouches for
    all before it, and whose signature counts after it is its own to say.
    """
    trusted: str | None = None
    signers = set[str]()
    told: list[Statement] = []
    for place, anchor in enumerate(anchors):
        statement = _read(anchor)
        if statement is None:
            return Checked(told, [Fault("it is no statement", anchor=anchor.number)], trusted)
        trusted = trusted or statement.public_key
        reason = _wrong(anchor, statement, anchors[place - 1] if place else None, trusted)
        if reason:
            return Checked(told, [Fault(reason, anchor=anchor.number)], trusted)
        told.append(statement)
        signers.add(anchor.key_id)
        trusted = statement.public_key or trusted
    strange = pinned is not None and bool(anchors) and key_id(pinned) not in signers
    return Checked(told, [Fault("no anchor is signed by the key that was given")] if strange else [], trusted)


def _wrong(anchor: Anchor, statement: Statement, before: Anchor | None, trusted: str | None) -> str | None:
    if statement.number != (before.number + 1 if before else 1) or statement.number != anchor.number:
        return "the one before it is missing"
    if (statement.at, statement.kind) != (anchor.at, anchor.kind):
        return "its columns differ from what was signed"
    if before and statement.previous != digest(before):
        return "it was signed after another one than stands before it"
    if before and statement.at < before.at:
        return "it is older than the one before it"
    if trusted is None or anchor.key_id != key_id(trusted) or not _holds(trusted, anchor):
        return "its signature does not hold"
    return None


def _read(anchor: Anchor) -> Statement | None:
    try:
        return msgspec.json.decode(anchor.signed, type=Statement)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _holds(public: str, anchor: Anchor) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(anchor.signature, anchor.signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def compared(rows: Sequence[Anchor], kept: Sequence[Anchor]) -> list[Fault]:
    """Where the database and the file say different things; a file may lag behind by what was signed a moment ago."""
    for row, line in zip(rows, kept, strict=False):
        if row != line:
            return [Fault("database and anchor file differ", anchor=line.number)]
    if len(kept) > len(rows):
        reason = f"the anchor file goes to {kept[-1].number}, the database to {rows[-1].number if rows else 0}"
        return [Fault(f"{reason}: the database was set back", anchor=kept[-1].number)]
    return []


def marks(statements: Iterable[Statement]) -> dict[tuple[int, int], list[tuple[int, bytes]]]:
    """What the anchors say of places in the chains; where nothing was yet, nothing."""
    found: dict[tuple[int, int], list[tuple[int, bytes]]] = {}
    for one in statements:
        for head in one.heads:
            said = found.setdefault((head.shard, head.seq), [])
            if head.seq and (not said or said[-1][1].hex() != head.hash):
                said.append((one.number, bytes.fromhex(head.hash)))
    return {place: said for place, said in found.items() if said}


def since(statements: Iterable[Statement], moment: datetime) -> list[Head]:
    """The heads of the last anchor before a moment, from which a check can begin; none where there is none."""
    before = [one for one in statements if one.kind == "heads" and one.at <= moment]
    return [Head(head.shard, head.seq, bytes.fromhex(head.hash)) for head in before[-1].heads] if before else []


def read(path: Path) -> list[Anchor]:
    """All anchors of a file; a line that a crash cut short is not there."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return []
    return [_anchor(line) for line in text[: text.rfind(b"\n") + 1].splitlines()]


def _anchor(line: bytes) -> Anchor:
    """A line as an anchor; what cannot be read is one that holds in no way."""
    try:
        kept = msgspec.json.decode(line, type=Line)
        said = msgspec.json.decode(kept.signed, type=Statement)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Anchor(0, datetime.min, "heads", "", line, b"")  # noqa: DTZ901 - no moment at all
    return Anchor(said.number, said.at, said.kind, kept.key_id, kept.signed.encode(), kept.signature)


def last_of(path: Path) -> Anchor | None:
    """The newest whole anchor of a file."""
    try:
        with path.open("rb") as file:
            lines = _tail(file)[0].splitlines()
    except FileNotFoundError:
        return None
    return _anchor(lines[-1]) if lines else None


def append(path: Path, rows: Sequence[Anchor]) -> int:
    """Let the file have those of these anchors, in order, that it lacks; how many. Raises `OlderDatabase`.

    `rows` begin with the file's own last anchor. Several workers of a machine may do so at once, and a line that a
    crash cut short is written anew.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        whole, end = _tail(file)
        last = _anchor(whole.splitlines()[-1]) if whole else None
        if last is not None and last not in rows:
            raise OlderDatabase
        lacking = [row for row in rows if last is None or row.number > last.number]
        if lacking:
            file.truncate(end)
            file.writelines(msgspec.json.encode(_line(row)) + b"\n" for row in lacking)
            file.flush()
            os.fsync(file.fileno())
    return len(lacking)


def _line(row: Anchor) -> Line:
    return Line(row.key_id, row.signed.decode(), row.signature)


def _tail(file: BinaryIO) -> tuple[bytes, int]:
    """The last whole lines of a file, and where they end."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _TAIL))
    text = file.read()
    whole = text.rfind(b"\n") + 1
    return text[:whole], size - len(text) + whole
