"""Look at everything that Cairn stands on, and say of each part how it is and what to do about it."""

from app.doctor.visit import run

__all__ = ["run"]
