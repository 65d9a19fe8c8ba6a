"""Text that is kept closed, for whoever keeps some: `seal` it, `unseal` it, find it by its `blind` index.

A slice that keeps free text or an address asks for nothing but these; the keys come with its connection. The column is
a `bytea`, named `…_sealed`, and stands in `app.sealing.columns`, so that rotation and conversion know of it.
"""

from db.envelope import Place, Tampered
from db.keys import KeyLost, KeysUnavailable, Shredded
from db.sealing import blind, seal, unseal, unseal_all, unseal_live

NOT_NOW = (KeysUnavailable, KeyLost)
"""What sealing raises where the keys cannot be asked, or are not where they were."""

__all__ = [
    "NOT_NOW",
    "KeyLost",
    "KeysUnavailable",
    "Place",
    "Shredded",
    "Tampered",
    "blind",
    "seal",
    "unseal",
    "unseal_all",
    "unseal_live",
]
