"""Time-based one-time passwords (RFC 6238) as every app makes them. The only file that knows pyotp and segno."""

from datetime import datetime

import pyotp
import segno
from pyotp.exceptions import OTPVerificationError

# Half minutes before and after ours in which a code is taken: a phone's clock, and a person's fingers.
AROUND = 1
# 160 bits, as RFC 4226 wants them.
LETTERS = 32


def new_secret() -> str:
    """A secret that nobody has, in base32."""
    return pyotp.random_base32(LETTERS)


def uri(secret: str, name: str) -> str:
    """What an app reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name="Cairn")


def picture(text: str) -> str:
    """A QR code as an image that a page shows without asking anybody for it."""
    return segno.make(text, error="m", micro=False).svg_data_uri(scale=4, border=4, dark="#000", light="#fff")


def step(secret: str, code: str, now: datetime) -> int | None:
    """The half minute whose code this is, around now; None where it is of none."""
    try:
        return pyotp.TOTP(secret).verify_and_get_timecode(code, for_time=now, valid_window=AROUND)
    except OTPVerificationError:
        return None
