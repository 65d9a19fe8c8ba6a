"""Secrets that people read out, print and type: digits, and letters that are not mistaken for each other.

They are made from a random seed that a row holds and a key that it does not, so that what opens a door is stored
nowhere, and comes out the same whenever it has to be said again.
"""

import hmac

# Crockford's base 32: no I, L, O or U.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MEANT = str.maketrans("OIL", "011", " -\u2010\u2011\u2012\u2013\u2014\u00a0\t")


def digits(key: bytes, purpose: str, seed: bytes, *, count: int) -> str:
    """So many decimal digits; a number of 256 bits leaves no digit more likely than another."""
    return f"{_number(key, purpose, seed) % 10**count:0{count}d}"


def letters(key: bytes, purpose: str, seed: bytes, *, count: int) -> str:
    """So many letters of five bits each."""
    number = _number(key, purpose, seed)
    return "".join(ALPHABET[number >> 5 * place & 31] for place in range(count))


def grouped(text: str, size: int) -> str:
    """In groups, as it is shown and read out."""
    return "-".join(text[place : place + size] for place in range(0, len(text), size))


def heard(text: str) -> str:
    """What somebody meant who typed it: without spaces and dashes, in capitals, O for 0 and I or L for 1."""
    return text.upper().translate(_MEANT)


def same(one: str, other: str) -> bool:
    """Whether they are the same, in a time that does not say how much of them is."""
    return hmac.compare_digest(one.encode(), other.encode())


def _number(key: bytes, purpose: str, seed: bytes) -> int:
    return int.from_bytes(hmac.digest(key, purpose.encode() + b"\0" + seed, "sha256"), "big")
